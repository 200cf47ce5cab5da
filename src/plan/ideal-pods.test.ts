import { expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anUpgrade,
  aPod,
  aStatefulSet,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  podsOf,
} from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { Pod, Workload } from "../model/observation.ts";
import { ownLabels } from "../reconcilers/desired/job.ts";
import { settle } from "./ideal-pods.ts";

const at = (hosts: readonly string[] = [], isNewTemplate = false) => ({ hosts, now: NOW, isNewTemplate });
const images = (pods: readonly Pod[]): readonly string[] => pods.map((pod) => pod.containers[0]?.image ?? "");
const nodes = (pods: readonly Pod[]): readonly (string | undefined)[] => pods.map((pod) => pod.nodeName);
const compute = (nodeSelector: Record<string, string> = {}): Workload =>
  aDaemonSet({ name: "compute", component: "polling", replicas: 0, nodeSelector });
const HOSTS = ["host-a", "host-b"];

test("a Deployment has as many ready pods as it wants, and says so of its generation", () => {
  const workload = aDeployment({
    name: "a",
    replicas: 3,
    generation: 7,
    status: { observedGeneration: 6, available: 0 },
  });
  const { workload: next, pods } = settle(workload, [], at());
  expect(pods.map((pod) => pod.ready)).toEqual([true, true, true]);
  expect(new Set(pods.map((pod) => pod.metadata.uid)).size).toBe(3);
  const counts = { desired: 3, current: 3, updated: 3, ready: 3, available: 3 };
  expect(next.status).toEqual({ observedGeneration: 7, ...counts });
});

test("pods that fit stay, those of another image go, and other pods are not touched", () => {
  const workload = aDeployment({ name: "a", replicas: 2, image: NEW_IMAGE });
  const other = aPod(aDeployment({ name: "b" }));
  const fits = aPod(workload, { name: "a-fits" });
  const old = aPod(workload, { name: "a-old", image: OLD_IMAGE });
  const { pods } = settle(workload, [other, fits, old], at());
  expect(pods).toContain(other);
  expect(pods).toContain(fits);
  expect(pods).not.toContain(old);
  expect(images(pods.slice(1))).toEqual([NEW_IMAGE, NEW_IMAGE]);
});

test("a pod of the operator's own is nobody's, though a selector has the usual labels alone", () => {
  const labels = ownLabels(anUpgrade(), "polling", "isolated");
  const { "app.kubernetes.io/name": name = "" } = labels;
  const workload = { ...aDeployment({ name: "a", replicas: 1 }), matchLabels: { "app.kubernetes.io/name": name } };
  const isolated = aPod(aDeployment({ name: "isolated" }));
  const own = { ...isolated, metadata: { ...isolated.metadata, labels } };
  const { pods } = settle(workload, [own], at());
  expect(pods).toContain(own);
  expect(pods).toHaveLength(2);
});

test("a new template replaces pods that show the same image", () => {
  const workload = aDeployment({ name: "a", replicas: 1 });
  const before = podsOf(workload);
  expect(settle(workload, before, at()).pods).toEqual(before);
  expect(settle(workload, before, at([], true)).pods[0]?.metadata.uid).not.toBe(before[0]?.metadata.uid);
});

test("one that terminates is gone, and one that has ended is left", () => {
  const workload = aDeployment({ name: "a", replicas: 0 });
  const stopping = aPod(workload, { name: "a-1", deletingSince: NOW });
  const evicted = aPod(workload, { name: "a-2", phase: "Failed" });
  expect(settle(workload, [stopping, evicted], at()).pods).toEqual([evicted]);
});

test.each([
  { what: "nothing keeps it away", selector: {}, expected: HOSTS },
  { what: "it is offline", selector: { [OFFLINE_NODE_SELECTOR]: "true" }, expected: [] },
  { what: "it is pinned", selector: { [HOSTNAME_NODE_SELECTOR]: "host-b" }, expected: ["host-b"] },
])("a DaemonSet runs where it may: $what", ({ selector, expected }) => {
  const { workload, pods } = settle(compute(selector), [], at(HOSTS));
  expect(nodes(pods)).toEqual(expected);
  expect([workload.status.desired, workload.status.available]).toEqual([expected.length, expected.length]);
});

test("with OnDelete, and in a paused Deployment, no plan counts on new pods", () => {
  const stateful = aStatefulSet({ name: "a", replicas: 2, image: NEW_IMAGE, strategy: "OnDelete" });
  const paused = aDeployment({ name: "a", replicas: 2, image: NEW_IMAGE, paused: true });
  for (const workload of [stateful, paused]) {
    const next = settle(workload, podsOf(workload, { image: OLD_IMAGE }), at([], true));
    expect(images(next.pods)).toEqual([OLD_IMAGE, OLD_IMAGE]);
    expect(next.workload.status.updated).toBe(0);
  }
});

test("what keeps a pod from being ready is over", () => {
  const workload = aDeployment({ name: "a", replicas: 1 });
  const waiting = { reason: "ImagePullBackOff", message: "" };
  const [pod] = settle(
    workload,
    [aPod(workload, { ready: false, unschedulable: "no room", state: { waiting } })],
    at(),
  ).pods;
  expect(pod?.ready).toBe(true);
  expect(pod).not.toHaveProperty("unschedulable");
  expect(pod?.states[0]).not.toHaveProperty("waiting");
});
