import { expect, test } from "vitest";
import { ok, serve, unavailable } from "./server.ts";

const at = { host: "127.0.0.1", port: 0 };

test("serves exactly its pages, to GET only", async () => {
  await using server = await serve(at, { "/readyz": () => unavailable("not yet"), "/healthz": () => ok() });
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return [response.status, (await response.text()).trim()];
  };
  expect(await ask("/healthz")).toEqual([200, "ok"]);
  expect(await ask("/healthz?verbose")).toEqual([200, "ok"]);
  expect(await ask("/readyz")).toEqual([503, "not yet"]);
  expect(await ask("/debug/pprof")).toEqual([404, "not found"]);
  expect(await ask("/healthz", "POST")).toEqual([405, "GET only"]);
});

test("a page that fails answers 500 and the server lives on", async () => {
  await using server = await serve(at, {
    "/metrics": () => Promise.reject(new Error("broken")),
    "/healthz": () => ok(),
  });
  const broken = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(broken.status).toBe(500);
  await broken.text();
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});

test("an address that is taken is an error at once", async () => {
  await using server = await serve(at, {});
  await expect(serve({ host: "127.0.0.1", port: server.port }, {})).rejects.toThrow("EADDRINUSE");
});
