/** Plays one plan to its end and judges it by every oracle; the undisturbed run of its scene is what it is compared with. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { specSchema } from "../../src/api/v1alpha1/schema.ts";
import type { Cluster, ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { startBroker } from "../e2e/broker.ts";
import { anonymous, settledState } from "../e2e/end-state.ts";
import { leftovers } from "../e2e/isolation.ts";
import type { Resource } from "../e2e/resource.ts";
import { inScene, isStatusWrite, type Scene, type SceneOptions } from "../e2e/scene.ts";
import { uniqueName } from "../e2e/shared-cluster.ts";
import { onTheWay } from "../e2e/verb-cases.ts";
import type { RecordedWrite } from "../support/fault-proxy.ts";
import type { Breach } from "../support/invariants.ts";
import { actsOf, auditAmongOthers, disturbAmongOthers, endAmongOthers, type Others } from "./among-others.ts";
import { isAlone } from "./campaigns.ts";
import { differencesOf } from "./differences.ts";
import { disturb } from "./disturb.ts";
import { disturbLeader, lossesIn, skewsOf } from "./leaders.ts";
import { disturbControlPlane, isOfPlan, refusalsIn, triesIn } from "./outages.ts";
import { durationOf, type Plan } from "./plan.ts";
import { podTemplates, specOf } from "./running.ts";
import { stepsBack, untrueReports } from "./said.ts";
import { type SceneName, sceneOf } from "./scenes.ts";
import { isTheirBreach, isTheirDifference, writesAllowed } from "./theirs.ts";
import { untruths } from "./truth.ts";

export interface Finding {
  readonly oracle:
    | "end" /** It ends at all, without a complaint in the log. */
    | "reached" /** What was planned has happened. */
    | "quiet" /** Afterwards nothing is written any more, and the report is not written again and again. */
    | "auditor" /** No invariant was broken on the way. */
    | "end state" /** It is that of the undisturbed run. */
    | "held" /** Where it waits for somebody, it says so, with object and remedy, and goes on when that is done. */
    | "truthful" /** In no report it says that it has succeeded while a workload is not at the target, or anything of a generation to come. */
    | "leftovers" /** Nothing that was made for a while is there. */
    | "single writer" /** Of several replicas one writes at a time, and those end that have to. */
    | "writes" /** Each object is written as often as in the undisturbed run, and no write is tried without end. */;
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
  /** How often each object was written, by method and path. */
  readonly made: Made;
}
type Made = ReadonlyMap<string, number>;

/** Milliseconds without a write that are taken for rest: status is written once a second while there is something to say. */
const REST = 2500;
/** Reports in that time: the last one, and one that says that a claim was given back. */
const LAST_REPORTS = 2;
/** Milliseconds in which an upgrade has to end, beside those for which something is wrong. */
const PATIENCE = 120_000;
/** What one fault may cost in writes that are tried again. */
const TRIES_PER_FAULT = 8;

const isCommitted = ({ committed }: RecordedWrite): boolean => committed !== undefined && committed < 300;
const committedOf = (scene: Scene): number => scene.effects().filter(isCommitted).length;

