/** Groups are known by their owner; what has a group's name and another owner is nobody to be stopped, and nobody to be passed over. */
import { expect, test } from "vitest";
import {
  aContainer,
  aDeployment,
  anAgent,
  anUpgrade,
  aRecord,
  aWorld,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  type PodWords,
  podsOf,
} from "../../test/support/builders.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import { isNameTaken, startIsolated, stopGroup } from "./isolated-group.ts";

const file = { kind: "ConfigMap", object: "new", key: "polling.yaml", digest: "d" } as const;
const isolated = { kind: "Deployment", name: "central-new", prefix: "p", file } as const;
const plan: RecordedPolling = {
  namespaces: ["central"],
  path: "Isolate",
  why: "it is so",
  overlap: true,
  file: { path: "/etc/ceilometer/polling.yaml", volume: "polling" },
  before: {},
  isolated,
};

test("a workload of the group's name is in the way, unless it is the group or there is none", () => {
  const agent = anAgent(aDeployment({ name: "central" }), { component: "polling" });
  const group = aDeployment({ name: "central-new" });
  const { uid, name } = anUpgrade().metadata;
  const owned = { ...group, metadata: { ...group.metadata, owner: { kind: "CeilometerUpgrade", name, uid } } };
  const taken = (...workloads: readonly (typeof group)[]) =>
    isNameTaken(aWorld({ workloads }), { agent, plan, isolated });
  expect(taken(agent.workload)).toBeUndefined();
  expect(taken(owned)).toBeUndefined();
  expect(taken(group)).toMatchObject({
    kind: "held",
    violations: [{ object: "Deployment/central-new", reason: "NameTaken" }],
  });
});

/** What the group says of itself where its pods run this image, and are as these words say. */
function starting(image: string, words: PodWords, minReadySeconds = 0) {
  const agent = anAgent(aDeployment({ name: "central" }), { component: "polling" });
  const upgrade = anUpgrade({ minReadySeconds });
  const { uid, name } = upgrade.metadata;
  const { path: mountPath, volume } = plan.file;
  const containers = [aContainer({ image, volumeMounts: [{ name: volume, mountPath, subPath: file.key }] })];
  const volumes = [{ name: volume, configMap: { name: file.object } }];
  const owner = { kind: "CeilometerUpgrade", name, uid };
  const status = words.ready === false ? { available: 0 } : {};
  const group = aDeployment({ name: isolated.name, replicas: 1, containers, volumes, owner, status });
  const workloads = [agent.workload, group];
  const world = aWorld({ upgrade, workloads, pods: podsOf(group, words) });
  const agents = { collector: [], notification: [], polling: [agent], api: [] };
  const scene = { world, record: aRecord(), agents, left: agents, target: { name: "ocata", major: 8 } };
  return startIsolated(scene, { agent, plan, isolated });
}

test("one that somebody has changed is told with what helps: to look at its pods does not, as they run (I11)", () => {
  const told = (image: string, ready: boolean) => {
    const outcome = starting(image, { ready });
    return outcome?.kind === "held" ? outcome.violations[0].remedy : outcome?.kind;
  };
  expect(told(OLD_IMAGE, true)).toBe(
    `somebody has changed it: runs ${OLD_IMAGE}; delete Deployment/central-new, and it is made anew`,
  );
  expect(told(NEW_IMAGE, false)).toContain("look at the pods");
});

test("no old agent is touched before it has been ready for a while: a release that crashes is ready until it does", () => {
  const seconds = (words: PodWords) => {
    const outcome = starting(NEW_IMAGE, words, 10);
    return outcome?.kind === "wait" ? [outcome.note.reason, (outcome.recheckAt ?? 0) - NOW] : outcome;
  };
  expect(seconds({ readySince: NOW - 4_000 })).toEqual(["WaitingForNewPods", 6_000]);
  expect(seconds({ readySince: NOW - 10_000 })).toBeUndefined();
});

test("one that is stopped and has an agent on a host that does not answer is not waited for without a word (I11)", () => {
  const group = aDeployment({ name: isolated.name, replicas: 0 });
  const [pod] = podsOf(aDeployment({ name: isolated.name, replicas: 1 }), { node: "host-7" });
  const stopped = (seconds: number) => {
    const deletingSince = NOW - seconds * 1000;
    const pods = pod === undefined ? [] : [{ ...pod, metadata: { ...pod.metadata, deletingSince } }];
    return stopGroup(aWorld({ pods }), group, { reason: "RetiringIsolated", message: "stop it" });
  };
  expect(stopped(10)).toMatchObject({ kind: "wait", recheckAt: NOW - 10_000 + 300_001 });
  expect(stopped(301)).toMatchObject({
    kind: "held",
    violations: [{ reason: "HostUnreachable", object: "Node/host-7" }],
  });
});
