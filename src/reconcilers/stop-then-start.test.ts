import { expect, test } from "vitest";
import { aDeployment, anAgent, aRecord, aWorld, marks } from "../../test/support/builders.ts";
import type { Scene } from "./scene.ts";
import { retireComponent } from "./stop-then-start.ts";

const none = { collector: [], notification: [], polling: [], api: [] };

test("what is to retire and is brought back again and again is not fought over without end", () => {
  const said = (rounds: number): unknown => {
    const annotations = marks({ phase: { phase: "down", rounds } });
    const workload = aDeployment({ name: "collector", component: "collector", replicas: 2, annotations });
    const scene: Scene = {
      world: aWorld({ workloads: [workload] }),
      record: aRecord(),
      agents: { ...none, collector: [anAgent(workload, { component: "collector" })] },
      left: none,
      target: { name: "queens", major: 10 },
    };
    return retireComponent(scene, "collector", "V7");
  };
  expect(said(2)).toMatchObject({ kind: "act", note: { reason: "Retiring" } });
  expect(said(3)).toMatchObject({
    kind: "held",
    violations: [{ reason: "Contested", object: "Deployment/collector" }],
  });
});
