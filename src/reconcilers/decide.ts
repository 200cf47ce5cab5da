/**
 * The operator is this function: what was seen in, one write at most out. It reads no clock, keeps no memory and asks nobody;
 * the same observation always gives the same decision.
 */

import { ANNOTATION, FINALIZER } from "../api/v1alpha1/names.ts";
import type { Spec } from "../api/v1alpha1/schema.ts";
import { databaseFirst } from "../gates/database-first.ts";
import { agentText, atTarget, isRolledOut, oldPods } from "../model/agent.ts";
import { type AttemptRecord, type Back, foremostFirst, isLater } from "../model/attempt.ts";
import { COMPONENT_WORDS, type Component } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import { canonicalJson } from "../model/digest.ts";
import { marksOf } from "../model/marks.ts";
import { type Observation, readWorld, type World } from "../model/observation.ts";
import { assertNever, type Effect, type Outcome, type Violation } from "../model/outcome.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { type Requests, readRequests } from "../model/verb-requests.ts";
import { definitionFiles } from "./assess-definitions.ts";
import { addFinalizer, annotateRecord, holdRecord, keptCopies, remakeCopy, supersedeOthers } from "./attempt-writes.ts";
import { begin, isThereAlready, nextClaim } from "./begin.ts";
import { finish, finished } from "./finish.ts";
import { giveEverythingBack, returnStrays } from "./give-back.ts";
import { type Inputs, readInputs, type WantedCopy } from "./inputs.ts";
import { fromRelease } from "./new-record.ts";
import { nextDoubt } from "./progress.ts";
import { isOutStill, isTakenBack, revertOf } from "./revert.ts";
import { type Agents, allAgents, hasBegun, type Scene } from "./scene.ts";
import { type Step, sequence } from "./sequence.ts";
import { guard, standing } from "./stand-still.ts";
import { meantForOthers, steered, takeRequests } from "./steering.ts";
import { type Resolved, resolveTargets } from "./targets.ts";
import { held, steps, type Told, unreadable, waiting } from "./tell.ts";
import { beginBack, failureOf, leftBehind, nothingToUndo, resolveBack } from "./way-back.ts";

export function decide(seen: Observation): Decision {
  const world = readWorld(seen);
  if ("unreadable" in world) return unreadable(world.unreadable);
  if (world.upgrade.metadata.deletingSince !== undefined) return giveEverythingBack(world);

  const target = parseRelease(world.upgrade.spec.target.release);
  if (target === undefined) return unknownTarget(world);
  const inputs = readInputs(world);
  if (inputs.unreadable !== undefined) return unreadable([inputs.unreadable]);
  const requests = readRequests(world.upgrade.metadata);
  const record = currentRecord(world, inputs.digest) ?? goingBack(world, inputs, requests);
  const asked = steered(world, record, requests);
  const decision = decideOn(asked, target, inputs, record);
  const findings = [...decision.findings, ...requests.invalid, ...meantForOthers(world, record, requests)];
  const told = { ...decision, findings, spec: asked.upgrade.spec };
  const effect = takeRequests(world, record, requests);
  return effect === undefined ? told : { ...told, effect };
}

/** With a spec that says all that is asked, by whatever way. */
function decideOn(world: World, target: Release, inputs: Inputs, record: AttemptRecord | undefined): Decision {
  const { spec } = world.upgrade;
  const current = record !== undefined && isCurrent(record, spec) ? record : undefined;
  const isOver = current !== undefined && hasEnded(current, spec) && !isHolding(world, current);
  if (spec.abort && !spec.rollback && !isOver) return aborted(world, target, inputs, current);
  if (current === undefined) return start(world, target, inputs, record);
  if (current.back !== undefined) return goBack(world, current, isOver);
  if (spec.rollback)
    return beginBack(world, { of: current, ...askedBy(world, current) }, inputs.digest ?? current.inputs);

  const resolved = resolveTargets(world, target, current.files, current);
  if (isOver) return finished(world, current, resolved);
  if (resolved.violations.length > 0) {
    const told = { steps: steps(world, resolved, undefined, current), record: current };
    return held(world, resolved.violations, told);
  }
  const { agents, left } = resolved;
  if (isOutdated(world, current, agents)) return start(world, target, inputs, record);
  return proceed({ world, record: current, agents, left, target }, [...inputs.copies, ...keptCopies(world, current)]);
}

