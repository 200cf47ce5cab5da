import { expect, test } from "vitest";
import {
  aDeployment,
  anAgent,
  anAutoscaler,
  aStatefulSet,
  aWorld,
  NOW,
  podsOf,
  type WorkloadWords,
} from "../../test/support/builders.ts";
import { workloadFits } from "./workload-fits.ts";

const agent = (words: Partial<WorkloadWords> = {}) => anAgent(aDeployment({ name: "notification", ...words }));
const reasons = (agents: Parameters<typeof workloadFits>[0], world = aWorld()) =>
  workloadFits(agents, world).map((each) => each.reason);

test("a plain Deployment fits", () => {
  expect(reasons([agent()])).toEqual([]);
});

test.each([
  ["WorkloadPaused", agent({ paused: true })],
  ["PartitionedStatefulSet", anAgent(aStatefulSet({ name: "notification", partition: 1 }))],
  ["OwnedByController", agent({ owner: { kind: "OpenStack", name: "cloud", uid: "u" } })],
])("%s is refused", (reason, unfit) => {
  expect(reasons([unfit])).toEqual([reason]);
});

test("every problem is told at once", () => {
  const owner = { kind: "OpenStack", name: "cloud", uid: "u" };
  expect(reasons([agent({ paused: true, owner })])).toEqual(["WorkloadPaused", "OwnedByController"]);
});

test("one workload for two components is refused for both", () => {
  const workload = aDeployment({ name: "both" });
  expect(reasons([anAgent(workload), anAgent(workload, { component: "collector" })])).toEqual([
    "SharedPod",
    "SharedPod",
  ]);
});

test.each([
  ["polling", 2, ["AutoscalerMinimum"]],
  ["polling", 1, []],
  // Only a polling agent starts alone.
  ["notification", 2, []],
] as const)("an autoscaler of %s that wants at least %i", (component, least, found) => {
  const workload = aDeployment({ name: "scaled", component });
  expect(reasons([anAgent(workload, { component })], aWorld({ autoscalers: [anAutoscaler(workload, least)] }))).toEqual(
    found,
  );
});

const MIRRORED = "mirror.example/ceilometer:newton";
test.each([
  ["every pod", { image: MIRRORED }, {}, ["ImageRewritten"]],
  ["every pod, while it rolls", { image: MIRRORED }, { updated: 1 }, []],
  ["every pod, and all of them go", { image: MIRRORED, deletingSince: NOW }, {}, []],
  ["no pod", {}, {}, []],
] as const)("an image that %s has and the template does not", (_what, pod, status, found) => {
  for (const make of [aDeployment, aStatefulSet]) {
    const workload = make({ name: "notification", replicas: 2, status });
    expect(reasons([anAgent(workload, { pods: podsOf(workload, pod) })])).toEqual(found);
  }
});
