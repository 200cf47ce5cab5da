import { expect, test } from "vitest";
import {
  aDeployment,
  anAgent,
  aPod,
  aRecord,
  aWorld,
  marks,
  NEW_IMAGE,
  OLD_IMAGE,
} from "../../test/support/builders.ts";
import type { Scene } from "./scene.ts";
import { retireComponent } from "./stop-then-start.ts";

const none = { collector: [], notification: [], polling: [], api: [] };

test.each([
  ["the target's image", NEW_IMAGE],
  ["the image that it runs", OLD_IMAGE],
])("what is to retire, with %s, and is brought back again and again is not fought over without end", (_, image) => {
  const said = (rounds: number): unknown => {
    const annotations = marks({ phase: { phase: "down", rounds } });
    const workload = aDeployment({ name: "collector", component: "collector", replicas: 2, annotations });
    const wanted = { image, mounts: [], undone: [], appended: undefined, replicas: undefined, retires: true };
    const scene: Scene = {
      world: aWorld({ workloads: [workload] }),
      record: aRecord(),
      agents: { ...none, collector: [anAgent(workload, { component: "collector", wanted })] },
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

test("what retires is gone when its pods are, though the resource gives it the image that they run", () => {
  const annotations = marks({ phase: { phase: "down" } });
  const workload = aDeployment({ name: "collector", component: "collector", replicas: 0, annotations });
  const wanted = { image: OLD_IMAGE, mounts: [], undone: [], appended: undefined, replicas: undefined, retires: true };
  const kind = (pods: readonly ReturnType<typeof aPod>[]) => {
    const collector = [anAgent(workload, { component: "collector", wanted, pods })];
    const world = aWorld({ workloads: [workload], pods });
    const scene = { world, record: aRecord(), agents: { ...none, collector }, left: none };
    return retireComponent({ ...scene, target: { name: "queens", major: 10 } }, "collector", "F2").kind;
  };
  expect(kind([aPod(workload)])).toBe("wait");
  expect(kind([])).toBe("settled");
});
