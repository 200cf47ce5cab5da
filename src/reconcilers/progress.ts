/** Waiting for pods, told the same way by every phase: what is waited for, what is wrong with it, and since when. */
import { startsOldPods } from "../gates/workload-fits.ts";
import {
  type Agent,
  agentText,
  atTarget,
  isObserved,
  isRolledOut,
  mayMakeOld,
  newPods,
  oldPods,
  selects,
} from "../model/agent.ts";
import { elapsed } from "../model/clock.ts";
import { COMPONENT_WORDS } from "../model/component.ts";
import type { Pod } from "../model/observation.ts";
import type { Note, Outcome, Violation } from "../model/outcome.ts";
import { formatDuration, type Millis, parseTime } from "../model/time.ts";
import { troubleOf } from "../model/trouble.ts";
import { type Moment, restartClock } from "./desired/workload-writes.ts";
import { goingWord, hasArrived, type Scene } from "./scene.ts";

/** How long after the end of its grace period a terminating pod is taken to sit on a host that does not answer. */
export const HOST_UNREACHABLE_AFTER: Millis = 300_000;

export function momentOf(scene: Scene): Moment {
  return { plan: scene.record.plan, retry: scene.world.upgrade.spec.retryAttempt, now: scene.world.now };
}

/** Milliseconds that a step of this component may take without progress. */
export function deadlineOf(scene: Scene, agent: Agent): Millis {
  const { spec } = scene.world.upgrade;
  return (spec.components[agent.component]?.progressDeadlineSeconds ?? spec.progressDeadlineSeconds) * 1000;
}

/** When the last write of this attempt on the workload was made; before the first one, when the attempt started. */
export function phaseSince(scene: Scene, agent: Agent): Millis {
  const phase = agent.marks.phase;
  const own = phase?.plan === scene.record.plan ? parseTime(phase.at) : undefined;
  return own ?? parseTime(scene.record.startedAt) ?? scene.world.now;
}

/**
 * When it last came further: by a write of the attempt, of somebody else, or by a new pod that became ready. What had settled may
 * lack a pod again, hours after that write: it lacks one since that one is not ready any more, or since a host has put it out.
 */
function progressSince(scene: Scene, agent: Agent): Millis {
  const written = phaseSince(scene, agent);
  if (!atTarget(agent) || troubleOf(agent).length > 0) return written;
  const touched = agent.workload.metadata.managers.flatMap(({ time, ofSpec }) => (ofSpec === true ? (time ?? []) : []));
  const ready = newPods(agent).flatMap((pod) => (pod.ready ? (pod.readySince ?? []) : []));
  // A roll that is under way lacks pods all the time, and comes further with each that is ready.
  const further = oldPods(agent).length > 0 ? ready : lostSince(scene, agent, Math.max(written, ...ready));
  return Math.max(written, ...touched, ...further);
}

/** Since when the first of its pods is missing; of those that were put out, since the last one became ready (`came`). */
function lostSince({ world }: Scene, agent: Agent, came: Millis): readonly Millis[] {
  const since = ({ unreadySince, metadata }: Pod): Millis => unreadySince ?? metadata.createdAt;
  const unready = newPods(agent).filter(({ ready }) => !ready);
  const out = world.pods.filter(
    (pod) => pod.phase === "Failed" && selects(agent.workload.matchLabels, pod) && since(pod) > came,
  );
  const times = [...unready, ...out].map(since);
  return times.length === 0 ? [] : [Math.min(...times)];
}

/** Whether nothing has come further for as long as its step may take, and this pod was not ready all the while. */
export function isStuck(scene: Scene, agent: Agent, { ready, unreadySince, metadata }: Pod): boolean {
  const since = Math.max(progressSince(scene, agent), unreadySince ?? metadata.createdAt);
  return !ready && elapsed(scene.record.clock, since, scene.world.now) >= deadlineOf(scene, agent);
}

function overdue(scene: Scene, agent: Agent, what: string): { violation?: Violation; dueAt: Millis } {
  const since = progressSince(scene, agent);
  const deadline = deadlineOf(scene, agent);
  const spent = elapsed(scene.record.clock, since, scene.world.now);
  const dueAt = scene.world.now + Math.max(0, deadline - spent);
  if (spent < deadline) return { dueAt };
  return {
    dueAt,
    violation: {
      gate: "ProgressDeadline",
      object: agentText(agent),
      reason: "ProgressDeadlineExceeded",
      message: `${what} for ${formatDuration(spent)}, longer than the deadline of ${formatDuration(deadline)}`,
      remedy: "look at the pods of the workload; the upgrade goes on by itself when they are as wanted",
      severity: "Error",
    },
  };
}

