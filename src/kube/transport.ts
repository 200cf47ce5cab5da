import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import https from "node:https";
import type { ConnectionOptions } from "node:tls";
import { KubeApiError } from "./errors.ts";

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** ca, cert, key and the like; the same object as long as they have not changed, as a new one means new connections. */
  readonly tls: ConnectionOptions;
}

/** How to reach one API server as one user. */
export interface KubeConnection {
  /** http: is accepted for a proxy in tests; credentials then go in the clear. */
  readonly server: URL;
  /** Namespace of the service account or the context. */
  readonly namespace: string;
  /** `refresh` = the last ones were refused: read them anew. */
  authenticate(refresh: boolean): Promise<Credentials>;
}

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the whole answer is there, or for a stream until its headers are. */
  readonly timeoutMs?: number;
  /** The API server has to ask somebody else, a kubelet for one, who may not answer: it takes no socket from what is answered at once. */
  readonly isRelayed?: boolean;
  /** It has to be answered in time, whatever else is asked meanwhile: lists that take their time keep no socket from it. */
  readonly isUrgent?: boolean | undefined;
  /** An answer that is longer is not read to its end. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface KubeResponse<B = Buffer> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: B;
}

export interface Transport {
  request(request: KubeRequest): Promise<KubeResponse>;
  /** On a socket of its own, so that a watch that lasts for minutes takes none from the pool. The caller destroys the body. */
  stream(request: KubeRequest): Promise<KubeResponse<IncomingMessage>>;
  /** Whatever is asked ends, also what waits for a socket, and nothing can be asked any more. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const POOL_SOCKETS = 16;
const RELAYED_SOCKETS = 8;
/** A lease is renewed by one request at a time; another one while the first is not given up yet. */
const URGENT_SOCKETS = 2;
const TCP_KEEP_ALIVE_MS = 30_000;
/** The API server closes idle connections after 90 s; leaving first avoids writing into one that is just being closed. */
const IDLE_SOCKET_MS = 60_000;

interface Agents {
  readonly tls: ConnectionOptions;
  readonly pool: http.Agent;
  readonly relayed: http.Agent;
  readonly urgent: http.Agent;
  readonly streams: http.Agent;
}

export function createTransport(connection: KubeConnection): Transport {
  const secure = connection.server.protocol === "https:";
  let agents: Agents | undefined;
  let isClosed = false;
  /** Ends each request that has no answer yet. */
  const asked = new Set<() => void>();

  const agentsFor = (tls: ConnectionOptions): Agents => {
    if (agents?.tls === tls) return agents;
    const Agent = secure ? https.Agent : http.Agent;
    const alive = { keepAlive: true, keepAliveMsecs: TCP_KEEP_ALIVE_MS };
    const pooled = (maxSockets: number): http.Agent =>
      new Agent({ ...tls, ...alive, maxSockets, timeout: IDLE_SOCKET_MS, scheduling: "lifo" });
    // Agents that are replaced are not destroyed: their requests may go on, and idle sockets leave by themselves.
    agents = {
      tls,
      pool: pooled(POOL_SOCKETS),
      relayed: pooled(RELAYED_SOCKETS),
      urgent: pooled(URGENT_SOCKETS),
      streams: new Agent({ ...tls, keepAlive: false }),
    };
    return agents;
  };

  const open = async (request: KubeRequest, streaming: boolean, refresh: boolean): Promise<Opened> => {
    const { headers, tls } = await authenticate(connection, refresh);
    if (isClosed) throw new KubeApiError({ kind: "unavailable", code: 0, reason: "Aborted", message: "closed" });
    const agent = agentFor(agentsFor(tls), request, streaming);
    const send = secure ? https.request : http.request;
    const url = urlOf(connection.server, request);
    const sent = send(url, {
      method: request.method,
      agent,
      headers: { accept: "application/json", ...headers, ...request.headers, ...lengthOf(request.body) },
    });
    sent.setSocketKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return exchange(sent, request, asked);
  };

  /** A refused token may just have been rotated; nothing was done with the request, so it can be sent again. */
  const openAuthorised = async (request: KubeRequest, streaming: boolean): Promise<Opened> => {
    const first = await openFresh(request, streaming, false);
    if (first.response.statusCode !== 401) return first;
    first.finish();
    first.response.destroy();
    return openFresh(request, streaming, true);
  };

  /** A kept-alive connection may be closed under our hands; what only reads may simply be asked again. */
  const openFresh = async (request: KubeRequest, streaming: boolean, refresh: boolean): Promise<Opened> => {
    try {
      return await open(request, streaming, refresh);
    } catch (error) {
      if (request.method !== "GET" || !(error instanceof StaleSocketError)) throw error;
      return open(request, streaming, refresh);
    }
  };

  return {
    async request(request) {
      const { response, finish, failure } = await openAuthorised(request, false);
      try {
        const body = await readAll(response, request.maxBytes);
        return { status: response.statusCode ?? 0, headers: response.headers, body };
      } catch (error) {
        throw error instanceof KubeApiError ? error : failure(error);
      } finally {
        finish();
      }
    },
    async stream(request) {
      const { response, finish } = await openAuthorised(request, true);
      // From here on the caller's signal is the only limit: it has to end the body as well.
      finish();
      endWith(response, request.signal);
      return { status: response.statusCode ?? 0, headers: response.headers, body: response };
    },
    close() {
      isClosed = true;
      // An agent that is destroyed opens another socket for what waits for one, and a broken one may be asked anew.
      for (const end of asked) end();
      agents?.pool.destroy();
      agents?.relayed.destroy();
      agents?.urgent.destroy();
      agents?.streams.destroy();
    },
  };
}

