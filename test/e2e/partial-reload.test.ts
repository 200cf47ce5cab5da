/**
 * Clause P3 where the pipelines of agents that share their work differ: the old agents are loaded with the new one first, all at
 * once, and only then new agents run beside them (I6). The one window that this needs is in the plan (I5).
 */
import { expect, test } from "vitest";
import { allowing, NOTIFICATION, treated } from "./fixtures/notification.ts";
import { changedPipeline } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";
import { firstNewPods, generations, timesDown } from "./seen.ts";

const OCATA = "quay.io/example/ceilometer:ocata";
const WHY = "P3: the agents are loaded with the new pipeline, all at once";
const LOADED = "ceilometer-newton+ceilometer-pipeline";

test.concurrent("Literal: the old agents run on the new pipeline before new ones come beside them", () =>
  inScene(allowing(treated(changedPipeline(), { memberTimeoutSeconds: 2 }), 1, WHY), async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    expect(done.status.pipelineParity?.state).toBe("Differs");
    expect(done.status.pipelineParity?.differences.join()).toContain("billing_source");
    expect(generations(scene, "notification")).toEqual([
      "newton ceilometer-newton",
      `newton ${LOADED}`,
      `ocata ${LOADED}`,
    ]);
    expect(timesDown(scene, "ceilometer-notification")).toBe(1);
    expect(firstNewPods(scene, OCATA)).toEqual(["collector", "notification", "central", "compute", "api"]);
    const actions = done.status.plan?.steps
      ?.filter(({ object }) => object === NOTIFICATION)
      .map(({ action }) => action);
    expect(actions).toEqual(["TakingDown", "WaitingForMembers", "Starting", "Rolling"]);
  }));

test.concurrent("Merge: the restart brings the new agents", () =>
  inScene(allowing(treated(changedPipeline(), { reload: "Merge" }), 1, WHY), async (scene) => {
    await scene.apply();
    await scene.succeed();
    expect(generations(scene, "notification")).toEqual(["newton ceilometer-newton", `ocata ${LOADED}`]);
    expect(timesDown(scene, "ceilometer-notification")).toBe(1);
  }));

test.concurrent("two workloads of one group are loaded together", () =>
  inScene(
    allowing(treated(changedPipeline().twin("ceilometer-notification", "ceilometer-notification-2")), 1, WHY),
    async (scene) => {
      // Each may go below its floor once.
      await scene.audit({
        windows: ["api", "notification", "notification-2"].map((each) => ({
          workload: `Deployment/ceilometer-${each}`,
          count: 1,
          why: WHY,
        })),
      });
      await scene.apply();
      await scene.succeed();
      expect(generations(scene, "notification")).toEqual([
        "newton ceilometer-newton",
        `newton ${LOADED}`,
        `ocata ${LOADED}`,
      ]);
    },
  ));
