import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anUpgrade } from "../../../test/support/builders.ts";
import { startStub } from "../../../test/support/stub-api-server.ts";
import { asApplied, take } from "./taken.ts";

const there = {
  kind: "CronJob",
  metadata: {
    name: "backup",
    uid: "u",
    resourceVersion: "7",
    generation: 3,
    creationTimestamp: "2026-01-01T00:00:00Z",
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "o" }],
    finalizers: ["a/b"],
    managedFields: [{}],
    labels: { app: "old", kept: "yes" },
    annotations: { "deployment.kubernetes.io/revision": "4" },
  },
  spec: { suspend: false },
};

test("what is applied over an object has its identity, and the labels and annotations of both", () => {
  const metadata = {
    name: "backup",
    uid: "CronJob/openstack/backup",
    resourceVersion: "1",
    generation: 1,
    labels: { app: "new" },
    annotations: { "ceilometer.openstack.org/template": "true" },
  };
  expect(asApplied([there], { kind: "CronJob", metadata, spec: { suspend: true } })).toEqual({
    kind: "CronJob",
    metadata: {
      ...there.metadata,
      labels: { app: "new", kept: "yes" },
      annotations: { "deployment.kubernetes.io/revision": "4", "ceilometer.openstack.org/template": "true" },
    },
    spec: { suspend: true },
  });
});

test("what is not there yet is as the file says", () => {
  const other = { kind: "Job", metadata: { name: "backup", uid: "v", resourceVersion: "1" } };
  expect(asApplied([there], other)).toBe(other);
});

test("what a file has for another namespace is not taken to run in this one", async () => {
  await using stub = await startStub((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ kind: "List", metadata: { resourceVersion: "1" }, items: [] }));
  });
  const folder = await mkdtemp(join(tmpdir(), "taken-"));
  const [kubeconfig, file] = [join(folder, "config"), join(folder, "upgrade.json")];
  const named = {
    name: "c",
    cluster: { server: stub.url.href },
    context: { cluster: "c", user: "c" },
    user: { token: "t" },
  };
  await writeFile(
    kubeconfig,
    JSON.stringify({ clusters: [named], contexts: [named], users: [named], "current-context": "c" }),
  );
  const { spec } = anUpgrade();
  const cronJob = (name: string, namespace?: string) => ({
    kind: "CronJob",
    metadata: { name, namespace },
    spec: { jobTemplate: { spec: {} } },
  });
  const items = [
    { kind: "CeilometerUpgrade", metadata: { name: "ceilometer", namespace: "here" }, spec },
    cronJob("one"),
    cronJob("two", "here"),
    cronJob("three", "there"),
  ];
  await writeFile(file, JSON.stringify({ kind: "List", items }));
  const settings = { secrets: [], imagesAllowed: [], providers: [], podLogs: false };
  const wish = { name: undefined, file, manifests: undefined, place: { kubeconfig }, settings };
  const { objects } = await take(wish, { env: {} }, 0);
  expect(objects.map(({ metadata: { name } }) => name)).toEqual(["ceilometer", "one", "two"]);
  await rm(folder, { recursive: true });
});
