/** Plays one plan to its end and judges it by every oracle; the undisturbed run of its scene is what it is compared with. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Cluster, ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { startBroker } from "../e2e/broker.ts";
import { settledState } from "../e2e/end-state.ts";
import { leftovers } from "../e2e/isolation.ts";
import { inScene, type Scene, type SceneOptions } from "../e2e/scene.ts";
import { uniqueName } from "../e2e/shared-cluster.ts";
import type { RecordedWrite } from "../support/fault-proxy.ts";
import type { Breach } from "../support/invariants.ts";
import { actsOf, auditAmongOthers, disturbAmongOthers, endAmongOthers, type Others } from "./among-others.ts";
import { isAlone } from "./campaigns.ts";
import { differencesOf } from "./differences.ts";
import { disturb } from "./disturb.ts";
import { disturbLeader, lossesIn, skewsOf } from "./leaders.ts";
import { disturbControlPlane, isOfPlan, refusalsIn, triesIn } from "./outages.ts";
import type { Plan } from "./plan.ts";
import { type SceneName, sceneOf } from "./scenes.ts";
import { isTheirBreach, isTheirDifference, writesAllowed } from "./theirs.ts";

export interface Finding {
  readonly oracle:
    | "end" /** It ends at all, without a complaint in the log. */
    | "reached" /** What was planned has happened. */
    | "quiet" /** Afterwards nothing is written any more. */
    | "auditor" /** No invariant was broken on the way. */
    | "end state" /** It is that of the undisturbed run. */
    | "held" /** Where it waits for somebody, it says so, with object and remedy, and goes on when that is done. */
    | "truthful" /** It does not say that it has succeeded while a workload is not at the target. */
    | "leftovers" /** Nothing that was made for a while is there. */
    | "single writer" /** Of several replicas one writes at a time, and those end that have to. */
    | "writes" /** No write is made twice, and none is tried without end. */;
  readonly message: string;
}

export interface Played {
  readonly findings: readonly Finding[];
  /** Where there are findings: what the auditor saw, what was written and what the operator said. */
  readonly evidence?: unknown;
  readonly tried: number;
  readonly committed: number;
  /** Breaches that were laid to somebody else's act. */
  readonly theirs: readonly string[];
}

export interface Reference {
  readonly state: unknown;
  readonly committed: number;
}

/** Milliseconds without a write that are taken for rest: status is written once a second while there is something to say. */
const REST = 2500;
/** What one fault may cost in writes that are tried again. */
const TRIES_PER_FAULT = 8;

const isCommitted = ({ committed }: RecordedWrite): boolean => committed !== undefined && committed < 300;
const committedOf = (scene: Scene): number => scene.effects().filter(isCommitted).length;

async function open<T>(
  name: SceneName,
  cluster: ClusterAccess,
  more: Partial<SceneOptions>,
  play: (scene: Scene) => Promise<T>,
): Promise<T> {
  const { options, broker: isAsked } = sceneOf(name);
  await using broker = isAsked ? await startBroker(0) : undefined;
  const flags = broker === undefined ? [] : ["--providers", broker.providers];
  return await inScene({ ...options, flags, cluster, ...more }, play);
}

/** @throws where the undisturbed run itself is not as it must be: then nothing can be compared with it. */
export function undisturbed(name: SceneName, cluster: ClusterAccess): Promise<Reference> {
  return open(name, cluster, {}, async (scene) => {
    await scene.apply();
    const state = await settledState(scene);
    const breaches = await scene.verdict();
    if (breaches.length > 0) throw new Error(`the undisturbed ${name}: ${JSON.stringify(breaches)}`);
    const committed = committedOf(scene);
    const { effects } = sceneOf(name);
    if (committed !== effects)
      throw new Error(`the undisturbed ${name} has ${committed} writes; test/campaign/scenes.ts says ${effects}`);
    return { state, committed };
  });
}

/** An answer that refuses is told in the log as what it is. */
const refusesInPlan = ({ steps }: Plan): boolean =>
  steps.some(({ fault }) => "status" in fault && [401, 403, 422].includes(fault.status));

/** While watches tell nothing, or tell it late, every write may be decided on something older again and again. */
function triesAllowed({ steps }: Plan, { committed }: Reference): number {
  const isLate = new Set(["watchesLate", "watchesFrozen"]);
  const each = steps.map((step) => (isLate.has(step.fault.kind) ? committed : 1) * TRIES_PER_FAULT + triesIn(step));
  return each.reduce((sum, tries) => sum + tries, 0);
}

