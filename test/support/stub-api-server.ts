import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { KubeConnection } from "../../src/kube/transport.ts";

export interface StubRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface StubApiServer extends AsyncDisposable {
  readonly url: URL;
  /** Everything that was asked, in order. */
  readonly requests: StubRequest[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** Sockets now open. */
  readonly open: number;
  /** Cuts every connection, as a killed server does. */
  cut(): void;
  connection(tokens?: readonly string[]): KubeConnection;
}

/** Answers over plain HTTP what `answer` writes. */
export async function startStub(
  answer: (request: StubRequest, response: ServerResponse) => void,
): Promise<StubApiServer> {
  const requests: StubRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const url = new URL(incoming.url ?? "/", "http://stub");
      const request = {
        method: incoming.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      requests.push(request);
      answer(request, response);
    });
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = new URL(`http://127.0.0.1:${portOf(server.address())}`);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    cut,
    connection: (tokens = ["token"]) => connectionTo(url, tokens),
    [Symbol.asyncDispose]() {
      cut();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** Each refresh moves on to the next token; the last one stays. */
export function connectionTo(server: URL, tokens: readonly string[]): KubeConnection {
  const tls = {};
  let current = 0;
  return {
    server,
    namespace: "default",
    async authenticate(refresh) {
      if (refresh) current = Math.min(current + 1, tokens.length - 1);
      return { headers: { authorization: `Bearer ${tokens[current]}` }, tls };
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the stub has no port");
  return address.port;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** An error body as the API server writes it. */
export const statusBody = (code: number, reason: string, extra: object = {}): object => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  reason,
  message: `${reason} it is`,
  ...extra,
});
