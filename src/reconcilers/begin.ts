/**
 * Before the first write. Everything is checked; then the resource gets its finalizer, because from now on something will be
 * borrowed; then the attempt record is written, and each target is claimed for it. Nothing disruptive happens here.
 */
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { answeredPlugins } from "../gates/accepted-risk.ts";
import { databaseDirection, schemaDirection } from "../gates/release-pair.ts";
import { targetClaimed } from "../gates/target-claimed.ts";
import { type Agent, agentText, atTarget, isDown, isRolledOut, oldPods } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Decision, GatesSeen } from "../model/decision.ts";
import { marksOf } from "../model/marks.ts";
import type { World } from "../model/observation.ts";
import type { Effect, Note, ObjectSeen, Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import { askImages } from "./ask-image.ts";
import { type Assessment, assess, unreadMounts } from "./assess.ts";
import { closeRecords, firstWrites } from "./attempt-writes.ts";
import { claim } from "./desired/workload-writes.ts";
import { dropFinalizer } from "./finish.ts";
import { checkInputs, type Inputs } from "./inputs.ts";
import { isolatedWorkloads } from "./isolated-group.ts";
import { hasMigrated, migrationJobName } from "./migration-jobs.ts";
import { bodyOf, fromRelease } from "./new-record.ts";
import { isOwnJob } from "./own-job.ts";
import { intervalThere } from "./polling-interval.ts";
import { preflight } from "./preflight.ts";
import { type Agents, allAgents, hasArrived, isRetired } from "./scene.ts";
import { namedButAbsent, type Resolved, resolveTargets } from "./targets.ts";
import { held, steps, unreadable, waiting } from "./tell.ts";

export function begin(world: World, target: Release, inputs: Inputs, resolved: Resolved): Decision {
  const { agents, left } = resolved;
  const all = allAgents(agents);
  const pending = steps(world, { agents, left });
  const checked = checkInputs(inputs, target);
  const unmet = [...resolved.violations, ...namedButAbsent(world)];
  if (unmet.length === 0 && inputs.digest !== undefined && isThereAlready(world, agents)) {
    return noChange(world, resolved, target);
  }
  const unread = unreadMounts(world);
  if (unread !== undefined) return unreadable([unread]);
  const asked = askImages(world, agents.polling, target);
  const assessed = assess(world, agents, target, inputs, asked.kind === "answered" ? asked.images : undefined);
  const checks = preflight(world, agents, target);
  const { findings, accepted } = answeredPlugins(world, [
    ...unmet,
    ...olderDatabase(world, resolved, target),
    ...checked,
    ...checks.findings,
    ...assessed.findings,
  ]);
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
  if (asked.kind === "failed") return held(world, [asked.violation], { ...told, phase: "Preflight" });
  if (asked.kind === "wait") return waiting("Preflight", asked.note, { ...told, ...asked.until });
  if (asked.kind === "ask") return { ...waiting("Preflight", asked.effect.why, told), effect: asked.effect };
  const longestIntervalSeconds = intervalThere(world, agents.polling, inputs, target);
  const acceptedRisks = [...assessed.acceptedRisks, ...checks.accepted, ...accepted];
  const facts = { hosts: checks.hosts, longestIntervalSeconds, assessed: { ...assessed, acceptedRisks } };
  // What was found of the files may ask for others than the resource names.
  const wanted = resolveTargets(world, target, assessed.files, undefined).agents;
  const body = bodyOf(world, target, wanted, inputs.digest, facts);
  const effect = firstWrites(world, assessed.copies, body);
  return { ...waiting("Progressing", effect.why, told), effect };
}

/** Agents that are asked for say by themselves whether the target is older; of the database they say nothing after a way back. */
const olderDatabase = (world: World, { agents, left }: Resolved, target: Release): readonly Violation[] =>
  allAgents(agents).length === 0
    ? databaseDirection(allAgents(left), world, target)
    : schemaDirection(world, target, (record) => hasMigrated(world, record));

/** What the two gates of a partial upgrade saw, for people. */
function gatesOf({ parity, polling }: Assessment, agents: readonly Agent[]): GatesSeen {
  const plans = agents.flatMap((agent) => {
    const plan = polling.get(agent.workload.metadata.uid);
    return plan === undefined ? [] : [{ object: agentText(agent), plan }];
  });
  return { polling: plans, ...(parity === undefined ? {} : { parity }) };
}

/**
 * Nothing is to be done, and nothing is out: an attempt that was left in the middle may hold workloads that this wish is not
 * about any more.
 */
export function isThereAlready(world: World, agents: Agents): boolean {
  const { uid } = world.upgrade.metadata;
  const holds = world.workloads.some(({ metadata }) => marksOf(metadata).claim?.upgrade === uid);
  if (holds || isolatedWorkloads(world).length > 0) return false;
  const all = allAgents(agents);
  return all.length === 0 ? isMigrated(world) : all.every(isThere);
}

/** A pod that is not available at the moment is no reason to begin: there is nothing to write that would make it so. */
function isThere(agent: Agent): boolean {
  if (agent.marks.borrowed !== undefined) return false;
  if (isRetired(agent)) return isDown(agent) && agent.pods.length === 0;
  const { kind, replicas } = agent.workload;
  // A DaemonSet has as many as there are hosts, whatever its component is given.
  const counted = kind === "DaemonSet" || agent.wanted.replicas === undefined || replicas === agent.wanted.replicas;
  return atTarget(agent) && oldPods(agent).length === 0 && counted;
}

/** Where no agent is asked for, the database is all there is to do, and only its Job says that it was done. */
function isMigrated({ jobs, upgrade }: World): boolean {
  if (upgrade.spec.components.database.action === "Skip") return true;
  const name = migrationJobName(upgrade);
  return jobs.some((job) => job.metadata.name === name && isOwnJob(job, upgrade) && job.state === "succeeded");
}

function noChange(world: World, { agents, left }: Resolved, target: Release): Decision {
  const all = allAgents(agents);
  const weak = all.filter((agent) => !isRetired(agent) && !isRolledOut(agent)).map(agentText);
  const besides = weak.length === 0 ? "" : `; not all pods of ${weak.join(", ")} are available at the moment`;
  const runs =
    all.length === 0
      ? "no workload is asked for, and the database is upgraded"
      : `every workload runs ${target.name} already`;
  const message = `${runs}; nothing was written${besides}`;
  const note: Note = { reason: "NoChange", message };
  const skipped = steps(world, { agents, left }).map((step) => ({
    ...step,
    outcome: step.outcome ?? ({ kind: "settled", skipped: true, note } as const),
  }));
  const told = {
    phase: "NoChange",
    headline: note,
    steps: skipped,
    findings: [],
    probes: [],
    from: target.name,
    rightWith: all.map(({ workload }) => seenAs(workload)),
  } as const;
  // Its record was deleted when the attempt had ended, and before the resource was let go.
  const isHeld = world.upgrade.metadata.finalizers.includes(FINALIZER);
  return isHeld ? { ...told, effect: closeRecords(world) ?? dropFinalizer(world) } : told;
}

const seenAs = ({ kind, metadata: { namespace, name, uid, generation } }: Agent["workload"]): ObjectSeen => ({
  ref: { kind, namespace, name },
  uid,
  generation,
});

/** Claims, in the order of their names, so that two resources that want the same workloads never wait for each other. */
export function nextClaim(world: World, record: AttemptRecord, agents: Agents): Effect | Violation | undefined {
  const all = allAgents(agents).toSorted((a, b) => (claimOrder(a) < claimOrder(b) ? -1 : 1));
  for (const agent of all) {
    const mine = agent.marks.claim;
    if (mine?.upgrade === world.upgrade.metadata.uid && mine.record === record.metadata.name) continue;
    if (agent.marks.completedPlan === record.plan && mine === undefined && hasArrived(agent)) continue;
    const taken = targetClaimed([agent], world);
    if (taken !== undefined) return taken;
    const why = { reason: "Claiming", message: "no other resource may work on it until this attempt has ended" };
    return claim(agent.workload, world.upgrade.metadata.uid, record.metadata.name, why);
  }
  return undefined;
}

const claimOrder = (agent: Agent): string => `${agent.workload.kind}/${agent.workload.metadata.name}`;
