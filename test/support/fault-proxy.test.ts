import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type FaultProxy, type Phase, startFaultProxy, type WriteHook } from "./fault-proxy.ts";

const received: {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
  body: string;
}[] = [];
const watchers: ServerResponse[] = [];
const stub = createServer((incoming, outgoing) => {
  void (async () => {
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    received.push({ method: incoming.method, url: incoming.url, authorization: incoming.headers.authorization, body });
    if (incoming.url?.includes("watch=1") === true) {
      watchers.push(outgoing);
      outgoing.writeHead(200).write("first\n");
      return;
    }
    outgoing.writeHead(incoming.method === "POST" ? 201 : 200, { "content-type": "application/json" }).end("{}");
  })();
});

let proxy: FaultProxy;

beforeEach(async () => {
  received.length = 0;
  watchers.length = 0;
  stub.listen(0, "127.0.0.1");
  await once(stub, "listening");
  const address = stub.address();
  if (address === null || typeof address === "string") throw new Error("a stub without a port");
  proxy = await startFaultProxy({ server: `http://127.0.0.1:${address.port}` });
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  stub.closeAllConnections();
  stub.close();
  await once(stub, "close");
});

const send = (method: string, path: string, body?: string): Promise<Response> =>
  fetch(`${proxy.url}${path}`, {
    method,
    headers: { authorization: "Bearer t" },
    ...(body === undefined ? {} : { body }),
  });

/** A hook that acts on one write in one phase, and notes every call. */
function at(n: number, phase: Phase, fault: Awaited<ReturnType<WriteHook>>): { calls: string[] } {
  const calls: string[] = [];
  proxy.setHook((seenN, seenPhase) => {
    calls.push(`${seenN} ${seenPhase}`);
    return seenN === n && seenPhase === phase ? fault : undefined;
  });
  return { calls };
}

it("passes requests on with their body and authorization, and numbers the writes", async () => {
  await send("GET", "/api/v1/pods");
  await send("POST", "/api/v1/namespaces/a/configmaps", '{"a":1}');
  await send("PATCH", "/apis/apps/v1/namespaces/a/deployments/d", "[]");
  expect(received.map(({ method }) => method)).toEqual(["GET", "POST", "PATCH"]);
  expect(received[1]).toMatchObject({ authorization: "Bearer t", body: '{"a":1}' });
  expect(proxy.writes).toMatchObject([
    { n: 1, method: "POST", path: "/api/v1/namespaces/a/configmaps", status: 201, committed: 201 },
    { n: 2, method: "PATCH", status: 200, committed: 200 },
  ]);
});

it("answers what is about leases as it is told, and nothing else", async () => {
  proxy.setLeaseHook(() => ({ kind: "answer", status: 503 }));
  const path = "/apis/coordination.k8s.io/v1/namespaces/a/leases/l";
  const answers = [await send("PUT", path, "{}"), await send("GET", path), await send("GET", "/api/v1/pods")];
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
  proxy.setLeaseHook(undefined);
  expect((await send("PUT", path, "{}")).status).toBe(200);
});

it("does not count leases, events and access reviews", async () => {
  await send("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l", "{}");
  await send("POST", "/apis/events.k8s.io/v1/namespaces/a/events", "{}");
  await send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "{}");
  expect(received).toHaveLength(3);
  expect(proxy.writes).toEqual([]);
});

it("calls the hook in every phase of a write", async () => {
  const { calls } = at(0, "before", undefined);
  await send("DELETE", "/api/v1/namespaces/a/pods/p");
  await expect.poll(() => calls).toEqual(["1 before", "1 after-commit", "1 after-response"]);
});

it("drops a request that the server then never sees", async () => {
  at(1, "before", { kind: "drop" });
  await expect(send("POST", "/x", "{}")).rejects.toThrow();
  expect(received).toEqual([]);
  expect(proxy.writes).toMatchObject([{ n: 1, status: undefined, committed: undefined }]);
});

it("drops the answer to a request that the server has carried out", async () => {
  at(1, "after-commit", { kind: "drop" });
  await expect(send("POST", "/x", "{}")).rejects.toThrow();
  expect(received).toHaveLength(1);
  expect(proxy.writes).toMatchObject([{ n: 1, status: undefined, committed: 201 }]);
});

it("answers in place of the server, in the server's form", async () => {
  at(1, "before", { kind: "answer", status: 429, retryAfterSeconds: 1 });
  const response = await send("POST", "/x", "{}");
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await response.json()).toMatchObject({ kind: "Status", reason: "TooManyRequests", code: 429 });
  expect(received).toEqual([]);
});

it("delays a write and then lets it pass", async () => {
  at(1, "before", { kind: "delay", milliseconds: 1 });
  expect((await send("POST", "/x", "{}")).status).toBe(201);
});

it("streams a watch event by event, and ends it when told", async () => {
  const response = await send("GET", "/api/v1/pods?watch=1");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const text = async (): Promise<unknown> => (await reader?.read())?.value;
  expect(await text()).toBe("first\n");
  watchers[0]?.write("second\n");
  expect(await text()).toBe("second\n");
  proxy.breakConnections();
  await expect(text()).rejects.toThrow();
});

it("refuses everything during an outage", async () => {
  proxy.setOutage(true);
  await expect(send("GET", "/api/v1/pods")).rejects.toThrow();
  proxy.setOutage(false);
  expect((await send("GET", "/api/v1/pods")).status).toBe(200);
});

it("sends what is read, or all, to another server, and back", async () => {
  const moved: string[] = [];
  const other = createServer((incoming, outgoing) => {
    moved.push(`${incoming.method} ${incoming.url}`);
    outgoing.end("{}");
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("a stub without a port");
  const server = `http://127.0.0.1:${address.port}`;
  const asked = async (): Promise<readonly string[]> => {
    await send("GET", "/api/v1/pods");
    await send("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l");
    await send("POST", "/api/v1/namespaces/a/configmaps", "{}");
    return moved.splice(0);
  };
  proxy.divert({ server, what: "reads" });
  expect(await asked()).toEqual(["GET /api/v1/pods"]);
  proxy.divert({ server, what: "all" });
  expect(await asked()).toHaveLength(3);
  proxy.divert(undefined);
  expect(await asked()).toEqual([]);
  other.closeAllConnections();
  other.close();
});
