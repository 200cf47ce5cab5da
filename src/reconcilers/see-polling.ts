/**
 * Clause P4: agents that were started beside old ones are seen to poll, before anything else follows. The old agents go on
 * meanwhile, so that nobody is in a hurry; where a cloud has nothing for them yet, a person can accept that nothing shows it.
 */
import { acceptedRisk } from "../gates/accepted-risk.ts";
import { askable, dataPolled, unheardOf, verificationTimeout } from "../gates/data-polled.ts";
import { type Agent, agentText } from "../model/agent.ts";
import { elapsed } from "../model/clock.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import { formatDuration, type Millis } from "../model/time.ts";
import { deadlineOf } from "./progress.ts";
import type { Scene } from "./scene.ts";
import { verificationJob } from "./verification-job.ts";
import { isTentative, verificationOf } from "./verification-of.ts";

const CLAUSE = "P4";

export interface Awaited {
  /** From when on the time-out counts. */
  readonly since: Millis;
  /** When the last write was made that it waited for, where that is later: a pod may become ready until a step's time after it. */
  readonly askedSince?: Millis;
  /** What is to be polled, as in "polls …". */
  readonly what: string;
  /** Whose log is to be looked at. */
  readonly whose: string;
}

/** Undefined once data was seen to be polled, or where there is nothing that could show it. */
export function seePolling(
  scene: Scene,
  agent: Agent,
  { since, askedSince, what, whose }: Awaited,
): Outcome | undefined {
  const { world, record, target } = scene;
  const verification = verificationOf(scene);
  const wanted = agent.workload.replicas ?? agent.workload.status.desired;
  if (verification === undefined || wanted === 0) return undefined;
  if (verification.job !== undefined) return verificationJob(scene, agent, verification.job);
  const answer = dataPolled(agent, verification, target, world.probes);
  if (answer.kind === "pass") return undefined;
  const object = agentText(agent);
  const timeout = verificationTimeout(verification, target, record.longestIntervalSeconds);
  const spent = elapsed(record.clock, pollsSince(scene, agent, since, askedSince), world.now);
  const { probes } = answer;
  if (spent < timeout || answer.isOpen) {
    const message = `verifying that ${object} polls ${what} (${formatDuration(timeout)} at most): ${answer.reason}`;
    const note = { reason: "Verifying", message, clause: CLAUSE, object };
    const recheckAt = spent < timeout ? { recheckAt: world.now + timeout - spent } : {};
    return { kind: "wait", note, probes, ...recheckAt, ...unheardOf(answer) };
  }
  if (!answer.conclusive && (isTentative(scene) || acceptedRisk(world, INCONCLUSIVE, object) !== undefined))
    return undefined;
  const violation: Violation = {
    gate: "DataPolled",
    object,
    reason: answer.conclusive ? "VerificationFailed" : INCONCLUSIVE,
    message: `after ${formatDuration(spent)} nothing shows that it polls ${what}: ${answer.reason}`,
    remedy: answer.conclusive
      ? `look at the log of ${whose}; correct their configuration or the cloud, or the verification`
      : `look at the log of ${whose}; where the cloud has nothing for them to poll yet, accept it: spec.acceptedRisks with check ${INCONCLUSIVE} and object ${object}`,
    severity: "Error",
  };
  return { kind: "held", violations: [violation], probes };
}

/**
 * Since when the oldest of the pods that can be asked could poll: an image that is pulled slowly, or a host that comes up late, costs
 * its verification no time, as long as its step has. A pod that is ready again and again gets no more than that, from when it came, or
 * was to be asked for; one that came in the place of another has its own.
 */
export function pollsSince(scene: Scene, agent: Agent, since: Millis, askedSince: Millis = since): Millis {
  const deadline = deadlineOf(scene, agent);
  const times = askable(agent).flatMap(({ readySince, metadata }) =>
    readySince === undefined ? [] : [Math.min(readySince, Math.max(askedSince, metadata.createdAt) + deadline)],
  );
  return times.length === 0 ? since : Math.max(since, Math.min(...times));
}

const INCONCLUSIVE = "VerificationInconclusive";