/** What it was made for, or what it has made, is not there any more: its beginning looks again. */
const isOutdated = (world: World, record: AttemptRecord, agents: Agents): boolean =>
  lacksFiles(world, record, agents) || hasStrangers(record, agents);

/**
 * An attempt that had ended has removed the files that it derived. Where agents have left the target since and a retry brings
 * them back, its beginning makes these files again.
 */
function lacksFiles({ copies }: World, { targets }: AttemptRecord, agents: Agents): boolean {
  const names = new Set(copies.map(({ name }) => name));
  const derived = targets.flatMap(({ polling }) => [polling?.narrow, polling?.isolated?.file]);
  const isGone = derived.some((file) => file !== undefined && !names.has(file.object));
  return isGone && agents.polling.some((agent) => !atTarget(agent));
}

/**
 * A workload that somebody deleted and made anew is another one: what it polls, what is new to it and on which hosts it ran was
 * never looked at, so it is not brought to the target by a plan that was made for its predecessor.
 */
function hasStrangers({ targets }: AttemptRecord, agents: Agents): boolean {
  const known = new Set(targets.map(({ uid }) => uid));
  return allAgents(agents).some((agent) => !known.has(agent.workload.metadata.uid) && !atTarget(agent));
}

/** A way back that was asked for by the spec is wanted as long as the spec says so, and one that has ended until a retry. */
function isCurrent({ back, ended }: AttemptRecord, { rollback, retryAttempt }: Spec): boolean {
  if (back === undefined || back.by === "Revert" || rollback) return true;
  return ended === undefined ? back.by !== "Spec" : ended.retry >= retryAttempt;
}

/** It has ended, and nothing asks for more of it. */
function hasEnded({ ended, back }: AttemptRecord, { rollback, retryAttempt }: Spec): boolean {
  if (ended === undefined || ended.state === "Superseded") return false;
  return ended.retry >= retryAttempt || (back !== undefined && rollback);
}

/**
 * It still works on a workload: every one is let go before an attempt ends, so whoever says that it has ended is wrong, and to
 * believe it would leave agents down.
 */
function isHolding({ upgrade, workloads }: World, { metadata }: AttemptRecord): boolean {
  return workloads.some((workload) => {
    const { claim } = marksOf(workload.metadata);
    return claim?.upgrade === upgrade.metadata.uid && claim.record === metadata.name;
  });
}

/** With all files that it gives: where definitions go is read off the agents that are to get them. */
function resolveWish(world: World, target: Release, inputs: Inputs): Resolved {
  const resolved = resolveTargets(world, target, inputs.files, undefined);
  if (inputs.definitions.length === 0) return resolved;
  const definitions = definitionFiles(world, resolved.agents, target, inputs);
  return resolveTargets(world, target, { ...inputs.files, definitions }, undefined);
}

/** No attempt of this wish is under way. */
function start(world: World, target: Release, inputs: Inputs, former: AttemptRecord | undefined): Decision {
  const resolved = resolveWish(world, target, inputs);
  const revert = former === undefined ? revertOf(world, target) : undefined;
  if (revert !== undefined && inputs.digest !== undefined && !isTakenBack(world, revert)) {
    const isThere = isThereAlready(world, resolved.agents) && !isOutStill(world, revert);
    // Where no agent is asked for, none is brought back.
    if (!isThere && allAgents(resolved.agents).length > 0) return beginBack(world, revert, inputs.digest);
  }
  if (world.upgrade.spec.rollback) return nothingToUndo(world, resolved);
  return begin(world, target, inputs, resolved);
}

