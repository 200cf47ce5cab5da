/**
 * Clause F4. Take the polling agents down on all hosts. Start the first one and verify that data is polled again. Then add
 * the others; every further workload again first one, then verified, then the rest (I3).
 */
import { type Answer, dataPolled, unheardOf, verificationTimeout } from "../gates/data-polled.ts";
import {
  type Agent,
  agentText,
  isDown,
  isLive,
  needsWork,
  newPods,
  nodeSelectorBefore,
  pinnedTo,
  replicasAfter,
} from "../model/agent.ts";
import { elapsed } from "../model/clock.ts";
import { canonicalJson } from "../model/digest.ts";
import type { Phase } from "../model/marks.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import { formatDuration, type Millis } from "../model/time.ts";
import { onlyWithPodsOf, startFirst, startRest, takeDown } from "./desired/workload-writes.ts";
import { removeGroups, retireAbandoned } from "./isolated-group.ts";
import {
  mayNotStart,
  momentOf,
  phaseSince,
  waitForGoing,
  waitUntilGone,
  waitUntilRolledOut,
  waitUntilSteady,
} from "./progress.ts";
import { rollingPolling } from "./rolling-polling.ts";
import { comingWord, goingWord, type PhaseReconciler, type Scene } from "./scene.ts";
import { pollsSince } from "./see-polling.ts";
import { verificationJob } from "./verification-job.ts";
import { isTentative, unverified, verificationOf } from "./verification-of.ts";

const CLAUSE = "F4";
/** How many hosts are tried where an agent polls and finds no resources to poll, before a person is asked. */
const MAX_HOSTS = 3;
/** How many hosts are remembered of each DaemonSet: some, where of hundreds the first may be gone. */
const MOST_HOSTS = 9;

export const polling: PhaseReconciler = (scene) =>
  scene.world.upgrade.spec.strategy === "Partial" ? rollingPolling(scene) : (retireAbandoned(scene) ?? full(scene));

const full: PhaseReconciler = (scene) => {
  const agents = scene.agents.polling;
  const pending = agents.filter((agent) => needsWork(agent, scene.record.plan));
  const refused = mayNotStart(scene, pending);
  if (refused !== undefined) return refused;

  const up = pending.find((agent) => !isDown(agent));
  if (up !== undefined) {
    const message = `take the ${goingWord(scene)} polling agents of ${agentText(up)} down on all hosts`;
    const note = { reason: "TakingDown", message, clause: CLAUSE };
    return { kind: "act", effect: takeDown(up, momentOf(scene), note, { hosts: hostsOf(up) }), note };
  }
  const gone = waitUntilGone(scene, agents, CLAUSE);
  if (gone !== undefined && pending.length > 0) return gone;

  // In the order of the resource: one workload at a time is started, verified, and given the rest of its agents.
  for (const agent of agents) {
    const outcome = bringUp(scene, agent);
    if (outcome !== undefined) return outcome;
  }
  const unsteady = waitUntilSteady(scene, agents, CLAUSE);
  if (unsteady !== undefined) return unsteady;
  // Files of a partial upgrade that was given up, once no agent mounts them.
  const why = {
    reason: "RemovingIsolated",
    message: "remove what a partial upgrade had made for a while",
    clause: CLAUSE,
  };
  const effect = removeGroups(scene.world, why);
  if (effect !== undefined) return { kind: "act", effect, note: why };
  const doubtful = unverified(scene);
  return {
    kind: "settled",
    note: {
      reason: "Upgraded",
      message: `every polling agent runs the target${doubtful === undefined ? ", and data is polled again" : `; ${doubtful}`}`,
      clause: CLAUSE,
    },
  };
};

/** What the next workload in the order needs; undefined once its agents were verified and all of them run. */
function bringUp(scene: Scene, agent: Agent): Outcome | undefined {
  if (needsWork(agent, scene.record.plan)) return first(scene, agent, []);
  const phase = agent.marks.phase;
  if (isDown(agent) && phase?.phase === "down") return startAgain(scene, agent, phase);
  const isFirst = phase?.plan === scene.record.plan && phase.phase === "first";
  if (isFirst && phase.retry < scene.world.upgrade.spec.retryAttempt) return startAnew(scene, agent);
  if (isFirst || agent.marks.borrowed !== undefined) {
    // That it stays up is waited for beside its verification, not before it: nobody polls on the other hosts.
    const doubt =
      waitUntilRolledOut(scene, [agent], CLAUSE) ?? verify(scene, agent) ?? waitUntilSteady(scene, [agent], CLAUSE);
    if (doubt !== undefined) return doubt;
    const object = agentText(agent);
    const doubtful = unverified(scene);
    const message =
      doubtful === undefined
        ? `data is polled again by ${object}: start its other agents`
        : `start the other agents of ${object}; ${doubtful}`;
    const note = { reason: "StartingRest", message, clause: CLAUSE };
    return { kind: "act", effect: startRest(agent, momentOf(scene), note), note };
  }
  return waitUntilRolledOut(scene, [agent], CLAUSE);
}

