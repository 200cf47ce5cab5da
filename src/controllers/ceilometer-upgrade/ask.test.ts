import { createServer } from "node:http";
import { expect, test } from "vitest";
import { startStub } from "../../../test/support/stub-api-server.ts";
import { createKubeClient } from "../../kube/client.ts";
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
