/**
 * The operator is this function: what was seen in, one write at most out. It reads no clock, keeps no memory and asks nobody;
 * the same observation always gives the same decision.
 */

import { ANNOTATION, FINALIZER } from "../api/v1alpha1/names.ts";
import { databaseFirst } from "../gates/database-first.ts";
import { agentText, appendedFiles, atTarget, isRolledOut, oldPods } from "../model/agent.ts";
import { type AttemptRecord, isLater } from "../model/attempt.ts";
import { isStopped } from "../model/clock.ts";
import { COMPONENT_WORDS, type Component } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import { canonicalJson } from "../model/digest.ts";
import { type Observation, readWorld, type World } from "../model/observation.ts";
import { assertNever, type Effect, type Outcome } from "../model/outcome.ts";
import { parseRelease } from "../model/release.ts";
import { formatTime } from "../model/time.ts";
import { addFinalizer, annotateRecord, begin, fromRelease, nextClaim } from "./begin.ts";
import { finish, finished } from "./finish.ts";
import { giveEverythingBack, returnStrays } from "./give-back.ts";
import { readInputs } from "./inputs.ts";
import { isGroupStopped, isolatedOf, isolating } from "./isolated-group.ts";
import { allAgents, hasBegun, type Scene } from "./scene.ts";
import { type Step, sequence } from "./sequence.ts";
import { resolveTargets } from "./targets.ts";
import { held, steps, unreadable, waiting } from "./tell.ts";

export function decide(seen: Observation): Decision {
  const world = readWorld(seen);
  if ("unreadable" in world) return unreadable(world.unreadable);
  if (world.upgrade.metadata.deletingSince !== undefined) return giveEverythingBack(world);

  const target = parseRelease(world.upgrade.spec.target.release);
  if (target === undefined) return unknownTarget(world);
  const inputs = readInputs(world);
  if (inputs.unreadable !== undefined) return unreadable([inputs.unreadable]);
  const record = currentRecord(world, inputs.digest);
  if (record === undefined) {
    const files = inputs.files;
    return begin(world, target, inputs, resolveTargets(world, target, files, undefined));
  }
  const resolved = resolveTargets(world, target, record.files, record);
  if (record.ended?.state === "Completed" && record.ended.retry >= world.upgrade.spec.retryAttempt) {
    return finished(world, record, resolved);
  }
  if (resolved.violations.length > 0) {
    const told = { steps: steps(world, resolved, undefined, record), record };
    return held(world, resolved.violations, told);
  }
  const { agents, left } = resolved;
  return proceed({ world, record, agents, left, target });
}

/**
 * The attempt that this wish has: the newest of its records that no other attempt has taken the place of. A wish that comes
 * back after another one was tried is a new attempt, from whatever that other one left.
 */
