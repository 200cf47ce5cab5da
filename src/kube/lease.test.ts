import { expect, test } from "vitest";
import { sendJson, startStub, statusBody } from "../../test/support/stub-api-server.ts";
import { claim, microTime } from "../runtime/lease.ts";
import { createKubeClient } from "./client.ts";
import { LEASE, leasePort } from "./lease.ts";

const signal = new AbortController().signal;
const at = { namespace: "ns", name: "leader" };

test("reads and writes the Lease object; being too late is an answer, not an error", async () => {
  const answers: [number, object][] = [];
  await using stub = await startStub((_, response) => sendJson(response, ...(answers.shift() ?? [500, {}])));
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const port = leasePort(client, at);
  const record = claim(undefined, "me", 15_000, 0);
  const spec = {
    holderIdentity: "me",
    leaseDurationSeconds: 15,
    acquireTime: microTime(0),
    renewTime: microTime(0),
    leaseTransitions: 0,
  };
  const stored = { metadata: { ...at, resourceVersion: "7" }, spec };
  answers.push([404, statusBody(404, "NotFound")], [201, stored], [409, statusBody(409, "AlreadyExists")]);
  expect(await port.get(signal)).toBeUndefined();
  expect(await port.create(record, signal)).toEqual({ ...record, resourceVersion: "7" });
  expect(await port.create(record, signal)).toBeUndefined();
  answers.push([200, stored], [409, statusBody(409, "Conflict")], [404, statusBody(404, "NotFound")], [503, {}]);
  const update = { ...record, resourceVersion: "6" };
  expect(await port.update(update, signal)).toMatchObject({ resourceVersion: "7" });
  expect(await port.update(update, signal)).toBeUndefined();
  expect(await port.update(update, signal)).toBeUndefined();
  await expect(port.update(update, signal)).rejects.toThrow("503");
  const sent = stub.requests.at(-1);
  expect(sent).toMatchObject({ method: "PUT", path: "/apis/coordination.k8s.io/v1/namespaces/ns/leases/leader" });
  expect(JSON.parse(sent?.body ?? "")).toMatchObject({ metadata: { ...at, resourceVersion: "6" }, spec });
  client.close();
});

test("lists that take their time keep no socket from a lease", async () => {
  await using stub = await startStub((request, response) => {
    if (request.path.includes("leases")) sendJson(response, 200, { metadata: { ...at, resourceVersion: "7" } });
  });
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  const life = new AbortController();
  const slow = { ...LEASE, group: "apps", plural: "deployments" };
  const lists = Array.from({ length: 40 }, () => client.listPage(slow, { signal: life.signal }).catch(() => undefined));
  await expect.poll(() => stub.open).toBe(16);
  const port = leasePort(client, at);
  const held = await port.get(AbortSignal.timeout(2000));
  expect(held).toMatchObject({ resourceVersion: "7" });
  const record = { ...claim(undefined, "me", 15_000, 0), resourceVersion: "7" };
  expect(await port.update(record, AbortSignal.timeout(2000))).toMatchObject({ resourceVersion: "7" });
  life.abort();
  await Promise.all(lists);
  client.close();
});

test("a lease without a spec is nobody's", async () => {
  await using stub = await startStub((_, response) =>
    sendJson(response, 200, { metadata: { ...at, resourceVersion: "7" } }),
  );
  const client = createKubeClient(stub.connection(), { userAgent: "a", fieldManager: "m" });
  expect(await leasePort(client, at).get(signal)).toMatchObject({
    holder: "",
    durationSeconds: 0,
    resourceVersion: "7",
  });
  client.close();
});
