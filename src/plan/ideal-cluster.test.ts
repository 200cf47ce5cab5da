import { expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anObservation,
  anUpgrade,
  aRecord,
  NAMESPACE,
  NEW_IMAGE,
  podsOf,
} from "../../test/support/builders.ts";
import { ANNOTATION, FINALIZER, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { Observation } from "../model/observation.ts";
import type { Effect, ObjectBody } from "../model/outcome.ts";
import { carriedOut } from "./carried-out.ts";
import { answered, atTime, findWorkload, type IdealCluster, idealCluster, podsOfWorkload } from "./ideal-cluster.ts";

const why = { reason: "Starting", message: "because" };
const ref = (kind: string, name: string) => ({ kind, namespace: NAMESPACE, name });
const body = (kind: string, name: string, more: Readonly<Record<string, unknown>>, labels = {}): ObjectBody => ({
  apiVersion: "v1",
  kind,
  metadata: {
    namespace: NAMESPACE,
    name,
    labels,
    ownerReferences: [{ kind: "CeilometerUpgrade", name: "ceilometer", uid: "u", controller: true }],
  },
  ...more,
});

function ideal(seen: Observation): IdealCluster {
  const cluster = idealCluster(seen);
  if (cluster === undefined) throw new Error("something is unreadable");
  return cluster;
}
const notification = aDeployment({ name: "notification", replicas: 2 });
const running = ideal(anObservation({ workloads: [notification], pods: podsOf(notification) }));
const list = <T>(part: { readonly seen: string; readonly value?: readonly T[] }): readonly T[] => part.value ?? [];

test("nothing is foreseen from what could not be read", () => {
  expect(idealCluster({ ...anObservation(), pods: { seen: "unreadable", why: "forbidden" } })).toBeUndefined();
});

test("a patch changes the workload, its generation and its pods; a stale one is a mistake", () => {
  const patch = (replicas: number): Effect => ({
    kind: "patch",
    ref: ref("Deployment", "notification"),
    operations: [
      { op: "test", path: "/metadata/generation", value: 1 },
      { op: "replace", path: "/spec/replicas", value: replicas },
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: NEW_IMAGE },
    ],
    why,
  });
  const next = carriedOut(running, patch(3));
  const workload = findWorkload(next, ref("Deployment", "notification"));
  expect([workload?.metadata.generation, workload?.status.observedGeneration, workload?.replicas]).toEqual([2, 2, 3]);
  expect(BigInt(workload?.metadata.resourceVersion ?? 0)).toBe(next.version);
  const pods = workload === undefined ? [] : podsOfWorkload(next, workload);
  expect(pods.map((pod) => pod.containers[0]?.image)).toEqual([NEW_IMAGE, NEW_IMAGE, NEW_IMAGE]);
  expect(() => carriedOut(next, patch(4))).toThrow("test of /metadata/generation failed");
});

test("an annotation raises no generation, and null takes it away", () => {
  const annotate = (cluster: IdealCluster, value: string | null): IdealCluster =>
    carriedOut(cluster, {
      kind: "annotate",
      ref: ref("Deployment", "notification"),
      uid: notification.metadata.uid,
      resourceVersion: findWorkload(cluster, ref("Deployment", "notification"))?.metadata.resourceVersion ?? "",
      metadata: { annotations: { [ANNOTATION.claim]: value } },
      why,
    });
  const claimed = annotate(running, "mine");
  const meta = (cluster: IdealCluster) => findWorkload(cluster, ref("Deployment", "notification"))?.metadata;
  expect(meta(claimed)).toMatchObject({ generation: 1, annotations: { [ANNOTATION.claim]: "mine" } });
  expect(meta(annotate(claimed, null))?.annotations).toEqual({});
});

test("the resource gets its finalizer, and a write on an older version of it is a mistake", () => {
  const { uid, resourceVersion } = anUpgrade().metadata;
  const metadata = { finalizers: [FINALIZER] };
  const effect: Effect = {
    kind: "annotate",
    ref: ref("CeilometerUpgrade", "ceilometer"),
    uid,
    resourceVersion,
    metadata,
    why,
  };
  const next = carriedOut(running, effect);
  expect(next.seen.upgrade.metadata.finalizers).toEqual([FINALIZER]);
  expect(() => carriedOut(next, effect)).toThrow("another version");
});

