/**
 * Before the first write. Everything is checked; then the resource gets its finalizer, because from now on something will be
 * borrowed; then the attempt record is written, and each target is claimed for it. Nothing disruptive happens here.
 */
import { ANNOTATION, FINALIZER } from "../api/v1alpha1/names.ts";
import { releaseOf } from "../gates/release-pair.ts";
import { targetClaimed } from "../gates/target-claimed.ts";
import {
  type Agent,
  agentText,
  atTarget,
  isDown,
  isRolledOut,
  nodeSelectorBefore,
  replicasBefore,
} from "../model/agent.ts";
import type { AttemptRecord, RecordBody, RecordedParity, RecordedTarget } from "../model/attempt.ts";
import type { Decision, GatesSeen } from "../model/decision.ts";
import { canonicalJson, digest } from "../model/digest.ts";
import type { ConfigurationCopy, Upgrade, World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import { formatTime } from "../model/time.ts";
import { askImage } from "./ask-image.ts";
import { type Assessment, assess, unreadMounts } from "./assess.ts";
import { migrationJobName } from "./database.ts";
import { attemptRecord } from "./desired/attempt-record.ts";
import { claim } from "./desired/workload-writes.ts";
import { checkInputs, type Inputs, type WantedCopy } from "./inputs.ts";
import { preflight } from "./preflight.ts";
import { type Agents, allAgents, hasArrived, isRetired } from "./scene.ts";
import { type Resolved, resolveTargets } from "./targets.ts";
import { held, steps, unreadable, waiting } from "./tell.ts";

/** The version of the rules below and of the release facts: another version is another plan. */
const RULES_VERSION = 1;

export function begin(world: World, target: Release, inputs: Inputs, resolved: Resolved): Decision {
  const { agents, left } = resolved;
  const all = allAgents(agents);
  const pending = steps(world, { agents, left });
  const checked = checkInputs(inputs, target);
  if (resolved.violations.length === 0 && inputs.digest !== undefined && isThereAlready(world, agents)) {
    return noChange(world, resolved, target);
  }
  const unread = unreadMounts(world);
  if (unread !== undefined) return unreadable([unread]);
  const image = askImage(world, agents.polling, target);
  const assessed = assess(world, agents, target, inputs, image.kind === "answered" ? image.pollsters : undefined);
  const checks = preflight(world, agents, target);
  const findings = [...resolved.violations, ...checked.violations, ...checks.findings, ...assessed.findings];
  const errors = findings.filter((finding) => finding.severity === "Error");
  const from = fromRelease(all, world);
  const told = {
    steps: pending,
    findings,
    probes: checks.asked,
    gates: gatesOf(assessed, all),
    ...(from === undefined ? {} : { from }),
  };
  const [error] = errors;
  if (error !== undefined || inputs.digest === undefined) return held(world, errors, { ...told, phase: "Preflight" });

  const taken = targetClaimed(all, world);
  if (taken !== undefined) {
    const note = {
      reason: taken.reason,
      message: `${taken.object}: ${taken.message}; ${taken.remedy}`,
      object: taken.object,
    };
    return waiting("Preflight", note, told);
  }
  if (checks.open > 0) {
    const message = `asking ${checks.open} questions before anything is written`;
    return waiting("Preflight", { reason: "Checking", message }, told);
  }
  if (world.upgrade.spec.paused) {
    return waiting("Paused", { reason: "Paused", message: "paused before the first step, as spec.paused says" }, told);
  }
  if (image.kind === "failed") return held(world, [image.violation], { ...told, phase: "Preflight" });
  if (image.kind === "wait") return waiting("Preflight", image.note, told);
  if (image.kind === "ask") return { ...waiting("Preflight", image.effect.why, told), effect: image.effect };
  const facts = { hosts: checks.hosts, longestIntervalSeconds: checked.longestIntervalSeconds, assessed };
  // What was found of the files may ask for others than the resource names.
  const wanted = resolveTargets(world, target, assessed.files, undefined).agents;
  const body = bodyOf(world, target, wanted, inputs.digest, facts);
  const effect = firstWrites(world, assessed.copies, body);
  return { ...waiting("Progressing", effect.why, told), effect };
}

/** What the two gates of a partial upgrade saw, for people. */
function gatesOf({ parity, polling }: Assessment, agents: readonly Agent[]): GatesSeen {
  const plans = agents.flatMap((agent) => {
    const plan = polling.get(agent.workload.metadata.uid);
    return plan === undefined ? [] : [{ object: agentText(agent), plan }];
  });
  return { polling: plans, ...(parity === undefined ? {} : { parity }) };
}

/** The release that most of the work starts from: that of the first workload, in the order of the components. */
export function fromRelease(all: readonly Agent[], world: World): string | undefined {
  for (const agent of all) {
    const recorded = agent.recorded?.release ?? releaseOf(agent, world.upgrade.spec.from?.release)?.name;
    if (recorded !== undefined) return recorded;
  }
  return undefined;
}

function isThereAlready(world: World, agents: Agents): boolean {
  return allAgents(agents).every((agent) => {
    if (agent.marks.borrowed !== undefined || agent.marks.claim?.upgrade === world.upgrade.metadata.uid) return false;
    if (isRetired(world, agent)) return isDown(agent) && agent.pods.length === 0;
    const counted = agent.wanted.replicas === undefined || agent.workload.replicas === agent.wanted.replicas;
    return atTarget(agent) && isRolledOut(agent) && counted;
  });
}

function noChange(world: World, { agents, left }: Resolved, target: Release): Decision {
  const message = `every workload runs ${target.name} already; nothing was written`;
  const note: Note = { reason: "NoChange", message };
  const skipped = steps(world, { agents, left }).map((step) => ({
    ...step,
    outcome: step.outcome ?? ({ kind: "settled", skipped: true, note } as const),
  }));
  return { phase: "NoChange", headline: note, steps: skipped, findings: [], probes: [], from: target.name };
}

/** What has to be there before a workload may be touched, one write at a time, in this order. */
function firstWrites(world: World, copies: readonly WantedCopy[], body: NewRecord): Effect {
  const { upgrade } = world;
  const open = world.records.find((record) => record.ended === undefined);
  if (open !== undefined) return supersede(world, open);
  if (!upgrade.metadata.finalizers.includes(FINALIZER)) return addFinalizer(upgrade);
  const copy = copies.find((each) => !world.copies.some((there) => isCopy(there, each)));
  if (copy !== undefined) {
    const object = `ConfigMap/${copy.name}`;
    const message = `keep the content of the configuration in ${object}, which can never change`;
    return { kind: "create", object: copy.object, why: { reason: "CopyingConfiguration", message, object } };
  }
  const plan = planHash(body);
  const reopened = world.records.find((record) => record.plan === plan);
  if (reopened !== undefined) return reopen(world, reopened);
  const object = attemptRecord(upgrade, { ...body, plan, startedAt: formatTime(world.now) });
  const message = `start from ${body.from ?? "an unknown release"} to ${body.to}: record what is true before the first write`;
  const name = `ConfigMap/${object.metadata.name}`;
  return { kind: "create", object, why: { reason: "AttemptStarted", message, clause: "I9", object: name } };
}

/** Copies outlive the resource that they were made for, because pods mount them: one with this content is as good as ours. */
function isCopy(there: ConfigurationCopy, wanted: WantedCopy): boolean {
  return there.name === wanted.name && there.immutable && there.digests.get(wanted.key) === wanted.digest;
}

/** Agents that do not share their work, on pipelines that are the same: there is nothing to decide on, nor to be told. */
const saysNothing = ({ state, differences }: RecordedParity): boolean =>
  state === "NotPartitioned" && differences.length === 0;

type NewRecord = Omit<RecordBody, "plan" | "startedAt">;

/** Everything that will not be on the cluster any more once the first write is made. */
function bodyOf(
  world: World,
  target: Release,
  agents: Agents,
  inputs: string,
  facts: {
    readonly hosts: ReadonlyMap<string, readonly string[]>;
    readonly longestIntervalSeconds: number;
    readonly assessed: Assessment;
  },
): NewRecord {
  const { upgrade } = world;
  const { files, parity, polling, acceptedRisks } = facts.assessed;
  const all = allAgents(agents);
  const from = fromRelease(all, world);
  const { only = [] } = upgrade.spec;
  return {
    inputs,
    ...(from === undefined ? {} : { from }),
    to: target.name,
    ...(upgrade.spec.components.database.action === "Skip" ? {} : { databaseJob: migrationJobName(upgrade) }),
    ...(parity === undefined || saysNothing(parity) ? {} : { parity }),
    ...(only.length === 0 ? {} : { only: only.toSorted() }),
    ...(acceptedRisks.length === 0 ? {} : { acceptedRisks: acceptedRisks.map((risk) => ({ ...risk })) }),
    files,
    longestIntervalSeconds: facts.longestIntervalSeconds,
    targets: all.map((agent) => {
      const plan = polling.get(agent.workload.metadata.uid);
      const target = recorded(agent, world, hostsOf(agent, world, facts.hosts));
      return plan === undefined ? target : { ...target, polling: plan };
    }),
  };
}

/** Hosts for a first agent. One that an earlier attempt has taken down runs nowhere now: that attempt knows where it ran. */
function hostsOf(agent: Agent, world: World, seen: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const { uid } = agent.workload.metadata;
  const now = seen.get(uid) ?? [];
  if (!isDown(agent) && now.length > 0) return now;
  const before = world.records.flatMap((record) => record.targets.find((each) => each.uid === uid)?.hosts ?? []);
  return [...new Set([...now, ...before])];
}

/** The plan: the wish, and the images and configuration that it starts from. Hosts and times do not change it. */
function planHash(body: NewRecord): string {
  const targets = body.targets.map(({ hosts, replicas, nodeSelector, ...steady }) => steady);
  return digest({ rules: RULES_VERSION, ...body, targets }).slice(0, 16);
}

function recorded(agent: Agent, world: World, hosts: readonly string[]): RecordedTarget {
  const { workload, container } = agent;
  const release = releaseOf(agent, world.upgrade.spec.from?.release);
  const sources = (workload.template.spec.volumes ?? []).flatMap((volume): [string, string][] => {
    if (volume.configMap !== undefined) return [[volume.name, `ConfigMap/${volume.configMap.name}`]];
    if (volume.secret !== undefined) return [[volume.name, `Secret/${volume.secret.secretName}`]];
    return [];
  });
  return {
    component: agent.component,
    kind: workload.kind,
    name: workload.metadata.name,
    uid: workload.metadata.uid,
    container: container.name,
    image: container.image,
    ...(release === undefined ? {} : { release: release.name }),
    targetImage: agent.wanted.image,
    ...(workload.kind === "DaemonSet" ? {} : { replicas: replicasBefore(agent) }),
    nodeSelector: nodeSelectorBefore(agent),
    strategy: workload.strategy,
    sources: Object.fromEntries(sources),
    hosts: [...hosts],
  };
}

export function addFinalizer(upgrade: Upgrade): Effect {
  const { namespace, name, uid, resourceVersion, finalizers } = upgrade.metadata;
  const why = {
    reason: "Holding",
    message: "what will be borrowed is given back before the resource can go",
    clause: "I9",
  };
  return {
    kind: "annotate",
    ref: { kind: "CeilometerUpgrade", namespace, name },
    uid,
    resourceVersion,
    metadata: { finalizers: [...finalizers, FINALIZER] },
    why: { ...why, object: `CeilometerUpgrade/${name}` },
  };
}

function annotateRecord(
  record: AttemptRecord,
  annotations: Readonly<Record<string, string | null>>,
  why: Note,
): Effect {
  const { namespace, name, uid, resourceVersion } = record.metadata;
  const ref = { kind: "ConfigMap", namespace, name };
  return {
    kind: "annotate",
    ref,
    uid,
    resourceVersion,
    metadata: { annotations },
    why: { ...why, object: `ConfigMap/${name}` },
  };
}

function supersede(world: World, record: AttemptRecord): Effect {
  const message = `the wish has changed: the attempt ${record.metadata.name} is left where it is, and a new one starts from there`;
  return annotateRecord(
    record,
    { [ANNOTATION.ended]: endedMark(world, "Superseded") },
    { reason: "Replanned", message },
  );
}

function reopen(world: World, record: AttemptRecord): Effect {
  const message = `back to the plan of ${record.metadata.name} of ${world.upgrade.metadata.name}`;
  return annotateRecord(record, { [ANNOTATION.ended]: null }, { reason: "Replanned", message });
}

export function endedMark(world: World, state: "Completed" | "Superseded"): string {
  return canonicalJson({ state, at: formatTime(world.now), retry: world.upgrade.spec.retryAttempt });
}

export { annotateRecord };

/** Claims, in the order of their names, so that two resources that want the same workloads never wait for each other. */
export function nextClaim(world: World, record: AttemptRecord, agents: Agents): Effect | Violation | undefined {
  const all = allAgents(agents).toSorted((a, b) => (claimOrder(a) < claimOrder(b) ? -1 : 1));
  for (const agent of all) {
    const mine = agent.marks.claim;
    if (mine?.upgrade === world.upgrade.metadata.uid && mine.record === record.metadata.name) continue;
    if (agent.marks.completedPlan === record.plan && mine === undefined && hasArrived(world, agent)) continue;
    const taken = targetClaimed([agent], world);
    if (taken !== undefined) return taken;
    const why = { reason: "Claiming", message: "no other resource may work on it until this attempt has ended" };
    return claim(agent.workload, world.upgrade.metadata.uid, record.metadata.name, why);
  }
  return undefined;
}

const claimOrder = (agent: Agent): string => `${agent.workload.kind}/${agent.workload.metadata.name}`;
