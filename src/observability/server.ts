/** Small HTTP servers for probes and metrics: exact paths, GET only, nothing else. */
import http from "node:http";

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

const plain = (status: number, body: string): Page => ({
  status,
  type: "text/plain; charset=utf-8",
  body: `${body}\n`,
});
export const ok = (body = "ok"): Page => plain(200, body);
export const unavailable = (why: string): Page => plain(503, why);

export interface Server extends AsyncDisposable {
  readonly port: number;
}

/** A connection on which nothing moves, as of somebody who does not read what is answered, is closed. Milliseconds. */
const IDLE_MS = 30_000;

/** Rejects where the address cannot be listened on. */
export async function serve(
  address: { readonly host: string; readonly port: number },
  pages: Pages,
  { idleMs = IDLE_MS }: { readonly idleMs?: number } = {},
): Promise<Server> {
  const known = new Map(Object.entries(pages).map(([path, page]) => [path, oncePerTurn(page)]));
  const server = http.createServer((request, response) => {
    const page = known.get((request.url ?? "").split("?")[0] ?? "");
    const answer =
      request.method !== "GET" ? plain(405, "GET only") : page === undefined ? plain(404, "not found") : page();
    Promise.resolve(answer)
      .catch((error: unknown) => plain(500, error instanceof Error ? error.message : "failed"))
      .then(({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body))
      .catch(() => response.destroy());
  });
  server.requestTimeout = 5_000;
  server.timeout = idleMs;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * One answer for all who ask in one turn of the event loop: a single packet holds two thousand requests, and a page of metrics takes a
 * while to make, in which no lease is renewed.
 */
function oncePerTurn(page: Pages[string]): () => Promise<Page> {
  let made: Promise<Page> | undefined;
  return () => {
    if (made !== undefined) return made;
    made = (async () => page())();
    const forget = (): void => {
      made = undefined;
    };
    const inNextTurn = (): void => void setImmediate(forget);
    made.then(inNextTurn, inNextTurn);
    return made;
  };
}