test("a new record, a copy and a Job are there, and the Job has succeeded", () => {
  const { metadata: _, ended: __, clock: ___, ...record } = aRecord();
  const data = { "attempt.json": JSON.stringify(record) };
  const copy = { immutable: true, data: { "polling.yaml": "sources: []" } };
  const template = { spec: { containers: [{ name: "db", image: NEW_IMAGE }] } };
  const made = [
    body("ConfigMap", "record", { immutable: true, data }, { [LABEL.purpose]: "attempt" }),
    body("ConfigMap", "copy", copy, { [LABEL.purpose]: "configuration" }),
    body("Job", "db", { spec: { template } }),
  ].reduce((cluster, object) => carriedOut(cluster, { kind: "create", object, why }), running);
  expect(list(made.seen.records).map(({ plan, ended }) => [plan, ended])).toEqual([["plan-1", undefined]]);
  expect(list(made.seen.copies).map(({ name, immutable }) => [name, immutable])).toEqual([["copy", true]]);
  expect(list(made.seen.jobs).map(({ state, metadata }) => [state, metadata.owner?.uid])).toEqual([["succeeded", "u"]]);

  const [written] = list(made.seen.records);
  const ended = JSON.stringify({ state: "Completed", at: "2026-01-01T00:00:00Z", retry: 0 });
  const { uid, resourceVersion } = written?.metadata ?? { uid: "", resourceVersion: "" };
  const metadata = { annotations: { [ANNOTATION.ended]: ended } };
  const over = carriedOut(made, {
    kind: "annotate",
    ref: ref("ConfigMap", "record"),
    uid,
    resourceVersion,
    metadata,
    why,
  });
  expect(list(over.seen.records)[0]?.ended?.state).toBe("Completed");
});

test("a DaemonSet comes back on the hosts it had, and a new one of the same hosts runs there too", () => {
  const compute = aDaemonSet({ name: "compute", component: "polling", nodeSelector: { role: "compute" } });
  const spec = {
    polling: { targets: [{ kind: "DaemonSet" as const, name: "compute" }], verification: { podLog: {} } },
  };
  const upgrade = anUpgrade({ components: { database: { action: "Skip" }, ...spec } });
  const select = (value: unknown): Effect => ({
    kind: "patch",
    ref: ref("DaemonSet", "compute"),
    operations: [{ op: "replace", path: "/spec/template/spec/nodeSelector", value }],
    why,
  });
  const hosts = (cluster: IdealCluster, name: string) => {
    const workload = findWorkload(cluster, ref("DaemonSet", name));
    return workload === undefined ? undefined : podsOfWorkload(cluster, workload).map((pod) => pod.nodeName);
  };
  const start = ideal(anObservation({ upgrade, workloads: [compute], pods: podsOf(compute) }));
  const down = carriedOut(start, select({ role: "compute", [OFFLINE_NODE_SELECTOR]: "true" }));
  expect(hosts(down, "compute")).toEqual([]);
  expect(hosts(carriedOut(down, select({ role: "compute" })), "compute")).toEqual(["host-0", "host-1"]);

  const template = { metadata: { labels: { app: "twin" } }, spec: { ...compute.template.spec } };
  const twin = body("DaemonSet", "twin", { spec: { selector: { matchLabels: { app: "twin" } }, template } });
  const both = carriedOut(down, { kind: "create", object: twin, why });
  expect(hosts(both, "twin")).toEqual(["host-0", "host-1"]);
  const { uid = "", resourceVersion = "" } = findWorkload(both, ref("DaemonSet", "twin"))?.metadata ?? {};
  const gone = carriedOut(both, { kind: "delete", ref: ref("DaemonSet", "twin"), uid, resourceVersion, why });
  expect(hosts(gone, "twin")).toBeUndefined();
  expect(list(gone.seen.pods).filter((pod) => pod.metadata.labels["app"] === "twin")).toEqual([]);
});

test("a deleted pod comes back as its workload has it", () => {
  const [pod] = list(running.seen.pods);
  const { name = "", uid = "", resourceVersion = "" } = pod?.metadata ?? {};
  const next = carriedOut(running, { kind: "delete", ref: ref("Pod", name), uid, resourceVersion, why });
  expect(list(next.seen.pods)).not.toContain(pod);
  expect(list(next.seen.pods)).toHaveLength(2);
});

test("questions are answered with a pass, and time goes where it is sent", () => {
  const asked = answered(running, [{ kind: "rights", id: "rights/there", namespace: "there" }]);
  expect(asked?.seen.probes.get("rights/there")?.verdict).toBe("pass");
  expect(answered(running, [])).toBeUndefined();
  expect(atTime(running, 7).seen.now).toBe(7);
});
