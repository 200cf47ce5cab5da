/** Status is a report: somebody who wipes or forges it at every step changes nothing of what is done. */
import { expect, test } from "vitest";
import { settledState } from "./end-state.ts";
import { classic, modern, type Topology } from "./fixtures/topology.ts";
import { eventually, resourcePath } from "./resource.ts";
import { inScene, isStatusWrite, type Scene } from "./scene.ts";

const CONDITIONS = [
  "Ready",
  "Succeeded",
  "DatabaseUpgraded",
  "CollectorUpgraded",
  "NotificationUpgraded",
  "PollingUpgraded",
];

/** On a busy machine the forger may be faster than the news of what it forged, for so long that the operator says so. */
const OUTRUN = /WriteRefused.*the object has been modified/;

/** Everything has been done, long ago, by a plan that never was. */
const forged = {
  observedGeneration: 1,
  step: "Done",
  plan: { hash: "0123456789abcdef" },
  conditions: [...CONDITIONS, "APIUpgraded", "PreflightPassed"].map((type) => ({
    type,
    status: "True",
    reason: "Forged",
    message: "all is done",
    observedGeneration: 1,
    lastTransitionTime: "2020-01-01T00:00:00Z",
  })),
  steps: ["database", "collector", "notification", "polling", "api"].map((name) => ({
    name,
    state: "Succeeded",
    finishedAt: "2020-01-01T00:00:00Z",
  })),
};

async function write(scene: Scene, status: unknown): Promise<void> {
  const path = `${resourcePath(scene.namespace, "ceilometer")}/status`;
  const patch = [{ op: "add", path: "/status", value: status }];
  const answer = await scene.cluster.api.request("PATCH", path, patch, { contentType: "application/json-patch+json" });
  if (answer.status !== 200) throw new Error(`status was not written: ${answer.status} ${answer.text}`);
}

const upgraded = (topology: Topology, status: ((effect: number) => unknown) | undefined): Promise<unknown> =>
  inScene({ topology, expected: OUTRUN }, async (scene) => {
    let effects = 0;
    scene.proxy.setHook(async (_n, phase, request) => {
      if (status === undefined || phase !== "after-commit" || isStatusWrite(request)) return undefined;
      effects += 1;
      await write(scene, status(effects));
      return undefined;
    });
    await scene.apply();
    const finished = async (): Promise<boolean> => {
      const resource = await scene.resource();
      const condition = resource?.status.conditions.find(({ type }) => type === "Succeeded");
      return condition?.status === "True" && condition.reason === "Completed";
    };
    await eventually(finished, () => "the report is never mended", 60_000);
    const state = await settledState(scene);
    expect(await scene.verdict()).toEqual([]);
    return state;
  });

test.concurrent.each([classic(), modern()])(
  "$name: the report is wiped or forged after each write",
  async (topology) => {
    const [expected, wiped, lied] = await Promise.all([
      upgraded(topology, undefined),
      upgraded(topology, () => ({})),
      upgraded(topology, (effect) => (effect % 2 === 0 ? {} : forged)),
    ]);
    expect(wiped).toEqual(expected);
    expect(lied).toEqual(expected);
  },
);