function agentFor(agents: Agents, { isRelayed, isUrgent }: KubeRequest, streaming: boolean): http.Agent {
  if (streaming) return agents.streams;
  if (isUrgent === true) return agents.urgent;
  return isRelayed === true ? agents.relayed : agents.pool;
}

async function authenticate(connection: KubeConnection, refresh: boolean): Promise<Credentials> {
  try {
    return await connection.authenticate(refresh);
  } catch (error) {
    const message = `no credentials: ${error instanceof Error ? error.message : String(error)}`;
    throw new KubeApiError({ kind: "unauthorized", code: 0, reason: "Credentials", message }, { cause: error });
  }
}

interface Opened {
  readonly response: IncomingMessage;
  /** Ends the time-out and the listening to the signal. */
  finish(): void;
  failure(error: unknown): KubeApiError;
}

class StaleSocketError extends KubeApiError {}

/** Sends a request and waits for the headers of its answer. */
function exchange(
  sent: http.ClientRequest,
  { body, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: KubeRequest,
  asked: Set<() => void>,
): Promise<Opened> {
  let connected = false;
  let ended: "Timeout" | "Aborted" | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  const stop = (why: "Timeout" | "Aborted"): void => {
    ended = why;
    const error = new Error(why === "Timeout" ? `no answer within ${timeoutMs} ms` : "aborted");
    sent.destroy(error);
    // One that waits for a socket would tell its end only when it gets one.
    fail(error);
  };
  const onAbort = (): void => stop("Aborted");
  asked.add(onAbort);
  const timer = setTimeout(() => stop("Timeout"), timeoutMs);
  const finish = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    asked.delete(onAbort);
  };
  const failure = (error: unknown): KubeApiError => {
    const message = `${sent.method} ${sent.path.split("?")[0]}: ${error instanceof Error ? error.message : String(error)}`;
    const reason = ended ?? "ConnectionFailed";
    const stale = sent.reusedSocket && ended === undefined;
    return new (stale ? StaleSocketError : KubeApiError)(
      { kind: connected ? "lost" : "unavailable", code: 0, reason, message },
      { cause: ended === "Aborted" ? signal?.reason : error },
    );
  };
  const fail = (error: unknown): void => {
    finish();
    reject(failure(error));
  };
  sent.once("socket", (socket) => {
    connected = !socket.connecting;
    // Not on a kept-alive socket: it would gather a listener with every request.
    if (connected) return;
    socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
      connected = true;
    });
  });
  sent.once("response", (response) => resolve({ response, finish, failure }));
  // Stays for good: an error after the response would otherwise be an uncaught one.
  sent.on("error", fail);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  sent.end(body);
  return promise;
}

export async function readAll(body: AsyncIterable<Buffer>, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw KubeApiError.tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function endWith(response: IncomingMessage, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const onAbort = (): void => void response.destroy(new Error("aborted"));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  response.once("close", () => signal.removeEventListener("abort", onAbort));
}

function urlOf(server: URL, { path, query = {} }: KubeRequest): URL {
  const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}

/** Without a length Node sends chunks, which some proxies in front of an API server refuse. */
function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}
