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
import { conditionOf, eventually, tell, type Wanted } from "../e2e/resource.ts";
import type { Scene, SceneOptions } from "../e2e/scene.ts";
import type { SCENES } from "./plan.ts";

export type SceneName = (typeof SCENES)[number];

export interface CampaignScene {
  readonly options: SceneOptions;
  /** Gates ask a broker. */
  readonly broker: boolean;
  /** Writes of the undisturbed run, without those of status. Each run of a campaign holds it against the real number. */
  readonly effects: number;
  /** What its author does after having created the resource. */
  readonly steer?: (scene: Scene, patience: number) => Promise<void>;
  /** In the end something else runs than the target that the auditor knows. */
  readonly endsElsewhere?: true;
  /** The first write from which on nothing that comes late is taken for a failure. Default: 1. */
  readonly mayWaitFrom?: number;
  /** What it says when it has ended. Default: that it has succeeded. */
  readonly ends?: Wanted;
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

/** When it has come to its end, the release of before is asked for again. */
async function goBack(scene: Scene, patience: number): Promise<void> {
  await scene.until({ type: "Succeeded", status: "True" }, { timeout: patience });
  const { from, target } = scene.topology.spec;
  const release = from?.release ?? "";
  await scene.edit({ target: { release, image: target.image.replace(target.release, release) } });
}

/** In the middle it is paused, and goes on when it has said so. */
async function rest(scene: Scene, patience: number): Promise<void> {
  const isUnderWay = async (): Promise<boolean> => scene.effects().length >= PAUSED_AFTER;
  await eventually(isUnderWay, () => `it has made ${scene.effects().length} writes`, patience);
  await scene.edit({ paused: true });
  await scene.until({ type: "Paused", status: "True" }, { timeout: patience });
  const resource = await scene.resource();
  if (conditionOf(resource, "Succeeded")?.status === "True") throw new Error("it had ended before it was paused");
  await scene.edit({ paused: false });
}
/** The migration, or what comes right after it. */
const PAUSED_AFTER = 7;

/** It waits for a person before its polling agents are touched: what has been done by then is the same in every run. */
const waiting = (topology: Topology): Topology =>
  topology.wish((spec) => Object.assign(spec, { approvals: [{ before: "polling" }] }));

const waits = (scene: Scene, patience: number): Promise<unknown> =>
  scene.until({ type: "AwaitingApproval", status: "True" }, { timeout: patience });

/** In place of a word that it may go on it is given another image. */
async function askForAnother(scene: Scene, patience: number): Promise<void> {
  await waits(scene, patience);
  const { release, image } = scene.topology.spec.target;
  await scene.edit({ target: { release, image: `${image}-r2` }, approvals: null });
}

/** In place of a word that it may go on it is deleted, and created again when it is gone. */
async function createAnew(scene: Scene, patience: number): Promise<void> {
  await waits(scene, patience);
  await scene.kubectl("delete", "cmu", "ceilometer", "--wait=false");
  const isGone = async (): Promise<boolean> => (await scene.resource()) === undefined;
  await eventually(isGone, async () => `it is still there\n${tell(await scene.resource())}`, patience);
  await scene.apply(modern());
}

/**
 * The image of its polling agents can never be pulled: at its deadline it goes back by itself. The deadline is long enough for every
 * other step, on a busy machine and after a fault, too.
 */
const neverReady = (): Topology =>
  modern().wish((spec) => {
    Object.assign(spec.components.polling ?? {}, { image: `${spec.target.image}-badimage` });
    Object.assign(spec, { onFailure: "Rollback", progressDeadlineSeconds: 20 });
  });

const WRONG = "ceilometer-wrong";

/**
 * Collector and notification agents alone. It begins with the pipelines that are mounted; beside those that the example asks for there
 * are some without a source that the old agents have: what waits in its queue would never be read.
 */
function mispiped(): Topology {
  const whole = ["Deployment/ceilometer-central", "DaemonSet/ceilometer-compute", "Deployment/ceilometer-api"]
    .reduce((left, object) => left.without(object), changedPipeline())
    .wish(({ components, target }) => {
      delete components.polling;
      delete components.api;
      delete target.config;
    })
    .wish((spec) => Object.assign(spec, { approvals: [{ before: "notification" }] }));
  const right = whole.objects.find(({ metadata }) => metadata.name === RIGHT);
  const wrong = notification.edited(
    whole.with({ ...right, metadata: { name: WRONG } }),
    WRONG,
    "pipeline.yaml",
    (text) => text.replaceAll("meter_source", "other_source"),
  );
  return notification.treated(wrong.twin(...twinNames), { memberTimeoutSeconds: 1 });
}
const RIGHT = "ceilometer-ocata";

/** In place of a word that it may go on it is given pipelines that hold it; then those that were meant. */
async function correct(scene: Scene, patience: number): Promise<void> {
  await waits(scene, patience);
  const given = (name: string) => ({ config: { pipeline: { kind: "ConfigMap", name, key: "pipeline.yaml" } } });
  await scene.edit({ target: given(WRONG), approvals: null });
  await scene.until({ type: "Stalled", status: "True", reason: "DrainNotConfigured" }, { timeout: patience });
  await scene.edit({ target: given(RIGHT) });
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
  back: () => ({ options: full(modern()), broker: false, effects: 47, steer: goBack, endsElsewhere: true }),
  paused: () => ({ options: full(modern()), broker: false, effects: 26, steer: rest }),
  another: () => ({
    options: full(waiting(modern())),
    broker: false,
    effects: 35,
    steer: askForAnother,
    endsElsewhere: true,
  }),
  anew: () => ({ options: full(waiting(modern())), broker: false, effects: 38, steer: createAnew }),
  broken: () => ({
    options: full(neverReady()),
    broker: false,
    effects: 34,
    // That it has failed is written down.
    mayWaitFrom: 14,
    endsElsewhere: true,
    ends: { type: "Stalled", status: "True", reason: "RolledBack" },
  }),
  fixed: () => ({ options: restarted(mispiped(), 1), broker: false, effects: 27, steer: correct }),
};

/** Made once: thousands of plans ask for them, and each reads its example. */
const made = new Map<SceneName, CampaignScene>();
export function sceneOf(name: SceneName): CampaignScene {
  const scene = made.get(name) ?? makers[name]();
  made.set(name, scene);
  return scene;
}