/**
 * Taken down with the template that is wanted. To start elsewhere, or anew: only once it is gone, so that there is one new agent at
 * a time. What a way back finds so has the template of before still: no other agent is there to be verified, its own come back.
 */
function startAgain(scene: Scene, agent: Agent, { plan, tried = [] }: Phase): Outcome {
  const { record, agents } = scene;
  if (record.back !== undefined && plan !== record.plan) {
    const message = `${agentText(agent)} never left ${record.to}: start its agents again`;
    const note = { reason: "StartingRest", message, clause: CLAUSE };
    return { kind: "act", effect: onlyWithPodsOf(startRest(agent, momentOf(scene), note), agents.polling), note };
  }
  if (agent.pods.length === 0) return first(scene, agent, tried);
  const pods = agent.pods.map(({ metadata }) => `Pod/${metadata.name}`).join(", ");
  const message = `${agentText(agent)}: the first ${comingWord(scene)} agent is not gone yet (${pods})`;
  const note = { reason: "WaitingForOldPods", message, clause: CLAUSE };
  return waitForGoing(scene, agent, note, agent.pods);
}

/** This plan has started agents of it, which run since. */
function isStarted({ marks: { phase } }: Agent, plan: string): boolean {
  return phase?.plan === plan && (phase.phase === "first" || phase.phase === "rest" || phase.phase === "up");
}

function first(scene: Scene, agent: Agent, tried: readonly string[]): Outcome {
  const agents = scene.agents.polling;
  const host = hostFor(scene, agent, tried);
  const where = host === undefined ? "" : ` on host ${host}`;
  const message = `start the first ${comingWord(scene)} polling agent of ${agentText(agent)}${where}`;
  const note = { reason: "StartingFirst", message, clause: CLAUSE };
  const pin = host === undefined ? undefined : { node: host, tried };
  const effect = startFirst(agent, momentOf(scene), pin, note);
  // Once this plan has started one the old ones of all are known to be gone. That one is at the target says nothing of it.
  const isFirst = !agents.some((each) => isStarted(each, scene.record.plan));
  return { kind: "act", effect: onlyWithPodsOf(effect, isFirst ? agents : [agent]), note };
}

/** A retry is asked for: the first agent starts again, first where it was not tried, and its verification has its whole time again. */
function startAnew(scene: Scene, agent: Agent): Outcome {
  const { tried = [], node } = agent.marks.phase ?? {};
  const before = new Set(node === undefined ? tried : [...tried, node]);
  const known = candidates(scene, agent).toSorted((a, b) => Number(before.has(a)) - Number(before.has(b)));
  const hosts = [...hostsElsewhere(scene, agent, known), ...known].slice(0, MOST_HOSTS);
  const message = `start the first new agent of ${agentText(agent)} anew, as spec.retryAttempt asks`;
  const note = { reason: "Retrying", message, clause: CLAUSE };
  return { kind: "act", effect: takeDown(agent, momentOf(scene), note, { hosts }), note };
}

/** Somebody has given it other hosts since the attempt began; which, as far as they are named. */
function movedSince(agent: Agent): string | undefined {
  const { recorded, wanted } = agent;
  if (recorded === undefined || wanted.hosts !== undefined) return undefined;
  const now = canonicalJson(nodeSelectorBefore(agent));
  return now === canonicalJson(recorded.nodeSelector) ? undefined : now;
}

/**
 * Where somebody gave it other hosts, none of those it had may take an agent, and nobody sees which would: those on which anything
 * of the namespace runs, some at each retry, in turn. Pinned all the same, as without it would start on all of them at once (I3).
 */
function hostsElsewhere({ world }: Scene, agent: Agent, known: readonly string[]): readonly string[] {
  const pinned = pinnedTo(agent);
  if (pinned === undefined || !isUnwanted(agent) || movedSince(agent) === undefined) return [];
  const all = new Set(world.pods.flatMap((pod) => (isLive(pod) ? (pod.nodeName ?? []) : [])));
  const others = [...all].filter((host) => !known.includes(host)).toSorted();
  const next = others.toSorted((a, b) => Number(a <= pinned) - Number(b <= pinned));
  return next.slice(0, MAX_HOSTS);
}

/** Another host, if there is one that was not tried; undefined where a person has to look. */
function leaveHost(scene: Scene, agent: Agent, host: string, why: string): Outcome | undefined {
  const tried = [...(agent.marks.phase?.tried ?? []), host];
  if (tried.length >= MAX_HOSTS || hostFor(scene, agent, tried) === undefined) return undefined;
  const message = `the first new agent of ${agentText(agent)} leaves host ${host}: ${why}`;
  const note = { reason: "TakingDown", message, clause: CLAUSE };
  return { kind: "act", effect: takeDown(agent, momentOf(scene), note, { tried }), note };
}

