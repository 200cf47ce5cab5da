import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as plainRequest,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import { Agent, request as tlsRequest } from "node:https";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type WatchValve, watchValve } from "./watch-valve.ts";

export type Phase = "before" | "after-commit" | "after-response";

/** What a hook may do to a write. In phase `after-response` nothing is left to be changed but time. */
export type Fault =
  /** `before`: the server never hears of it. `after-commit`: it is done, but the client never learns. The connection breaks. */
  | { readonly kind: "drop" }
  /** The client is told this status, whatever happened. */
  | { readonly kind: "answer"; readonly status: number; readonly message?: string; readonly retryAfterSeconds?: number }
  | { readonly kind: "delay"; readonly milliseconds: number };

export interface WriteRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface RecordedWrite {
  /** Counts from 1, in the order of arrival. */
  readonly n: number;
  readonly method: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The number of the last event that the API server had told watches by then, whether it has come through or not. */
  readonly events: number;
  /** What the client was told; undefined if it was told nothing. */
  status: number | undefined;
  /** What the server said; undefined if it was never asked. */
  committed: number | undefined;
  /** The object with its new status, as the server answered it, where these are kept. */
  answered?: string;
}

export type WriteHook = (
  n: number,
  phase: Phase,
  request: WriteRequest,
) => Fault | undefined | Promise<Fault | undefined>;

export interface ReadRequest {
  readonly path: string;
  readonly isWatch: boolean;
}

/** Asked before the server is. */
export type ReadHook = (request: ReadRequest) => Fault | undefined;

export interface FaultProxyOptions {
  /** Address of the API server, `https://…` (or `http://…` for a stub). */
  readonly server: string;
  /** The authority that signed its certificate, in PEM. */
  readonly ca?: string;
  /** A client certificate to speak with, on behalf of requests that carry no authorization of their own. */
  readonly identity?: { readonly cert: string; readonly key: string };
  /** Leases and events are written all the time and mean nothing to a sequence. Default true: they are passed on uncounted. */
  readonly ignoreLeasesAndEvents?: boolean;
  readonly onWrite?: WriteHook;
  /** What the server answers to each status that is written is kept. Default false: for hours it would be too much. */
  readonly keepsStatus?: boolean;
}

export interface Diversion {
  readonly server: string;
  readonly what: "reads" | "all";
}

export interface FaultProxy extends AsyncDisposable {
  /** Address for the client: plain HTTP on the loopback interface. */
  readonly url: string;
  readonly writes: readonly RecordedWrite[];
  /** Replaces the hook; undefined lets everything pass. */
  setHook(hook: WriteHook | undefined): void;
  /** Likewise for whatever is only read. */
  setReadHook(hook: ReadHook | undefined): void;
  /** Likewise for every request about leases, which are no writes here. */
  setLeaseHook(hook: ReadHook | undefined): void;
  /** Of all watches, those that are open and those to come. */
  readonly valve: WatchValve;
  /** How many watches are open. */
  openWatches(): number;
  /** Breaks every open connection, watches too. */
  breakConnections(): void;
  /** Breaks the open watches, in the middle of what they say. */
  breakWatches(): void;
  /** While true, every new request is refused by a broken connection. */
  setOutage(on: boolean): void;
  /** What comes from now on is sent to another server of the same authority: what is only read (leases are not), or all. */
  divert(to: Diversion | undefined): void;
}