function madeIn(scene: Scene): Made {
  const counts = new Map<string, number>();
  for (const { method, path } of scene.effects().filter(isCommitted)) {
    const what = `${method} ${anonymous(scene, path.split("?")[0] ?? "")}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts;
}

/** Each object that was written more often, or less, than in the undisturbed run. */
function otherwiseMade(made: Made, reference: Made): readonly string[] {
  return [...new Set([...made.keys(), ...reference.keys()])].flatMap((what) => {
    const [times, usual] = [made.get(what) ?? 0, reference.get(what) ?? 0];
    return times === usual ? [] : [`${what} ${times} times, ${usual} in the undisturbed run`];
  });
}

/** What is written in so many milliseconds after the end, though nothing is left to be done or said. */
async function unrest(scene: Scene, milliseconds: number): Promise<readonly string[]> {
  const before = scene.writes().length;
  await pause(milliseconds);
  const after = scene.writes().slice(before);
  const reports = after.filter(isStatusWrite).length;
  return [
    ...(after.length > reports ? [`${after.length - reports} writes after the end`] : []),
    ...(reports > LAST_REPORTS ? [`${reports} reports in ${milliseconds / 1000} s after the end`] : []),
  ];
}

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

/**
 * @param rest for how many milliseconds it is watched after its end.
 * @throws where the undisturbed run itself is not as it must be: then nothing can be compared with it.
 */
export function undisturbed(name: SceneName, cluster: ClusterAccess, rest = REST): Promise<Reference> {
  return open(name, cluster, {}, async (scene) => {
    await scene.apply();
    const { steer, effects } = sceneOf(name);
    await steer?.(scene, PATIENCE);
    const state = await settled(scene, name, PATIENCE);
    const breaches = await judged(scene, name);
    if (breaches.length > 0) throw new Error(`the undisturbed ${name}: ${JSON.stringify(breaches)}`);
    const untrue = untruthsOnTheWay(scene);
    if (untrue.length > 0) throw new Error(`the undisturbed ${name}: ${untrue.join("; ")}`);
    const restless = await unrest(scene, rest);
    if (restless.length > 0) throw new Error(`the undisturbed ${name}: ${restless.join(", ")}`);
    const committed = committedOf(scene);
    if (committed !== effects)
      throw new Error(`the undisturbed ${name} has ${committed} writes; test/campaign/scenes.ts says ${effects}`);
    return { state, committed, made: madeIn(scene) };
  });
}

function settled(scene: Scene, name: SceneName, timeout: number): Promise<unknown> {
  const { ends } = sceneOf(name);
  return settledState(scene, { timeout, ...(ends === undefined ? {} : { says: ends }) });
}

/** Where it ends elsewhere templates come that the auditor does not know as the target's, and it does not judge the end. */
const judged = async (scene: Scene, name: SceneName): Promise<readonly Breach[]> =>
  sceneOf(name).endsElsewhere === true ? onTheWay(await scene.verdict({ ended: false })) : scene.verdict();

/** An answer that refuses is told in the log as what it is. */
const refusesInPlan = ({ steps }: Plan): boolean =>
  steps.some(({ fault }) => "status" in fault && [401, 403, 422].includes(fault.status));

/** While watches tell nothing, or tell it late, every write may be decided on something older again and again. */
function triesAllowed({ steps }: Plan, { committed }: Reference): number {
  const isLate = new Set(["watchesLate", "watchesFrozen", "readsFallBehind", "readsMoveBehind"]);
  const each = steps.map((step) => (isLate.has(step.fault.kind) ? committed : 1) * TRIES_PER_FAULT + triesIn(step));
  return each.reduce((sum, tries) => sum + tries, 0);
}

/** Where watches are late to the end, as many things may be waited for, one after another, as writes are made. */
const latenessOf = ({ steps }: Plan, { committed }: Reference): number =>
  steps.reduce((sum, { fault }) => sum + (fault.kind === "watchesLate" ? fault.milliseconds * committed : 0), 0);

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

const countedIn = (scene: Scene): Pick<Played, "tried" | "committed"> => ({
  tried: scene.effects().length,
  committed: committedOf(scene),
});

/** What must be so at the end of every run, whatever went wrong on its way. */
async function wrongInTheEnd(
  scene: Scene,
  plan: Plan,
  reference: Reference,
  state: unknown,
): Promise<readonly Finding[]> {
  const of = (oracle: Finding["oracle"], messages: readonly string[]): readonly Finding[] =>
    messages.map((message) => ({ oracle, message }));
  const quiet = await unrest(scene, REST);
  const resource = await scene.resource();
  return [
    ...of("quiet", quiet),
    ...of("truthful", resource === undefined ? [] : await untruthsNow(scene, resource)),
    ...of("end state", differing(reference.state, state, plan)),
    ...of("leftovers", await leftovers(scene)),
    ...of("writes", miscounted(countedIn(scene), plan, reference)),
    // What others took away is made again.
    ...of("writes", actsOf(plan).length > 0 ? [] : otherwiseMade(madeIn(scene), reference.made)),
  ];
}

const untruthsNow = async (scene: Scene, resource: Resource): Promise<readonly string[]> =>
  untruths(resource, specSchema.safeParse(await specOf(scene)).data, await podTemplates(scene));

/** Of every report on the way; to be asked when the auditor has seen everything. */
function untruthsOnTheWay(scene: Scene): readonly string[] {
  const writes = scene.writes().toSorted((a, b) => a.at - b.at);
  // What was forgotten by the server nobody has seen change.
  const untrue = scene.auditor.gaps() > 0 ? [] : untrueReports(writes, scene.auditor.facts);
  return [...untrue, ...stepsBack(writes)];
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
      const patience = PATIENCE + durationOf(plan) + latenessOf(plan, reference);
      await sceneOf(plan.scene).steer?.(scene, patience);
      const state =
        others === undefined ? await settled(scene, plan.scene, patience) : await endAmongOthers(scene, others, found);
      await disturbance.over();
      await outages?.around("after-commit");
      findings.push(...(await wrongInTheEnd(scene, plan, reference, state)));
      for (const step of disturbance.left) found("reached", `never came: ${JSON.stringify(step)}`);
      for (const wrong of disturbance.judged?.() ?? []) found(hasReplicas ? "single writer" : "end", wrong);
      const breaches = laidOut(await judged(scene, plan.scene), plan, others);
      theirs.push(...breaches.theirs.map((breach) => JSON.stringify(breach)));
      for (const breach of breaches.ours) found("auditor", JSON.stringify(breach));
      // With others in it, what was true when it was decided may not be when it is stored, and steps begin again.
      if (others === undefined) for (const untruth of untruthsOnTheWay(scene)) found("truthful", untruth);
      counted = countedIn(scene);
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