/** The host was drained or removed since the attempt began: no agent runs there, so there is nothing to verify. */
function hostIsGone(scene: Scene, agent: Agent, host: string): Outcome {
  const elsewhere = leaveHost(scene, agent, host, "the host takes no agent any more");
  if (elsewhere !== undefined) return elsewhere;
  const moved = movedSince(agent);
  const gone = `host ${host}, on which the first new agent was to start, takes no agent any more`;
  const violation: Violation = {
    gate: "DataPolled",
    object: agentText(agent),
    reason: "VerificationInconclusive",
    message: moved === undefined ? gone : `${gone}: since the attempt began somebody made its node selector ${moved}`,
    remedy:
      moved === undefined
        ? "bring the host back, or raise spec.retryAttempt to start again"
        : `let its node selector match ${host} until the first agent is verified; or raise spec.retryAttempt, to try ${MAX_HOSTS} more of the hosts on which pods of the namespace run`,
    severity: "Error",
  };
  return { kind: "held", violations: [violation] };
}

/** One host for the first agent of a DaemonSet. */
const hostFor = (scene: Scene, agent: Agent, tried: readonly string[]): string | undefined =>
  candidates(scene, agent).find((host) => !tried.includes(host));

/** Hosts for it: those that had an agent when these were taken down, or had one that polled when the attempt began. */
function candidates({ record }: Scene, { workload, marks: { phase }, recorded }: Agent): readonly string[] {
  if (workload.kind !== "DaemonSet") return [];
  return (phase?.plan === record.plan ? phase.hosts : undefined) ?? recorded?.hosts ?? [];
}

/**
 * Hosts that have an agent now. First those on which one was seen to poll when the attempt began: since then some may have gone, as
 * between the record and this step there may be days. Where the one agent is that an earlier attempt has begun with says nothing.
 */
function hostsOf(agent: Agent): readonly string[] {
  const { workload, pods, recorded } = agent;
  if (workload.kind !== "DaemonSet" || pinnedTo(agent) !== undefined) return [];
  const now = new Set(
    pods.flatMap(({ nodeName, metadata }) => (metadata.deletingSince === undefined ? (nodeName ?? []) : [])),
  );
  const polled = (recorded?.hosts ?? []).filter((host) => now.has(host));
  return [...new Set([...polled, ...[...now].toSorted()])].slice(0, MOST_HOSTS);
}

/** Wanted and not seen yet is not gone: pods come by another watch than their workload's status, and may be late. */
const isUnwanted = (agent: Agent): boolean => agent.workload.status.desired === 0 && newPods(agent).length === 0;

/** Undefined once it is verified that this agent polls data. */
function verify(scene: Scene, agent: Agent): Outcome | undefined {
  const verification = verificationOf(scene);
  if (verification === undefined) return undefined;
  if (nothingToVerify(agent)) return undefined;
  const pinned = pinnedTo(agent);
  // Before a Job is asked, too: what other workloads poll may be enough for it.
  if (pinned !== undefined && isUnwanted(agent)) return hostIsGone(scene, agent, pinned);
  if (verification.job !== undefined) return verificationJob(scene, agent, verification.job);

  const answer = dataPolled(agent, verification, scene.target, scene.world.probes);
  if (answer.kind === "pass") return undefined;

  const timeout = verificationTimeout(verification, scene.target, scene.record.longestIntervalSeconds);
  const spent = elapsed(scene.record.clock, pollsSince(scene, agent, phaseSince(scene, agent)), scene.world.now);
  const recheckAt = scene.world.now + Math.max(0, timeout - spent);
  // An operator that has just started, or was away for longer than that, has heard nobody yet.
  if (spent < timeout || answer.isOpen) {
    const message = `verifying that ${agentText(agent)} polls data again (${formatDuration(timeout)} at most): ${answer.reason}`;
    const note = { reason: "Verifying", message, clause: CLAUSE, object: agentText(agent) };
    return { kind: "wait", note, probes: answer.probes, recheckAt, ...unheardOf(answer) };
  }
  if (!answer.conclusive && pinned !== undefined) {
    const elsewhere = leaveHost(scene, agent, pinned, "nothing shows there whether it polls");
    if (elsewhere !== undefined) return elsewhere;
  }
  return unseen(scene, agent, answer, spent);
}

/** The time is up and nothing was seen: undefined where a way back goes on without. */
function unseen(
  scene: Scene,
  agent: Agent,
  answer: Extract<Answer, { kind: "no" }>,
  spent: Millis,
): Outcome | undefined {
  if (!answer.conclusive && isTentative(scene)) return undefined;
  return {
    kind: "held",
    violations: [
      {
        gate: "DataPolled",
        object: agentText(agent),
        reason: answer.conclusive ? "VerificationFailed" : "VerificationInconclusive",
        message: `after ${formatDuration(spent)} nothing shows that data is polled again: ${answer.reason}`,
        remedy:
          "look at the log of the one new agent; correct its configuration or the cloud, or change spec.components.polling.verification. The others stay down until it passes",
        severity: "Error",
      },
    ],
    probes: answer.probes,
  };
}

/** No agent is wanted: no replicas, or a DaemonSet that is pinned nowhere and matches no host. */
function nothingToVerify(agent: Agent): boolean {
  if (agent.workload.kind === "DaemonSet") return pinnedTo(agent) === undefined && agent.workload.status.desired === 0;
  return replicasAfter(agent) === 0;
}