function askedBy({ upgrade }: World, { verbs }: AttemptRecord): { readonly by: Back["by"]; readonly why: string } {
  if (verbs.rollback !== undefined) return verbs.rollback;
  return { by: "Spec", why: `spec.rollback of ${upgrade.metadata.name} asks for it` };
}

function goBack(world: World, record: AttemptRecord, isOver: boolean): Decision {
  const back = resolveBack(world, record);
  const resolved = { ...back, left: leftBehind(world, record) ?? back.left };
  if (isOver) return finished(world, record, resolved);
  const target = parseRelease(record.to);
  if (resolved.violations.length > 0 || target === undefined) {
    const told = { steps: steps(world, resolved, undefined, record), record };
    return held(world, resolved.violations, told);
  }
  return proceed({ world, record, agents: resolved.agents, left: resolved.left, target });
}

/** Nothing is written any more, wherever it is; what is out meanwhile is said. */
function aborted(world: World, target: Release, inputs: Inputs, record: AttemptRecord | undefined): Decision {
  const resolved =
    record?.back === undefined
      ? resolveTargets(world, target, record?.files ?? inputs.files, record)
      : resolveBack(world, record);
  const { agents, left } = resolved;
  const to = parseRelease(record?.to ?? "") ?? target;
  const isUnderWay = record !== undefined && resolved.violations.length === 0;
  const outcomes = isUnderWay ? walk({ world, record, agents, left, target: to }).outcomes : undefined;
  const down = allAgents(agents).filter(({ marks }) => marks.borrowed !== undefined);
  const out = down.length === 0 ? "" : `; still down or reduced: ${down.map(agentText).join(", ")}`;
  const violation: Violation = {
    gate: "Abort",
    object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
    reason: "Aborted",
    message: `aborted: nothing is written any more${out}`,
    remedy: "set spec.abort to false (or ask for a retry) to go on, or set spec.rollback to true to go back",
    severity: "Error",
  };
  const from = record?.from ?? fromRelease(allAgents(agents), world);
  return held(world, [violation], {
    steps: steps(world, resolved, outcomes, record),
    ...(record === undefined ? {} : { record }),
    ...(from === undefined ? {} : { from }),
  });
}

/**
 * The attempt that this wish has: the newest of its records that no other attempt has taken the place of. A wish that comes
 * back after another one was tried is a new attempt, from whatever that other one left.
 */
function currentRecord(world: World, inputs: string | undefined): AttemptRecord | undefined {
  const [newest] = foremostFirst(world.records).filter(
    (record) => record.inputs === inputs && record.ended?.state !== "Superseded",
  );
  if (newest?.ended === undefined) return newest;
  // Whatever became of the other one: what it did to the workloads is not undone by coming back.
  const overtaken = world.records.some(
    (other) => other !== newest && (other.ended === undefined || isAfter(other, newest)),
  );
  return overtaken ? undefined : newest;
}

const isAfter = (other: AttemptRecord, one: AttemptRecord): boolean =>
  isBefore(one, other) || (isLater(other, one) && !isBefore(other, one));

/**
 * One is carried out at a time: what was made before the other one and never taken up again was over by then, whoever has written on its
 * record since (a label, or all objects are stored again).
 */
const isBefore = ({ metadata }: AttemptRecord, other: AttemptRecord): boolean =>
  metadata.createdAt < other.metadata.createdAt && metadata.annotations[ANNOTATION.resumedAt] === undefined;

/**
 * The attempt that a rollback is of, where the wish has none of its own: another wish has just been made, or the wish cannot be
 * read any more because a file that it names is gone. A way back needs nothing of either.
 */