/** Waiting for one agent: held if something is wrong with it or it takes too long; goes on by itself either way. */
export function waitFor(scene: Scene, agent: Agent, note: Note, trouble: readonly Violation[]): Outcome {
  const late = overdue(scene, agent, note.message);
  const phase = agent.marks.phase;
  const retry = phase?.plan === scene.record.plan && phase.retry < scene.world.upgrade.spec.retryAttempt;
  if (late.violation !== undefined && retry) {
    const why = { ...note, reason: "Retrying", message: `wait anew, as spec.retryAttempt asks: ${note.message}` };
    return { kind: "act", effect: restartClock(agent, momentOf(scene), why), note: why };
  }
  const violations = late.violation === undefined ? trouble : [...trouble, late.violation];
  const [first, ...rest] = violations;
  if (first !== undefined) return { kind: "held", violations: [first, ...rest], recheckAt: late.dueAt };
  return { kind: "wait", note: { ...note, object: agentText(agent) }, recheckAt: late.dueAt };
}

/** Pods that terminate long after their grace period: nobody confirms that they are gone, so they may still run. */
export function unreachable(pods: readonly Pod[], now: Millis): readonly Violation[] {
  return pods
    .filter((pod) => (pod.metadata.deletingSince ?? now) + HOST_UNREACHABLE_AFTER < now)
    .map((pod) => ({
      gate: "HostReachable",
      object: `Node/${pod.nodeName ?? "unknown"}`,
      reason: "HostUnreachable",
      message: `Pod/${pod.metadata.name} was told to stop and nobody says that it has; it may still run`,
      remedy: "bring the host back, or delete its Node object once the host is surely off",
      severity: "Error",
    }));
}

/** When the next of these pods is to be taken for one on a host that does not answer. */
export function nextDoubt(pods: readonly Pod[], now: Millis): Millis | undefined {
  const doubts = pods
    .map((pod) => (pod.metadata.deletingSince ?? Number.POSITIVE_INFINITY) + HOST_UNREACHABLE_AFTER + 1)
    .filter((at) => at > now && Number.isFinite(at));
  return doubts.length === 0 ? undefined : Math.min(...doubts);
}

function sooner(outcome: Outcome, at: Millis | undefined): Outcome {
  if (at === undefined || (outcome.kind !== "wait" && outcome.kind !== "held")) return outcome;
  return { ...outcome, recheckAt: Math.min(at, outcome.recheckAt ?? at) };
}

/**
 * Waits until the old pods of every one of these agents are gone; undefined once they are. That none is there proves nothing
 * while a controller does not know yet that it shall not make another one in the place of one that was evicted.
 */
export function waitUntilGone(scene: Scene, agents: readonly Agent[], clause: string): Outcome | undefined {
  for (const agent of agents) {
    const left = oldPods(agent);
    if (left.length === 0 && !mayMakeOld(agent)) continue;
    if (left.length === 0) {
      const message = isObserved(agent)
        ? `the controller of ${agentText(agent)} counts old pods still that are gone`
        : `the controller of ${agentText(agent)} has not acted on the last write yet`;
      return waitFor(scene, agent, { reason: "WaitingForOldPods", message, clause }, []);
    }
    const message = `${left.length} ${goingWord(scene)} ${COMPONENT_WORDS[agent.component]} pod${left.length > 1 ? "s" : ""} of ${agentText(agent)} not gone yet`;
    return waitForGoing(scene, agent, { reason: "WaitingForOldPods", message, clause }, left);
  }
  return undefined;
}

/** Waiting for these pods of an agent to go: held as soon as the host of one is taken not to answer. */
export function waitForGoing(scene: Scene, agent: Agent, note: Note, pods: readonly Pod[]): Outcome {
  const { now } = scene.world;
  return sooner(waitFor(scene, agent, note, unreachable(pods, now)), nextDoubt(pods, now));
}

/**
 * Had settled when this attempt let it go. That write is a generation to its controller, too: where that is slow to see it, nothing has
 * begun anew.
 */
const isLetGo = ({ record }: Scene, agent: Agent): boolean =>
  agent.marks.completedPlan === record.plan &&
  agent.marks.claim === undefined &&
  record.ended === undefined &&
  !isObserved(agent) &&
  oldPods(agent).length === 0;

/**
 * When its new pods will have been ready for as long as `spec.minReadySeconds` asks; undefined once they have. A pod without a readiness
 * probe is ready from its start, and a release that crashes would go through one component after the other before the first of its pods
 * falls over. The clocks of hosts differ: no pod has been ready since before it was made, and of one whose host's is further ahead than
 * that time nobody can tell, and it is not waited for. Pods that its controller counts and that are not seen yet, as they come by another
 * watch, have been ready since now.
 */
