import { describe, expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anAgent,
  anUpgrade,
  aPod,
  aRecord,
  aStatefulSet,
  aWorld,
  NEW_IMAGE,
  NOW,
  type PodWords,
} from "../../test/support/builders.ts";
import type { Workload } from "../model/observation.ts";
import { formatTime } from "../model/time.ts";
import { HOST_UNREACHABLE_AFTER, waitUntilAvailable } from "./progress.ts";
import type { Scene } from "./scene.ts";

const SECOND = 1000;
const none = { collector: [], notification: [], polling: [], api: [] };
const two = { name: "notification", image: NEW_IMAGE, replicas: 2 };

/** What is waited for where new pods are as these words say, and `spec.minReadySeconds` is this. */
function waiting(minReadySeconds: number, words: readonly PodWords[], workload: Workload = aDeployment(two)): unknown {
  const pods = words.map((each, index) => aPod(workload, { name: `pod-${index}`, image: NEW_IMAGE, ...each }));
  const world = aWorld({ upgrade: anUpgrade({ minReadySeconds }), workloads: [workload], pods });
  const scene: Scene = { world, record: aRecord(), agents: none, left: none, target: { name: "ocata", major: 8 } };
  const outcome = waitUntilAvailable(scene, [anAgent(workload, { pods })], "P3");
  return outcome?.kind === "wait" ? [outcome.note.message, (outcome.recheckAt ?? 0) - NOW] : outcome?.kind;
}

describe("pods that are ready", () => {
  const STAY = "Deployment/notification: its new pods are ready, and have to stay so for 10 s";

  test("are waited for until the youngest has been so for long enough, and are looked at again then", () => {
    const older = { readySince: NOW - 60 * SECOND };
    expect(waiting(10, [older, { readySince: NOW - 4 * SECOND }])).toEqual([STAY, 6 * SECOND]);
    expect(waiting(10, [older, { readySince: NOW - 10 * SECOND + 1 }])).toEqual([STAY, 1]);
    expect(waiting(10, [older, { readySince: NOW - 10 * SECOND }])).toBeUndefined();
  });

  test("are enough at once where that is asked for", () => {
    expect(waiting(0, [{ readySince: NOW }, { readySince: NOW }])).toBeUndefined();
  });

  test("and are counted, but not seen yet, have been ready since now", () => {
    expect(waiting(10, [{ readySince: NOW - 60 * SECOND }])).toEqual([STAY, 10 * SECOND]);
    expect(waiting(10, [])).toEqual([STAY, 10 * SECOND]);
    expect(waiting(0, [])).toBeUndefined();
  });

  test("on a host whose clock is ahead are waited for by that clock, unless it is ahead by more than the wait itself", () => {
    expect(waiting(10, [{}, { readySince: NOW + 10 * SECOND }])).toEqual([STAY, 20 * SECOND]);
    expect(waiting(10, [{}, { readySince: NOW + 10 * SECOND + 1 }])).toBeUndefined();
    expect(waiting(10, [{ readySince: NOW + 3600 * SECOND }, { readySince: NOW }])).toEqual([STAY, 10 * SECOND]);
  });

  test("on a host whose clock is behind have not been so since before they were made", () => {
    const behind = { readySince: NOW - 60 * SECOND, createdAt: NOW - 3 * SECOND };
    expect(waiting(10, [{}, behind])).toEqual([STAY, 7 * SECOND]);
    expect(waiting(10, [{}, { ...behind, createdAt: NOW - 10 * SECOND }])).toBeUndefined();
  });

  test("that nobody dates are believed, and hosts without pods are not waited for", () => {
    expect(waiting(10, [{}, {}])).toBeUndefined();
    const hosts = aDaemonSet({
      name: "hosts",
      image: NEW_IMAGE,
      status: { desired: 0, current: 0, updated: 0, ready: 0, available: 0 },
    });
    expect(waiting(10, [], hosts)).toBeUndefined();
  });
});

test.each([
  ["WorkloadPaused", "kubectl rollout resume", aDeployment({ ...two, paused: true, status: { updated: 1, ready: 1 } })],
  ["PartitionedStatefulSet", "partition", aStatefulSet({ ...two, partition: 1, status: { updated: 1, ready: 1 } })],
] as const)(
  "%s: what its owner keeps from going on in the middle of its roll is told at once, by what has to be done",
  (reason, remedy, workload) => {
    const world = aWorld({ upgrade: anUpgrade(), workloads: [workload] });
    const scene: Scene = { world, record: aRecord(), agents: none, left: none, target: { name: "ocata", major: 8 } };
    const outcome = waitUntilAvailable(scene, [anAgent(workload)], "P3");
    expect(outcome).toMatchObject({ kind: "held", violations: [{ reason, object: `${workload.kind}/notification` }] });
    expect(outcome?.kind === "held" ? outcome.violations[0].remedy : undefined).toContain(remedy);
  },
);

test("an old pod that goes is looked at again when its host is taken not to answer, however long a step may take", () => {
  const workload = aDeployment({ ...two, status: { updated: 1, ready: 1 } });
  const going = aPod(workload, { name: "going", node: "host-7", deletingSince: NOW - 10 * SECOND });
  const world = aWorld({ upgrade: anUpgrade({ progressDeadlineSeconds: 86_400 }), workloads: [workload] });
  const record = aRecord({ startedAt: formatTime(NOW) });
  const scene: Scene = { world, record, agents: none, left: none, target: { name: "ocata", major: 8 } };
  const outcome = waitUntilAvailable(scene, [anAgent(workload, { pods: [going] })], "P3");
  expect(outcome).toMatchObject({ kind: "wait", recheckAt: NOW - 10 * SECOND + HOST_UNREACHABLE_AFTER + 1 });
});
