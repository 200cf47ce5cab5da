import { expect, test } from "vitest";
import { startStub } from "../../test/support/stub-api-server.ts";
import { failureOf, type KubeFailure } from "./errors.ts";
import { createTransport } from "./transport.ts";

async function failureIn(call: Promise<unknown>): Promise<KubeFailure | undefined> {
  try {
    await call;
  } catch (error) {
    return failureOf(error);
  }
  return undefined;
}

test("no answer in time: lost, and the connection is given up", async () => {
  await using stub = await startStub(() => {});
  const transport = createTransport(stub.connection());
  const failure = await failureIn(transport.request({ method: "GET", path: "/x", timeoutMs: 200 }));
  expect(failure).toMatchObject({ kind: "lost", reason: "Timeout", message: "GET /x: no answer within 200 ms" });
  await expect.poll(() => stub.open).toBe(0);
  expect((await failureIn(transport.stream({ method: "GET", path: "/x", timeoutMs: 200 })))?.reason).toBe("Timeout");
  transport.close();
});

test("the time-out covers the whole body, but of a stream only the wait for its beginning", async () => {
  await using stub = await startStub((_, response) => void response.write("{"));
  const transport = createTransport(stub.connection());
  expect((await failureIn(transport.request({ method: "GET", path: "/x", timeoutMs: 20 })))?.reason).toBe("Timeout");
  const { body } = await transport.stream({ method: "GET", path: "/x", timeoutMs: 20 });
  let ended = false;
  body.on("close", () => {
    ended = true;
  });
  await failureIn(transport.request({ method: "GET", path: "/x", timeoutMs: 60 }));
  expect(ended).toBe(false);
  body.destroy();
  transport.close();
});

test("credentials that cannot be had are a failure, not a crash", async () => {
  const connection = {
    server: new URL("http://127.0.0.1:1"),
    namespace: "default",
    authenticate: () => Promise.reject(new Error("plugin not found")),
  };
  const transport = createTransport(connection);
  expect(await failureIn(transport.request({ method: "GET", path: "/x" }))).toMatchObject({
    kind: "unauthorized",
    reason: "Credentials",
    message: "no credentials: plugin not found",
  });
});

test("a path prefix of the server is kept, and what a query holds is escaped", async () => {
  await using stub = await startStub((_, response) => response.end());
  const transport = createTransport({ ...stub.connection(), server: new URL("/k8s/clusters/c1/", stub.url) });
  await transport.request({
    method: "GET",
    path: "/api",
    query: { labelSelector: "a=b,c!=d&e", limit: 5, continue: undefined },
  });
  expect(stub.requests[0]).toMatchObject({
    path: "/k8s/clusters/c1/api",
    query: { labelSelector: "a=b,c!=d&e", limit: "5" },
  });
  transport.close();
});

test("what nobody answers for the API server keeps nothing else waiting, and one that waits for a socket ends in its time", async () => {
  await using stub = await startStub((request, response) => {
    if (request.path === "/lease") response.end("{}");
  });
  const transport = createTransport(stub.connection());
  const life = new AbortController();
  const log = { method: "GET", path: "/log", isRelayed: true, signal: life.signal } as const;
  const waiting = Array.from({ length: 40 }, () => failureIn(transport.request(log)));
  await expect.poll(() => stub.open).toBe(8);
  expect((await transport.request({ method: "GET", path: "/lease" })).status).toBe(200);
  // It was never sent, so nothing can have become of it.
  const late = await failureIn(transport.request({ ...log, timeoutMs: 20 }));
  expect(late).toMatchObject({ kind: "unavailable", reason: "Timeout" });
  life.abort();
  expect(new Set((await Promise.all(waiting)).map((failure) => failure?.reason))).toEqual(new Set(["Aborted"]));
  transport.close();
});

test("closed in the middle, everything that is asked ends at once, and nothing is asked again", async () => {
  await using stub = await startStub((request, response) => {
    if (request.path === "/answered") response.end("{}");
  });
  const transport = createTransport(stub.connection());
  const hanging = { method: "GET", path: "/hanging" } as const;
  // On a kept-alive socket one that breaks is asked anew; of so many most wait for a socket.
  await transport.request({ method: "GET", path: "/answered" });
  const waiting = Array.from({ length: 40 }, () => failureIn(transport.request(hanging)));
  await expect.poll(() => stub.requests.length).toBe(17);
  transport.close();
  expect(new Set((await Promise.all(waiting)).map((failure) => failure?.reason))).toEqual(new Set(["Aborted"]));
  expect(await failureIn(transport.request({ method: "PATCH", path: "/answered" }))).toMatchObject({
    kind: "unavailable",
    reason: "Aborted",
  });
  expect(stub.requests).toHaveLength(17);
}, 5000);
