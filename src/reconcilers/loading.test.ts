import { expect, test } from "vitest";
import { aDeployment, anAgent, aRecord, aWorld, NEW_IMAGE, NOW, podsOf } from "../../test/support/builders.ts";
import { loadingTrouble } from "./loading.ts";

const none = { collector: [], notification: [], polling: [], api: [] };
const workload = aDeployment({
  name: "notification",
  image: NEW_IMAGE,
  replicas: 2,
  status: { current: 2, updated: 2, ready: 2, available: 2 },
});

test("new pods that are counted and not seen yet have not said that they have loaded everything", () => {
  const said = (count: number): unknown => {
    const pods = podsOf(workload).slice(0, count);
    const agent = anAgent(workload, { component: "notification", pods });
    const probes = Object.fromEntries(
      pods.map(({ metadata: { uid } }) => [
        `loading/${uid}/${agent.container.name}`,
        { at: NOW, verdict: "pass" as const, reason: "so" },
      ]),
    );
    const world = aWorld({ workloads: [workload], pods, probes });
    const scene = {
      world,
      record: aRecord(),
      agents: { ...none, notification: [agent] },
      left: none,
      target: { name: "ocata", major: 8 },
    };
    return loadingTrouble(scene, [agent], "F3");
  };
  expect(said(1)).toMatchObject({ kind: "wait", note: { reason: "Loading" } });
  expect(said(2)).toBeUndefined();
});
