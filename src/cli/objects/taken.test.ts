import { expect, test } from "vitest";
import { asApplied } from "./taken.ts";

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