function goingBack(world: World, { digest }: Inputs, requests: Requests): AttemptRecord | undefined {
  const asked = world.upgrade.spec.rollback || requests.rollback;
  const ends = world.records.flatMap(({ ended }) =>
    ended === undefined || ended.state === "Superseded" ? [] : [ended.at],
  );
  const last = ends.toSorted().at(-1) ?? "";
  // One that is under way may have begun before another one ended: it was taken up again.
  const isLeft = ({ ended, back, startedAt }: AttemptRecord): boolean =>
    back === undefined && (ended === undefined || (ended.state === "Superseded" && startedAt >= last));
  const isUnread = ({ ended, back, verbs }: AttemptRecord): boolean =>
    digest === undefined &&
    (back === undefined
      ? ended === undefined && verbs.rollback !== undefined
      : ended === undefined || ended.state === "RolledBack");
  return foremostFirst(world.records).find((record) => isUnread(record) || (asked && isLeft(record)));
}

/** Admission refuses it; a resource stored before a release was dropped from the list still gets an answer. */
function unknownTarget(world: World): Decision {
  const { release } = world.upgrade.spec.target;
  const violation = {
    gate: "ReleasePair",
    object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
    reason: "ReleaseUnknown",
    message: `no release is called ${release}`,
    remedy: "correct spec.target.release",
    severity: "Error",
  } as const;
  return held(world, [violation], { steps: [] });
}

/** `copies`: of the files that it gives, which have to be there as long as it is carried out. */
function proceed(scene: Scene, copies: readonly WantedCopy[] = []): Decision {
  const { world, record, agents, left } = scene;
  const from = record.from ?? fromRelease(allAgents(agents), world);
  const told = { record, ...(from === undefined ? {} : { from }) };
  const pending = (): Decision["steps"] => steps(world, { agents, left }, undefined, record);
  const bookkeeping = claimOrTidy(scene, copies);
  if (bookkeeping !== undefined && "gate" in bookkeeping) {
    const message = `${bookkeeping.object}: ${bookkeeping.message}; ${bookkeeping.remedy}`;
    const { reason, object } = bookkeeping;
    const doubtAt = nextDoubt(world.pods, world.now);
    const again = doubtAt === undefined ? {} : { recheckAt: doubtAt };
    return waiting("Progressing", { reason, message, object }, { ...told, steps: pending(), ...again });
  }
  if (bookkeeping !== undefined) {
    return { ...waiting("Progressing", bookkeeping.why, { ...told, steps: pending() }), effect: bookkeeping };
  }
  const { outcomes, last } = walk(scene);
  const reports = steps(world, { agents, left }, outcomes, record);
  const stands = standing(scene, last?.outcome);
  if (stands !== undefined) return { ...stands, ...told, steps: reports };
  if (last === undefined) return finish(scene, { ...told, steps: reports });
  const failed = failureFor(scene, last.outcome);
  if (failed !== undefined) {
    const effect = rollBackAfter(record, failed);
    return { ...waiting("Progressing", effect.why, { ...told, steps: reports }), effect };
  }
  return tellOf(world, last, { ...told, steps: reports });
}

function tellOf(world: World, { step, outcome }: Last, told: Told): Decision {
  switch (outcome.kind) {
    case "settled":
      throw new Error(`the walk stopped at the settled step ${step.component}, and nothing holds it`);
    case "act":
      return { ...waiting("Progressing", outcome.note, told), effect: outcome.effect };
    case "wait":
      return waiting("Progressing", outcome.note, { ...told, ...open(outcome) });
    case "held":
      return held(world, outcome.violations, { ...told, ...open(outcome) });
    case "failed":
      return held(world, [outcome.violation], { ...told, ...open(outcome) });
    default:
      return assertNever(outcome);
  }
}

/** Why the workloads go back now: only on the way there, and only where the resource says so. */
function failureFor({ world, record }: Scene, outcome: Outcome): Violation | undefined {
  const goesBack = world.upgrade.spec.onFailure === "Rollback" && record.back === undefined;
  return goesBack ? failureOf(outcome) : undefined;
}