function steadyAt({ world: { now, upgrade } }: Scene, agent: Agent): Millis | undefined {
  const time = upgrade.spec.minReadySeconds * 1000;
  const { replicas, status } = agent.workload;
  const ready = newPods(agent).filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);
  const times = ready.flatMap(({ readySince, metadata }) =>
    readySince === undefined ? [] : Math.max(readySince, metadata.createdAt),
  );
  const since = times.filter((at) => at <= now + time);
  const unseen = ready.length < (replicas ?? status.desired) ? [now] : [];
  const at = Math.max(...since, ...unseen, 0) + time;
  return at > now ? at : undefined;
}

/** Waits until every one of these agents is rolled out, and has been for long enough; undefined once they are. */
export function waitUntilAvailable(scene: Scene, agents: readonly Agent[], clause: string): Outcome | undefined {
  return waitUntilRolledOut(scene, agents, clause) ?? waitUntilSteady(scene, agents, clause);
}

/** Waits until the new pods of every one of these agents have been ready for long enough; undefined once they have. */
export function waitUntilSteady(scene: Scene, agents: readonly Agent[], clause: string): Outcome | undefined {
  for (const agent of agents) {
    const recheckAt = isLetGo(scene, agent) ? undefined : steadyAt(scene, agent);
    if (recheckAt === undefined) continue;
    const object = agentText(agent);
    const time = formatDuration(scene.world.upgrade.spec.minReadySeconds * 1000);
    const message = `${object}: its new pods are ready, and have to stay so for ${time}`;
    return { kind: "wait", note: { reason: "WaitingForNewPods", message, clause, object }, recheckAt };
  }
  return undefined;
}

/** Waits until every one of these agents is rolled out; undefined once they are. */
export function waitUntilRolledOut(scene: Scene, agents: readonly Agent[], clause: string): Outcome | undefined {
  for (const agent of agents) {
    if (isRolledOut(agent) || isLetGo(scene, agent)) continue;
    const { status, replicas } = agent.workload;
    // The controller's own count of a DaemonSet has old pods in it.
    const ready = newPods(agent).filter((pod) => pod.ready && pod.metadata.deletingSince === undefined).length;
    const message = isObserved(agent)
      ? `${agentText(agent)}: ${ready} of ${replicas ?? status.desired} new pods ready`
      : `the controller of ${agentText(agent)} has not acted on the last write yet`;
    // Paused, or given a partition, in the middle of its roll: its controller will not go on, however long that is waited for.
    const trouble = [...startsOldPods(agent), ...troubleOf(agent), ...unreachable(agent.pods, scene.world.now)];
    const waiting = waitFor(scene, agent, { reason: "WaitingForNewPods", message, clause }, trouble);
    return sooner(waiting, nextDoubt(agent.pods, scene.world.now));
  }
  return undefined;
}

/** Somebody has changed the workload since it was checked, so that to start it would bring old pods back: not before it is mended. */
function wouldStartOld(agent: Agent): Outcome | undefined {
  const [first, ...rest] = startsOldPods(agent);
  return first === undefined ? undefined : { kind: "held", violations: [first, ...rest] };
}

/** Why none of these may be taken down and started now, whatever else is to be done; undefined where they may. */
export function mayNotStart(scene: Scene, agents: readonly Agent[]): Outcome | undefined {
  for (const agent of agents) {
    const refused = contested(scene, agent) ?? wouldStartOld(agent);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** How often one plan may bring a workload to its target before it is plain that somebody else takes it back. */
const MAX_ROUNDS = 3;

/** Starts on the way to the target that are no fight: with the intake off, on the new pipelines, on what both releases poll. */
function stagesBefore({ record: { parity } }: Scene, { component, recorded }: Agent): number {
  if (component === "polling") return recorded?.polling?.path === "Isolate" ? 1 : 0;
  if (component !== "notification" || parity === undefined || parity.state === "Same") return 0;
  return parity.drain === undefined ? 1 : 2;
}

/** Somebody keeps undoing what this attempt does: to go on would be a fight. */
export function contested(scene: Scene, agent: Agent): Outcome | undefined {
  const phase = agent.marks.phase;
  if (hasArrived(agent) || phase?.plan !== scene.record.plan) return undefined;
  if (phase.rounds < MAX_ROUNDS + stagesBefore(scene, agent) || phase.retry < scene.world.upgrade.spec.retryAttempt)
    return undefined;
  const others = agent.workload.metadata.managers.filter((each) => each.subresource === undefined);
  const last = others.toSorted((a, b) => (b.time ?? 0) - (a.time ?? 0))[0];
  return {
    kind: "held",
    violations: [
      {
        gate: "SingleWriter",
        object: agentText(agent),
        reason: "Contested",
        message: `it was taken down or brought to the target ${phase.rounds} times and somebody took it back each time; the last writer is ${last?.manager ?? "unknown"}`,
        remedy: `make that writer agree with the target, then raise spec.retryAttempt`,
        severity: "Error",
      },
    ],
  };
}
