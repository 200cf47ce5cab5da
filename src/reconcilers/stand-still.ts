/**
 * Where an attempt stands still as a whole: while it is paused, before a component that waits for a person's approval, and
 * outside the maintenance windows. Its clocks stand still with it, which is written when that begins and when it ends.
 */
import { ANNOTATION, LABEL } from "../api/v1alpha1/names.ts";
import { approval } from "../gates/approval.ts";
import { maintenance } from "../gates/maintenance.ts";
import { type Agent, appendedFiles, atTarget } from "../model/agent.ts";
import { isStopped } from "../model/clock.ts";
import type { Component } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import { canonicalJson } from "../model/digest.ts";
import type { Effect, Note, Outcome, Violation } from "../model/outcome.ts";
import { formatTime, type Millis, parseTime } from "../model/time.ts";
import { annotateRecord } from "./attempt-writes.ts";
import { gatesAt } from "./extra-gates.ts";
import { isGroupStopped, isolatedOf, isolating } from "./isolated-group.ts";
import { allAgents, hasBegun, isRetired, type Scene } from "./scene.ts";
import type { Step } from "./sequence.ts";

/**
 * What stands in the way of a step, whatever the step itself says: before its first write an approval, a window that is open and
 * the extra gates, in this order, so that a gate is asked when nothing else is left to wait for, and none of them while the component
 * lies where an attempt before has left it; a window at each safe point
 * after it; and extra gates once it has settled. A way back is an emergency, and waits for none of them.
 */
export function guard(scene: Scene, step: Step, later: readonly Step[], outcome: Outcome): Outcome | undefined {
  const { world, record } = scene;
  const { component } = step;
  if (record.back !== undefined) return undefined;
  if (outcome.kind === "settled") {
    const isPast = outcome.skipped === true || later.some((each) => begun(scene, each.component));
    return isPast ? undefined : gatesAt(scene, "after", component);
  }
  if (outcome.kind !== "act") return undefined;
  const first = !begun(scene, component) && !isLeftOut(scene, component);
  const refused = first ? approval(world, record.plan, component) : undefined;
  if (refused !== undefined) return stand(refused);
  const isDisruptive = outcome.effect.kind === "create" || outcome.effect.kind === "patch";
  const closed = isDisruptive && isSafe(scene) ? maintenance(world) : undefined;
  if (closed !== undefined) return stand(closed.violation, closed.nextOpening);
  return first ? gatesAt(scene, "before", component) : undefined;
}

function stand(blocked: Violation, recheckAt?: Millis): Outcome {
  const { reason, message, object } = blocked;
  const note = { reason, message, object };
  return { kind: "wait", note, blocked, stands: true, ...(recheckAt === undefined ? {} : { recheckAt }) };
}

/** Whether the attempt has written for the component: for the database by a Job of its own that is as young as it. */
function begun(scene: Scene, component: Component): boolean {
  if (component === "polling" && isolating(scene.agents.polling).some((one) => isolatedOf(scene.world, one)))
    return true;
  if (component !== "database") return hasBegun(scene, component);
  const { world, record } = scene;
  const start = parseTime(record.startedAt) ?? world.now;
  return world.jobs.some(
    ({ metadata }) =>
      metadata.owner?.uid === world.upgrade.metadata.uid &&
      metadata.createdAt >= start &&
      metadata.labels[LABEL.component] === "database" &&
      metadata.labels[LABEL.purpose] !== "gate",
  );
}

const isOut = ({ marks, container }: Agent): boolean =>
  marks.borrowed !== undefined || appendedFiles(container).length > 0;

/**
 * An attempt of before has left the component in the middle, which a person may have approved then: it has been touched, and is
 * brought to its safe point before anybody is waited for. One that retires comes up no more, whatever waits in its queues.
 */
const isLeftOut = ({ agents }: Scene, component: Component): boolean =>
  component !== "database" && agents[component].some((agent) => isOut(agent) && !isRetired(agent));

/** A safe point is one where nothing is borrowed: a component that is down is brought up first. */
function isSafe({ world, agents }: Scene): boolean {
  // Between the stop of an isolated group and the widening nobody polls what is new.
  const isUnpolled = isolating(agents.polling).some((group) => {
    const copy = isolatedOf(world, group);
    return copy !== undefined && isGroupStopped(copy) && !atTarget(group.agent);
  });
  return !allAgents(agents).some(isOut) && !isUnpolled;
}

/** Why the attempt stands still now, or the write that says so or says that it goes on; undefined where it simply goes on. */
export function standing(scene: Scene, outcome: Outcome | undefined): Omit<Decision, "steps"> | undefined {
  const isStill = isStopped(scene.record.clock);
  const stop = paused(scene, isStill) ?? waits(outcome);
  if (stop === undefined && (!isStill || readsAgain(scene, outcome))) return undefined;
  const base = { findings: [], probes: [] };
  if (stop !== undefined && isStill) return { ...base, ...stop };
  const effect = moveClock(scene, stop?.headline);
  return { ...base, phase: stop?.phase ?? "Progressing", headline: effect.why, effect };
}

type Stop = Pick<Decision, "phase" | "headline" | "recheckAt">;

/**
 * What agents said while they were brought up is not remembered for ever: it is read again, by an operator that has just started
 * or has not asked for a while, which has not come yet to what the attempt waits for. An answer that is not as wanted is another
 * matter: its time runs.
 */
function readsAgain({ record }: Scene, outcome: Outcome | undefined): boolean {
  const why = record.clock.at(-1)?.why;
  const isGuarded = why !== undefined && why !== PAUSED;
  return isGuarded && outcome?.kind === "wait" && outcome.unheard === true;
}

const PAUSED = "Paused";

function paused(scene: Scene, isStill: boolean): Stop | undefined {
  if (!scene.world.upgrade.spec.paused || !(isStill || isSafe(scene))) return undefined;
  return { phase: "Paused", headline: { reason: PAUSED, message: "paused between two steps, as asked" } };
}

function waits(outcome: Outcome | undefined): Stop | undefined {
  if (outcome?.kind !== "wait" || outcome.stands !== true) return undefined;
  const { note, recheckAt } = outcome;
  return { phase: "Waiting", headline: note, ...(recheckAt === undefined ? {} : { recheckAt }) };
}

function moveClock({ world, record }: Scene, stops: Note | undefined): Effect {
  const at = formatTime(world.now);
  const clock =
    stops === undefined
      ? record.clock.map((interval) => (interval.to === undefined ? { ...interval, to: at } : interval))
      : [...record.clock, { from: at, why: stops.reason }];
  const note =
    stops === undefined
      ? { reason: "Resumed", message: "the upgrade goes on; the clocks of time-outs run again" }
      : { ...stops, message: `${stops.message}; the clocks of time-outs stand still` };
  return annotateRecord(record, { [ANNOTATION.clock]: canonicalJson(clock) }, note);
}