/** With others in it, what they took back may be made again; else every write is made once, and may be tried more often. */
function miscounted(
  { tried, committed }: Pick<Played, "tried" | "committed">,
  plan: Plan,
  reference: Reference,
): readonly string[] {
  const acts = actsOf(plan);
  const most = acts.length > 0 ? writesAllowed(acts, reference.committed) : reference.committed;
  const least = acts.length > 0 ? 0 : reference.committed;
  const allowed = most + triesAllowed(plan, reference);
  return [
    ...(committed >= least && committed <= most
      ? []
      : [`${committed} were made, ${reference.committed} in the undisturbed run`]),
    ...(tried <= allowed ? [] : [`${tried} were tried, ${allowed} are allowed`]),
  ];
}

/** All that differs, in one text. */
function differing(wanted: unknown, is: unknown, plan: Plan): readonly string[] {
  const acts = actsOf(plan);
  const differences = differencesOf(wanted, is).filter((each) => !isTheirDifference(each, acts));
  return differences.length === 0 ? [] : [differences.join("\n")];
}

/** What somebody else's act explains is laid to it. */
function laidOut(breaches: readonly Breach[], plan: Plan, others: Others | undefined) {
  const { theirs = [], ours = [] } = Object.groupBy(
    breaches.filter((breach) => !isOfPlan(plan, breach)),
    (breach) => (others !== undefined && isTheirBreach(breach, others.performed) ? "theirs" : "ours"),
  );
  return { theirs, ours };
}

/** @param own the same control plane, where it belongs to this plan alone: real outages need that. */
export async function play(plan: Plan, reference: Reference, cluster: ClusterAccess, own?: Cluster): Promise<Played> {
  const findings: Finding[] = [];
  const found = (oracle: Finding["oracle"], message: string): number => findings.push({ oracle, message });
  const theirs: string[] = [];
  let counted = { tried: 0, committed: 0 };
  let evidence: unknown;
  const hasReplicas = plan.campaign === "C6";
  const disturbOperator = hasReplicas ? disturbLeader : disturb;
  const losses = lossesIn(plan);
  const acts = actsOf(plan);
  const refusals = refusalsIn(plan);
  const more = {
    ...(refusesInPlan(plan) ? { expected: /injected by the fault proxy/ } : {}),
    ...(losses === undefined ? {} : { expected: losses }),
    ...(refusals === undefined ? {} : { expected: refusals }),
    ...(isAlone(plan) ? { gaps: true, tokenFile: join(cluster.dir, uniqueName("token")) } : {}),
    ...(acts.length > 0 ? { audit: auditAmongOthers(plan) } : {}),
    ...(hasReplicas ? { replicas: skewsOf(plan) } : {}),
  };
  try {
    await open(plan.scene, cluster, more, async (scene) => {
      const outages = isAlone(plan) ? disturbControlPlane(scene, plan, owned(own)) : undefined;
      const others = acts.length > 0 ? disturbAmongOthers(scene, plan) : undefined;
      const disturbance = outages ?? others ?? disturbOperator(scene, plan);
      await outages?.around("before");
      await scene.apply();
      await outages?.calm;
      const state = others === undefined ? await settledState(scene) : await endAmongOthers(scene, others, found);
      await disturbance.over();
      await outages?.around("after-commit");
      const before = scene.effects().length;
      await pause(REST);
      const after = scene.effects().length - before;
      if (after > 0) found("quiet", `${after} writes after the end`);
      for (const step of disturbance.left) found("reached", `never came: ${JSON.stringify(step)}`);
      for (const wrong of disturbance.judged?.() ?? []) found(hasReplicas ? "single writer" : "end", wrong);
      const breaches = laidOut(await scene.verdict(), plan, others);
      theirs.push(...breaches.theirs.map((breach) => JSON.stringify(breach)));
      for (const breach of breaches.ours) found("auditor", JSON.stringify(breach));
      for (const wrong of differing(reference.state, state, plan)) found("end state", wrong);
      for (const left of await leftovers(scene)) found("leftovers", left);
      counted = { tried: scene.effects().length, committed: committedOf(scene) };
      for (const wrong of miscounted(counted, plan, reference)) found("writes", wrong);
      if (findings.length > 0) evidence = evidenceOf(scene);
    });
  } catch (error) {
    found("end", error instanceof Error ? error.message : String(error));
  }
  return { findings, theirs, ...counted, ...(evidence === undefined ? {} : { evidence }) };
}

const evidenceOf = (scene: Scene): unknown => ({
  namespace: scene.namespace,
  writes: scene.writes(),
  facts: scene.auditor.facts,
  log: scene.logged(),
});

function owned(cluster: Cluster | undefined): Cluster {
  if (cluster === undefined) throw new Error("a real outage needs a control plane of its own");
  return cluster;
}