const mutating = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const noise = /\/(?:leases|events)(?:\/|\?|$)/;
/** Reviews are questions in the form of a POST. */
const question = /\/(?:selfsubject|subject|token|localsubject)[a-z]*reviews(?:\?|$)/;
const watching = /[?&]watch=(?:true|1)(?:&|$)/;
const ofStatus = /\/status(?:\?|$)/;
const aboutLeases = /\/leases(?:\/|\?|$)/;
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "host"]);

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const upstream = upstreamOf(options);
  let diverted: { readonly upstream: Upstream; readonly what: Diversion["what"] } | undefined;
  const upstreams = new Set([upstream]);
  const upstreamFor = (method: string, path: string): Upstream => {
    if (diverted === undefined) return upstream;
    const isMoved = diverted.what === "all" || (method === "GET" && !aboutLeases.test(path));
    return isMoved ? diverted.upstream : upstream;
  };
  const writes: RecordedWrite[] = [];
  const sockets = new Set<Socket>();
  let hook = options.onWrite;
  let readHook: ReadHook | undefined;
  let leaseHook: ReadHook | undefined;
  const valve = watchValve();
  const watches = new Set<ServerResponse>();
  let outage = false;

  const isCounted = (method: string, path: string): boolean =>
    mutating.has(method) && !question.test(path) && !((options.ignoreLeasesAndEvents ?? true) && noise.test(path));

  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url: path = "/" } = incoming;
    const work = outage || !isCounted(method, path) ? read(incoming, outgoing) : write(incoming, outgoing);
    work.catch(() => outgoing.destroy());
  });

  async function read(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = incoming;
    if (outage) throw new Error("outage");
    const isWatch = watching.test(path);
    const asked = aboutLeases.test(path) ? leaseHook : undefined;
    const fault = asked?.({ path, isWatch }) ?? (method === "GET" ? readHook?.({ path, isWatch }) : undefined);
    if (fault?.kind === "drop") throw new Error("dropped");
    if (fault?.kind === "answer") {
      const { status, headers, body } = refusal(fault);
      outgoing.writeHead(status, headers).end(body);
      return;
    }
    if (fault?.kind === "delay") await pause(fault.milliseconds);
    if (isWatch) {
      watches.add(outgoing);
      outgoing.on("close", () => watches.delete(outgoing));
    }
    await pass(incoming, outgoing, upstreamFor(method, path), isWatch ? valve : undefined);
  }

  async function write(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = incoming;
    const record: RecordedWrite = {
      n: writes.length + 1,
      method,
      path,
      at: Date.now(),
      events: valve.events(),
      status: undefined,
      committed: undefined,
    };
    writes.push(record);
    const content = await bodyOf(incoming);
    const body = content.toString();
    const ask = async (phase: Phase): Promise<Fault | undefined> => {
      const fault = await hook?.(record.n, phase, { method, path, body });
      if (fault?.kind !== "delay") return fault;
      await pause(fault.milliseconds);
      return undefined;
    };
    let fault = await ask("before");
    let answer: Answered | undefined;
    if (fault === undefined) {
      answer = await exchange(upstreamFor(method, path), incoming, content);
      record.committed = answer.status;
      if (options.keepsStatus === true && ofStatus.test(path)) record.answered = String(answer.body);
      fault = await ask("after-commit");
    }
    if (fault?.kind === "drop") {
      outgoing.destroy();
      return;
    }
    if (fault?.kind === "answer") answer = refusal(fault);
    if (answer === undefined) throw new Error("a request without an answer");
    record.status = answer.status;
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    await once(outgoing, "close");
    await ask("after-response");
  }

  server.keepAliveTimeout = IDLE_MS;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    writes,
    setHook(next) {
      hook = next;
    },
    setReadHook(next) {
      readHook = next;
    },
    setLeaseHook(next) {
      leaseHook = next;
    },
    valve,
    openWatches: () => watches.size,
    breakConnections,
    breakWatches() {
      for (const outgoing of watches) outgoing.destroy();
    },
    setOutage(on) {
      outage = on;
      if (on) breakConnections();
    },
    divert(to) {
      diverted = to && { upstream: upstreamOf({ ...options, server: to.server }), what: to.what };
      if (diverted !== undefined) upstreams.add(diverted.upstream);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      breakConnections();
      await closed;
      for (const each of upstreams) each.close();
    },
  };
}

interface Upstream {
  request(incoming: IncomingMessage, onResponse: (response: IncomingMessage) => void): ReturnType<typeof plainRequest>;
  close(): void;
}

function upstreamOf({ server, ca, identity }: FaultProxyOptions): Upstream {
  const isTls = server.startsWith("https:");
  const anonymous = new Agent({ keepAlive: true, ca });
  // A certificate outweighs a token, so a caller with a token must come without one.
  const identified = new Agent({ keepAlive: true, ca, cert: identity?.cert, key: identity?.key });
  return {
    request(incoming, onResponse) {
      const url = new URL(incoming.url ?? "/", server);
      const target: RequestOptions = { method: incoming.method, headers: forwarded(incoming) };
      const agent = incoming.headers.authorization === undefined ? identified : anonymous;
      return isTls ? tlsRequest(url, { ...target, agent }, onResponse) : plainRequest(url, target, onResponse);
    },
    close() {
      anonymous.destroy();
      identified.destroy();
    },
  };
}

function forwarded({ headers }: IncomingMessage): NodeJS.Dict<string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

/** Streams both ways, so that a watch delivers each event as it comes and ends when its client goes. */
function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: Upstream,
  valve: WatchValve | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = upstream.request(incoming, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, forwarded(response));
      outgoing.flushHeaders();
      response.on("error", () => outgoing.destroy());
      response.on("aborted", () => outgoing.destroy());
      (valve === undefined ? response : response.pipe(valve.tap(incoming.url))).pipe(outgoing);
    });
    asked.on("error", reject);
    outgoing.on("close", () => {
      asked.destroy();
      resolve();
    });
    incoming.pipe(asked);
  });
}

interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer | string;
}

function exchange(upstream: Upstream, incoming: IncomingMessage, body: Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = upstream.request(incoming, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 502, headers: forwarded(response), body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Of the API server: until then a client may take an idle connection for open. */
const IDLE_MS = 90_000;

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** A refusal in the API server's own form, so that clients classify it as they would a real one. */
function refusal(fault: Extract<Fault, { kind: "answer" }>): Answered {
  const { status, message = "injected by the fault proxy", retryAfterSeconds } = fault;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: reasons[status] ?? "",
    code: status,
    ...details,
  };
  return {
    status,
    headers: {
      "content-type": "application/json",
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    },
    body: JSON.stringify(body),
  };
}
