/** The upgrades that are disturbed, each with what the auditor has to know of it. */

import * as notification from "../e2e/fixtures/notification.ts";
import {
  auditScope,
  changedPipeline,
  classic,
  drained,
  modern,
  newPollsters,
  noNewPollsters,
  statefulset,
  type Topology,
} from "../e2e/fixtures/topology.ts";
import { only, pollingOnly, widened } from "../e2e/isolation.ts";
import type { SceneOptions } from "../e2e/scene.ts";
import type { SCENES } from "./plan.ts";

export type SceneName = (typeof SCENES)[number];

export interface CampaignScene {
  readonly options: SceneOptions;
  /** Gates ask a broker. */
  readonly broker: boolean;
  /** Writes of the undisturbed run, without those of status. Each run of a campaign holds it against the real number. */
  readonly effects: number;
}

const twinNames = ["ceilometer-notification", "ceilometer-notification-2"] as const;

/** Two workloads that share their work, so that there are moments when one of them is ahead. */
const twins = (topology: Topology): Topology =>
  notification.treated(notification.only(topology).twin(...twinNames), { memberTimeoutSeconds: 1 });

/** Each of both may be stopped and started so often. */
function restarted(topology: Topology, stops: number): SceneOptions {
  const windows = twinNames.map((name) => ({ workload: `Deployment/${name}`, count: stops, why: "P3" }));
  return { topology, audit: { ...auditScope(topology), windows } };
}

function isolated(): SceneOptions {
  const topology = only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central");
  return { topology, audit: auditScope(topology, { windows: widened("Deployment/ceilometer-central") }) };
}

const full = (topology: Topology): SceneOptions => ({ topology });

const makers: Readonly<Record<SceneName, () => CampaignScene>> = {
  classic: () => ({ options: full(classic()), broker: false, effects: 30 }),
  modern: () => ({ options: full(modern()), broker: false, effects: 24 }),
  statefulset: () => ({ options: full(statefulset()), broker: false, effects: 18 }),
  beside: () => ({ options: full(noNewPollsters()), broker: false, effects: 17 }),
  isolate: () => ({ options: isolated(), broker: false, effects: 16 }),
  reload: () => ({ options: restarted(twins(changedPipeline()), 1), broker: true, effects: 18 }),
  drain: () => ({ options: restarted(twins(drained()), 2), broker: true, effects: 21 }),
};

export const sceneOf = (name: SceneName): CampaignScene => makers[name]();