/** spec.onFailure says so: that it was a failure is remembered, or a pod that recovers would take the word back. */
function rollBackAfter(record: AttemptRecord, { object, reason, message }: Violation): Effect {
  const why = `spec.onFailure says so after ${reason} at ${object}`;
  const verbs = { ...record.verbs, rollback: { by: "Failure" as const, why } };
  const note = {
    reason: "RollingBack",
    message: `${object}: ${message}; the workloads go back, as spec.onFailure says`,
    object,
  };
  return annotateRecord(record, { [ANNOTATION.verbs]: canonicalJson(verbs) }, note);
}

/** Questions that are open and the time of the next look, where there is one. */
function open(outcome: Extract<Outcome, { kind: "wait" | "held" | "failed" }>): Pick<Decision, "probes" | "recheckAt"> {
  const recheckAt = outcome.kind === "failed" ? undefined : outcome.recheckAt;
  return { probes: outcome.probes ?? [], ...(recheckAt === undefined ? {} : { recheckAt }) };
}

function claimOrTidy(scene: Scene, copies: readonly WantedCopy[]): ReturnType<typeof nextClaim> {
  const { world, record, agents } = scene;
  // A retry of an attempt that had ended borrows again, so it holds the resource again.
  if (!world.upgrade.metadata.finalizers.includes(FINALIZER)) return addFinalizer(world.upgrade);
  return (
    holdRecord(record) ??
    supersedeOthers(world, record) ??
    remakeCopy(world, copies) ??
    returnStrays(scene) ??
    nextClaim(world, record, agents)
  );
}

interface Last {
  readonly step: Step;
  readonly outcome: Outcome;
}

/** Goes through the steps in their order and stops at the first that is not finished. */
function walk(scene: Scene): { readonly outcomes: ReadonlyMap<Component, Outcome>; readonly last?: Last } {
  const outcomes = new Map<Component, Outcome>();
  const isBack = scene.record.back !== undefined;
  const order = sequence(scene.world, isBack);
  for (const [index, step] of order.entries()) {
    if (step.component !== "database" && scene.agents[step.component].length === 0) continue;
    if (!isBack && !databaseFirst(step.component, outcomes)) break;
    const later = order.slice(index + 1);
    const outcome = step.reconcile(scene);
    const passed = outcome.kind === "settled" ? outcome : overtaken(scene, step, later, outcome);
    const guarded = guard(scene, step, later, passed ?? outcome);
    outcomes.set(step.component, guarded ?? passed ?? outcome);
    if (guarded !== undefined) return { outcomes, last: { step, outcome: guarded } };
    if (passed === undefined) return { outcomes, last: { step, outcome } };
  }
  return { outcomes };
}

/**
 * A step that had settled, and whose pods are only less available again, does not stop a later step that has begun: its
 * agents may be down, and waiting would make the gap longer. Anything that needs a write does.
 */
function overtaken(scene: Scene, step: Step, later: readonly Step[], outcome: Outcome): Outcome | undefined {
  const { component } = step;
  if (component === "database" || outcome.kind === "act" || outcome.kind === "failed") return undefined;
  const arrived = scene.agents[component].every(
    (agent) => atTarget(agent) && agent.marks.borrowed === undefined && oldPods(agent).length === 0,
  );
  const begun = later.some((each) => each.component !== "database" && hasBegun(scene, each.component));
  if (!arrived || !begun) return undefined;
  const weak = scene.agents[component].filter((agent) => !isRolledOut(agent)).map(agentText);
  const doubt = weak.length === 0 ? "" : `; not all pods of ${weak.join(", ")} are available at the moment`;
  const message = `every ${COMPONENT_WORDS[component]} runs the target${doubt}`;
  return { kind: "settled", note: { reason: "Upgraded", message, clause: step.clause } };
}
