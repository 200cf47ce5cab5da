/** Agents with stable names: their controller replaces pods one by one, in the order of their numbers. */
import { expect, test } from "vitest";
import { classic, statefulset } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";

test.concurrent("StatefulSets of notification and polling agents, without a database", () =>
  inScene({ topology: statefulset() }, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    expect(done.status.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "database Skipped",
      "notification Succeeded",
      "polling Succeeded",
    ]);
    const readiness = "jsonpath={.items[*].status.readyReplicas}";
    expect(await scene.kubectl("get", "sts", "-o", readiness)).toBe("2 2");
  }));

test.concurrent("collectors and central agents as StatefulSets beside Deployments and a DaemonSet", () =>
  inScene({ topology: classic().stateful("ceilometer-collector").stateful("ceilometer-central") }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    const readiness = "jsonpath={.items[*].status.readyReplicas}";
    expect(await scene.kubectl("get", "sts", "-o", readiness)).toBe("2 3");
  }));

test.concurrent("the strategy OnDelete, whose revisions never agree", () => {
  const topology = statefulset()
    .workload("ceilometer-central", ({ spec }) => Object.assign(spec, { updateStrategy: { type: "OnDelete" } }))
    .workload("ceilometer-compute", ({ spec }) => Object.assign(spec, { updateStrategy: { type: "OnDelete" } }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.succeed();
  });
});
