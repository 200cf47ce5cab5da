import { expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anAgent,
  aPod,
  aRecordedTarget,
  aStatefulSet,
  marks,
  NEW_IMAGE,
  NOW,
  podsOf,
} from "../../test/support/builders.ts";
import { HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import {
  isDown,
  isMovedByOthers,
  isNew,
  isRolledOut,
  podsOf as livePods,
  matches,
  needsWork,
  newPods,
  nodeSelectorBefore,
  oldPods,
  pinnedTo,
  replicasAfter,
  replicasBefore,
  templateGap,
} from "./agent.ts";
import type { Phase } from "./marks.ts";
import type { Labels } from "./meta.ts";

const mount = {
  path: "/etc/ceilometer/pipeline.yaml",
  volume: "v",
  kind: "ConfigMap",
  object: "copy-1",
  key: "p.yaml",
} as const;
const wanted = { undone: [], appended: undefined, image: NEW_IMAGE, mounts: [], replicas: undefined };

test("pods that ended are gone, terminating ones are not, and those of others never counted", () => {
  const workload = aDeployment({ name: "notification" });
  const pods = [
    aPod(workload, { name: "runs" }),
    aPod(workload, { name: "stops", deletingSince: NOW }),
    aPod(workload, { name: "evicted", phase: "Failed" }),
    aPod(workload, { name: "ended", phase: "Succeeded" }),
    aPod(aDeployment({ name: "other" }), { name: "foreign" }),
  ];
  expect(livePods(workload, pods).map((pod) => pod.metadata.name)).toEqual(["runs", "stops"]);
});

test("no labels match nothing, rather than everything", () => {
  expect(matches({}, { app: "x" })).toBe(false);
});

test("new is what runs the image and mounts the configuration, whatever its age", () => {
  const workload = aDeployment({ name: "notification" });
  const agent = anAgent(workload, { wanted: { ...wanted, mounts: [mount] } });
  expect(isNew(agent, aPod(workload))).toBe(false);
  expect(isNew(agent, aPod(workload, { image: NEW_IMAGE }))).toBe(false);
  expect(isNew(agent, aPod(workload, { image: NEW_IMAGE, sources: { v: "ConfigMap/copy-1" } }))).toBe(true);
});

test("the gap of a template is told: image first, then each file", () => {
  const old = aDeployment({ name: "notification" });
  expect(templateGap(anAgent(old))).toMatch(/^runs /);
  const moved = aDeployment({ name: "notification", image: NEW_IMAGE });
  expect(templateGap(anAgent(moved))).toBeUndefined();
  expect(templateGap(anAgent(moved, { wanted: { ...wanted, mounts: [mount] } }))).toMatch(
    /pipeline\.yaml is not ConfigMap/,
  );
});

test("down is no replicas, or a host that does not exist", () => {
  expect(isDown(anAgent(aDeployment({ name: "a", replicas: 0 })))).toBe(true);
  expect(isDown(anAgent(aDeployment({ name: "a" })))).toBe(false);
  expect(isDown(anAgent(aDaemonSet({ name: "a", replicas: 0 })))).toBe(false);
  expect(isDown(anAgent(aDaemonSet({ name: "a", nodeSelector: { [OFFLINE_NODE_SELECTOR]: "true" } })))).toBe(true);
});

test("pinned is only what the operator pinned", () => {
  const nodeSelector = { [HOSTNAME_NODE_SELECTOR]: "host-1" };
  const annotations = marks({ phase: { phase: "first", node: "host-1" } });
  expect(pinnedTo(anAgent(aDaemonSet({ name: "a", nodeSelector, annotations })))).toBe("host-1");
  expect(pinnedTo(anAgent(aDaemonSet({ name: "a", nodeSelector })))).toBeUndefined();
  expect(pinnedTo(anAgent(aDaemonSet({ name: "a", annotations })))).toBeUndefined();
});

test.each([
  ["its own note of the loan", { borrowed: { replicas: 3 }, phase: { phase: "down" } }, 0, 3],
  ["the record, where the note was damaged", { phase: { phase: "down" } }, 0, 5],
  ["what it has, where nothing was taken yet", {}, 2, 2],
  ["what it has, where all was given back", { phase: { phase: "up" } }, 2, 2],
] as const)("replicas before are %s", (_, annotations, replicas, expected) => {
  const workload = aDeployment({ name: "a", replicas, annotations: marks(annotations) });
  const agent = anAgent(workload, { recorded: aRecordedTarget(workload, { replicas: 5 }) });
  expect(replicasBefore(agent)).toBe(expected);
  expect(replicasAfter({ ...agent, wanted: { ...wanted, replicas: 9 } })).toBe(9);
});

test("node selectors before: the note, also of none; else the record while it is down; else what there is", () => {
  const offline = { [OFFLINE_NODE_SELECTOR]: "true" };
  const before = (annotations: object, nodeSelector?: Readonly<Record<string, string>>) => {
    const workload = aDaemonSet({ name: "a", annotations: marks(annotations), ...(nodeSelector && { nodeSelector }) });
    return nodeSelectorBefore(
      anAgent(workload, { recorded: aRecordedTarget(workload, { nodeSelector: { role: "old" } }) }),
    );
  };
  expect(before({ borrowed: { nodeSelector: null }, phase: { phase: "down" } }, offline)).toBeNull();
  expect(before({ borrowed: { nodeSelector: { role: "x" } } }, offline)).toEqual({ role: "x" });
  expect(before({ phase: { phase: "down" } }, offline)).toEqual({ role: "old" });
  expect(before({}, { role: "edited" })).toEqual({ role: "edited" });
  expect(before({})).toBeNull();
});

const offline = { [OFFLINE_NODE_SELECTOR]: "true" };
const pin = { [HOSTNAME_NODE_SELECTOR]: "host-1" };
/** Whether somebody moved a DaemonSet that is held, and where it goes back to. */
const before = (borrowed: Labels | null, phase: Partial<Phase>, nodeSelector: Readonly<Record<string, string>>) => {
  const lent = { borrowed: { nodeSelector: borrowed }, phase };
  const agent = anAgent(aDaemonSet({ name: "a", nodeSelector, annotations: marks(lent) }));
  return [isMovedByOthers(agent), nodeSelectorBefore(agent)];
};

test("node selectors that somebody gave it while it was held are what is wanted, and never the operator's own key", () => {
  const down = { phase: "down" } as const;
  const first = { phase: "first", node: "host-1" } as const;
  expect(before({ role: "x" }, down, { role: "x", ...offline })).toEqual([false, { role: "x" }]);
  expect(before({ role: "x" }, down, { role: "y", ...offline })).toEqual([true, { role: "y" }]);
  expect(before({ role: "x" }, down, { role: "y" })).toEqual([true, { role: "y" }]);
  expect(before({ role: "x" }, down, offline)).toEqual([true, null]);
  expect(before({ role: "x" }, first, { role: "x", ...pin })).toEqual([false, { role: "x" }]);
  expect(before({ role: "x" }, first, { role: "y", ...pin })).toEqual([true, { role: "y" }]);
  // One that had a host of its own keeps it, whatever else is changed.
  const own = { [HOSTNAME_NODE_SELECTOR]: "host-9" };
  expect(before(own, first, pin)).toEqual([false, own]);
  expect(before(own, first, { role: "y", ...pin })).toEqual([true, { role: "y", ...own }]);
  expect(before({ role: "x" }, { phase: "up" }, { role: "y" })).toEqual([false, { role: "x" }]);
});

test("a template of a step before that `kubectl rollout undo` brought back is nobody's wish", () => {
  const first = { phase: "first", node: "host-1" } as const;
  const tried: Partial<Phase> = { phase: "down", tried: ["host-1"] };
  expect(before(null, first, offline)).toEqual([false, null]);
  expect(before({ role: "x" }, first, { role: "x", ...offline })).toEqual([false, { role: "x" }]);
  expect(before(null, tried, pin)).toEqual([false, null]);
  expect(before({ role: "x" }, { phase: "down", hosts: ["host-1"] }, { role: "x", ...pin })).toEqual([
    false,
    { role: "x" },
  ]);
  // A host that was never ours to choose is theirs.
  expect(before({ role: "x" }, tried, { role: "x", [HOSTNAME_NODE_SELECTOR]: "host-7" })).toEqual([
    true,
    { role: "x", [HOSTNAME_NODE_SELECTOR]: "host-7" },
  ]);
});

const rolled = (workload: ReturnType<typeof aDeployment>, pods = podsOf(workload)) =>
  isRolledOut(anAgent(workload, { pods }));
const moved = { name: "a", image: NEW_IMAGE };

test.each([
  ["all counts agree", {}, true],
  ["the controller has not seen the template", { observedGeneration: 0 }, false],
  ["one is not updated", { updated: 1 }, false],
  ["one is not available", { available: 1 }, false],
  ["one is too many", { current: 3 }, false],
])("a Deployment of which %s", (_, status, expected) => {
  expect(rolled(aDeployment({ ...moved, status }))).toBe(expected);
});

test("an old pod keeps anything from being rolled out", () => {
  const workload = aDeployment(moved);
  expect(rolled(workload, [...podsOf(workload), aPod(aDeployment({ name: "a" }), { name: "old" })])).toBe(false);
});

test("a StatefulSet counts pods, because with OnDelete its revisions never agree", () => {
  const workload = aStatefulSet({ ...moved, status: { updated: 0 } });
  expect(rolled(workload)).toBe(true);
  expect(rolled(workload, podsOf(workload, { ready: false }))).toBe(false);
  expect(rolled(workload, podsOf(workload, { deletingSince: NOW }))).toBe(false);
});

test("a DaemonSet is rolled out where its hosts have it, also where there are none", () => {
  expect(rolled(aDaemonSet(moved))).toBe(true);
  expect(rolled(aDaemonSet({ ...moved, replicas: 0 }))).toBe(true);
  expect(rolled(aDaemonSet({ ...moved, status: { updated: 1 } }))).toBe(false);
  expect(rolled(aDaemonSet({ ...moved, strategy: "OnDelete", status: { updated: 1 } }))).toBe(true);
  expect(rolled(aDaemonSet({ ...moved, status: { available: 1 } }))).toBe(false);
});

test("work is left while the template or a pod is old, unless this plan has started it", () => {
  const workload = aDeployment(moved);
  const old = [aPod(aDeployment({ name: "a" }), { name: "old" })];
  expect(needsWork(anAgent(aDeployment({ name: "a" })), "plan-1")).toBe(true);
  expect(needsWork(anAgent(workload, { pods: old }), "plan-1")).toBe(true);
  expect(needsWork(anAgent(workload, { pods: podsOf(workload) }), "plan-1")).toBe(false);
  const started = aDeployment({ ...moved, annotations: marks({ phase: { phase: "up" } }) });
  expect(needsWork(anAgent(started, { pods: old }), "plan-1")).toBe(false);
  expect(oldPods(anAgent(started, { pods: old }))).toHaveLength(1);
  expect(newPods(anAgent(started, { pods: old }))).toHaveLength(0);
});
