/** Groups are known by their owner; what has a group's name and another owner is nobody to be stopped, and nobody to be passed over. */
import { expect, test } from "vitest";
import { aDeployment, anAgent, anUpgrade, aWorld } from "../../test/support/builders.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import { isNameTaken } from "./isolated-group.ts";

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
