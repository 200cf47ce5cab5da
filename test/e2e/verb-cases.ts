/** What the suites of verbs share: the upgrades that are steered, how kubectl steers them, and how they end. */
import { expect } from "vitest";
import { z } from "zod";
import type { Breach, Invariant } from "../support/invariants.ts";
import { auditScope, classic, modern, newPollsters, type Topology } from "./fixtures/topology.ts";
import { imagesOf, leftovers, only, pollingOnly, widened } from "./isolation.ts";
import { eventually } from "./resource.ts";
import type { Scene, SceneOptions } from "./scene.ts";

export const GROUP = "ceilometer.openstack.org";

export interface Case {
  readonly name: string;
  readonly topology: Topology;
  /** Workloads that are stopped and started as a whole while agents roll. */
  readonly windows: readonly string[];
  /** Secrets with the old configuration: one that cannot be read is not taken for unchanged. */
  readonly secrets?: readonly string[];
}

const full: Case = { name: "full", topology: modern(), windows: [] };
const old: Case = { name: "full, all five", topology: classic(), windows: [], secrets: ["ceilometer-etc"] };
const partial: Case = {
  name: "partial, with an isolated group",
  topology: only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central"),
  windows: ["Deployment/ceilometer-central"],
};
export const CASES = [full, old, partial];

export const opened = ({ topology, windows, secrets = [] }: Case, restarts = 0): SceneOptions => ({
  topology,
  secrets,
  audit: {
    ...auditScope(topology, {
      windows: Array.from({ length: 1 + restarts }, () => windows).flatMap((all) => widened(...all)),
    }),
    restarts,
  },
});

export const wait = (scene: Scene, condition: string): Promise<string> =>
  scene.kubectl("wait", "cmu/ceilometer", `--for=condition=${condition}`, "--timeout=120s");

export const annotate = (scene: Scene, verb: string, text = "true"): Promise<string> =>
  scene.kubectl("annotate", "cmu", "ceilometer", "--overwrite", `${GROUP}/${verb}=${text}`);

export async function endsWell(scene: Scene): Promise<void> {
  await wait(scene, "Succeeded");
  expect(await scene.verdict()).toEqual([]);
  expect(await leftovers(scene)).toEqual([]);
  expect(await imagesOf(scene)).toEqual([scene.topology.spec.target.image]);
}

export async function annotationsGone(scene: Scene): Promise<void> {
  const left = async (): Promise<readonly string[]> => {
    const text = await scene.kubectl("get", "cmu", "ceilometer", "-o", "jsonpath={.metadata.annotations}");
    const annotations = z.record(z.string(), z.string()).parse(JSON.parse(text === "" ? "{}" : text));
    return Object.keys(annotations).filter((key) => key.startsWith(GROUP));
  };
  await eventually(
    async () => (await left()).length === 0,
    async () => `annotations stay: ${(await left()).join(", ")}`,
    30_000,
  );
}

/** On the way back templates return to the old release, and what is new has to go before what is old may come. */
const ALSO_ON_THE_WAY_BACK: ReadonlySet<Invariant> = new Set<Invariant>(["I2", "I8", "I9"]);
export const onTheWay = (breaches: readonly Breach[]): readonly Breach[] =>
  breaches.filter(({ invariant, message }) => ALSO_ON_THE_WAY_BACK.has(invariant) && !message.includes("went back"));
