import { createServer } from "node:http";
import { expect, test } from "vitest";
import { startStub } from "../../../test/support/stub-api-server.ts";
import { createKubeClient } from "../../kube/client.ts";
import type { LogQuestion } from "../../model/probe.ts";
import { createAsk } from "./ask.ts";
import { permissionsFor } from "./permissions.ts";

const signal = new AbortController().signal;

async function exporterSays(body: string, status = 200): Promise<unknown> {
  const server = createServer((_, response) => response.writeHead(status, { location: "/elsewhere" }).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  await using stub = await startStub((_, response) => response.end());
  using client = closing(createKubeClient(stub.connection(), { userAgent: "test", fieldManager: "test" }));
  try {
    const request = { kind: "exporter", id: "x", address: "127.0.0.1", port } as const;
    return await createAsk({ client: client.value, permissions: [], providers: [] })(request, signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function closing<T extends { close(): void }>(value: T): Disposable & { readonly value: T } {
  return { value, [Symbol.dispose]: () => value.close() };
}

test("an exporter with a gauge of Ceilometer passes", async () => {
  expect(await exporterSays('# HELP x\nceilometer_cpu{resource_id="a"} 1\n')).toMatchObject({ verdict: "pass" });
});

test("an exporter without one is inconclusive, whatever else it serves", async () => {
  expect(await exporterSays("process_cpu_seconds_total 1\n")).toMatchObject({ verdict: "inconclusive" });
  expect(await exporterSays("")).toMatchObject({ verdict: "inconclusive" });
  expect(await exporterSays("ceilometer_cpu 1", 500)).toMatchObject({ verdict: "inconclusive" });
});

test("an exporter is not followed to another address", async () => {
  await expect(exporterSays("", 302)).rejects.toThrow();
});

async function rightsOf(status: object): Promise<unknown> {
  await using stub = await startStub((_, response) => response.end(JSON.stringify({ status })));
  using client = closing(createKubeClient(stub.connection(), { userAgent: "test", fieldManager: "test" }));
  const ask = createAsk({ client: client.value, permissions: permissionsFor("namespaced"), providers: [] });
  return await ask({ kind: "rights", id: "x", namespace: "openstack" }, signal);
}

const everything = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };

test("all rights of the table pass", async () => {
  expect(await rightsOf({ resourceRules: [everything] })).toMatchObject({ verdict: "pass" });
});

test("missing rights are named: verbs, resource, namespace", async () => {
  const answer = await rightsOf({ resourceRules: [{ ...everything, verbs: ["get", "list", "watch"] }] });
  expect(answer).toMatchObject({ verdict: "fail" });
  expect(JSON.stringify(answer)).toContain("patch deployments.apps");
  expect(JSON.stringify(answer)).toContain("in namespace openstack");
});

test("a rule for one object by name is no right on the kind, and an incomplete list proves nothing", async () => {
  const narrowed = { ...everything, resourceNames: ["one"] };
  expect(await rightsOf({ resourceRules: [narrowed] })).toMatchObject({ verdict: "fail" });
  expect(await rightsOf({ resourceRules: [narrowed], incomplete: true })).toMatchObject({ verdict: "inconclusive" });
});

const LIMIT = 1024 * 1024;
const LONG = "x".repeat(600);
const lineOf = (words: string): string =>
  `2026-01-01 00:00:00.000 7 INFO ceilometer.polling.manager [-] ${words} ${LONG}`;
const poll = (words: string): string => lineOf(`${words} pollster cpu in the context of meter_source`);

/** A kubelet with a log of four thousand long lines: these, and among them nothing that says anything. */
async function saysOf(question: LogQuestion, at: Readonly<Record<number, string>>): Promise<unknown> {
  const lines = Array.from({ length: 4000 }, (_, index) => `${at[index] ?? lineOf("nothing")}\n`);
  await using stub = await startStub(({ query }, response) => {
    const text = Buffer.from(lines.slice(-Number(query["tailLines"])).join(""));
    response.end(text.subarray(0, Number(query["limitBytes"])));
  });
  using client = closing(createKubeClient(stub.connection(), { userAgent: "test", fieldManager: "test" }));
  const ask = createAsk({ client: client.value, permissions: [], providers: [] });
  const request = { kind: "podLog", id: "x", namespace: "openstack", pod: "central-0", container: "agent" } as const;
  const answer = await ask({ ...request, question }, signal);
  expect(stub.requests.every(({ query }) => query["limitBytes"] === String(LIMIT))).toBe(true);
  return answer;
}

test("of a log of long lines the newest are read as well, where the poll of this moment is told", async () => {
  const question = { about: "polling", finished: true } as const;
  expect(await saysOf(question, { 3990: poll("Finished polling") })).toMatchObject({ verdict: "pass" });
  expect(await saysOf(question, { 3: poll("Finished polling") })).toMatchObject({ verdict: "pass" });
  const failing = { 3990: poll("Polling"), 3995: lineOf("Continue after error from cpu: no") };
  expect(await saysOf(question, failing)).toMatchObject({ verdict: "fail" });
});

test("a poll that has begun before what is left out between them proves nothing", async () => {
  const question = { about: "polling", finished: false } as const;
  expect(await saysOf(question, { 3: poll("Polling") })).toMatchObject({ verdict: "inconclusive" });
  expect(await saysOf(question, { 3990: poll("Polling") })).toMatchObject({ verdict: "pass" });
});

test("what could not be loaded is found at the beginning and at the end, why a migration failed at its end", async () => {
  const loading = { about: "loading", agent: "notification", runningFor: 600_000 } as const;
  const fault = lineOf("Unable to load publisher gnocchi://:");
  expect(await saysOf(loading, { 3: fault })).toMatchObject({ verdict: "fail" });
  expect(await saysOf(loading, { 3990: fault })).toMatchObject({ verdict: "fail" });
  const died = { 3: lineOf("Connection refused"), 3999: lineOf("pymongo.errors") };
  expect(await saysOf({ about: "migration" }, died)).toMatchObject({ reason: "MongoDB does not answer" });
});
