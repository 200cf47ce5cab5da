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

/** Rejects where the address cannot be listened on. */
export async function serve(address: { readonly host: string; readonly port: number }, pages: Pages): Promise<Server> {
  const known = new Map(Object.entries(pages));
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