function currentRecord(world: World, inputs: string | undefined): AttemptRecord | undefined {
  const [newest] = world.records
    .filter((record) => record.inputs === inputs && record.ended?.state !== "Superseded")
    .toSorted((a, b) => (isLater(a, b) ? -1 : 1));
  if (newest?.ended === undefined) return newest;
  // Whatever became of the other one: what it did to the workloads is not undone by coming back.
  const overtaken = world.records.some(
    (other) => other !== newest && (other.ended === undefined || isLater(other, newest)),
  );
  return overtaken ? undefined : newest;
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

function proceed(scene: Scene): Decision {
  const { world, record, agents, left } = scene;
  const from = record.from ?? fromRelease(allAgents(agents), world);
  const told = { record, ...(from === undefined ? {} : { from }) };
  const bookkeeping = claimOrTidy(scene);
  if (bookkeeping !== undefined && "gate" in bookkeeping) {
    const pending = steps(world, { agents, left }, undefined, record);
    const message = `${bookkeeping.object}: ${bookkeeping.message}; ${bookkeeping.remedy}`;
    return waiting(
      "Progressing",
      { reason: bookkeeping.reason, message, object: bookkeeping.object },
      { ...told, steps: pending },
    );
  }
  if (bookkeeping !== undefined) {
    const pending = steps(world, { agents, left }, undefined, record);
    return { ...waiting("Progressing", bookkeeping.why, { ...told, steps: pending }), effect: bookkeeping };
  }
  const pause = atSafePoint(scene);
  const { outcomes, last } = walk(scene);
  const reports = steps(world, { agents, left }, outcomes, record);
  if (pause !== undefined) return { ...pause, ...told, steps: reports };
  if (last === undefined) return finish(scene, { ...told, steps: reports });
  const { step, outcome } = last;
  switch (outcome.kind) {
    case "settled":
      throw new Error(`the walk stopped at the settled step ${step.component}`);
    case "act":
      return { ...waiting("Progressing", outcome.note, { ...told, steps: reports }), effect: outcome.effect };
    case "wait":
      return waiting("Progressing", outcome.note, { ...told, ...open(outcome), steps: reports });
    case "held":
      return held(world, outcome.violations, { ...told, ...open(outcome), steps: reports });
    case "failed":
      return held(world, [outcome.violation], { ...told, ...open(outcome), steps: reports });
    default:
      return assertNever(outcome);
  }
}

/** Questions that are open and the time of the next look, where there is one. */
function open(outcome: Extract<Outcome, { kind: "wait" | "held" | "failed" }>): Pick<Decision, "probes" | "recheckAt"> {
  const recheckAt = outcome.kind === "failed" ? undefined : outcome.recheckAt;
  return { probes: outcome.probes ?? [], ...(recheckAt === undefined ? {} : { recheckAt }) };
}

function claimOrTidy(scene: Scene): ReturnType<typeof nextClaim> {
  const { world, record, agents } = scene;
  // A retry of an attempt that had ended borrows again, so it holds the resource again.
  if (!world.upgrade.metadata.finalizers.includes(FINALIZER)) return addFinalizer(world.upgrade);
  return returnStrays(scene) ?? nextClaim(world, record, agents);
}

/** Goes through the steps in their order and stops at the first that is not finished. */
function walk(scene: Scene): {
  readonly outcomes: ReadonlyMap<Component, Outcome>;
  readonly last?: { readonly step: Step; readonly outcome: Outcome };
} {
  const outcomes = new Map<Component, Outcome>();
  const order = sequence(scene.world);
  for (const [index, step] of order.entries()) {
    if (step.component !== "database" && scene.agents[step.component].length === 0) continue;
    if (!databaseFirst(step.component, outcomes)) break;
    const outcome = step.reconcile(scene);
    const passed = outcome.kind === "settled" ? outcome : overtaken(scene, step, order.slice(index + 1), outcome);
    outcomes.set(step.component, passed ?? outcome);
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
  const message = `every ${COMPONENT_WORDS[component]} runs the target; not all pods of ${weak.join(", ")} are available at the moment`;
  return { kind: "settled", note: { reason: "Upgraded", message, clause: step.clause } };
}

/**
 * A safe point to pause is one where nothing is borrowed: a component that is down is brought up first. Clocks stand still
 * while paused, which is written when it begins and when it ends.
 */
function atSafePoint(scene: Scene): Omit<Decision, "steps"> | undefined {
  const { world, record, agents } = scene;
  const stopped = isStopped(record.clock);
  const { paused } = world.upgrade.spec;
  const borrowed = allAgents(agents).some(
    ({ marks, container }) => marks.borrowed !== undefined || appendedFiles(container).length > 0,
  );
  // Between the stop of an isolated group and the widening nobody polls what is new.
  const unpolled = isolating(agents.polling).some((group) => {
    const copy = isolatedOf(world, group);
    return copy !== undefined && isGroupStopped(copy) && !atTarget(group.agent);
  });
  if (paused && (borrowed || unpolled) && !stopped) return undefined;
  if (paused && stopped) {
    return {
      phase: "Paused",
      headline: { reason: "Paused", message: "paused between two steps, as spec.paused says" },
      findings: [],
      probes: [],
    };
  }
  if (paused === stopped) return undefined;
  const effect = moveClock(world, record, paused);
  return { phase: paused ? "Paused" : "Progressing", headline: effect.why, effect, findings: [], probes: [] };
}

function moveClock(world: World, record: AttemptRecord, stop: boolean): Effect {
  const at = formatTime(world.now);
  const clock = stop
    ? [...record.clock, { from: at }]
    : record.clock.map((interval) => (interval.to === undefined ? { ...interval, to: at } : interval));
  const why = stop
    ? { reason: "Paused", message: "paused between two steps; the clocks of time-outs stand still" }
    : { reason: "Resumed", message: "the upgrade goes on; the clocks of time-outs run again" };
  return annotateRecord(record, { [ANNOTATION.clock]: canonicalJson(clock) }, why);
}
