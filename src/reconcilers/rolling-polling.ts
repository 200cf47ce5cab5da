/**
 * Clause P4, partial upgrade of the polling agents. New agents run beside old ones only if they bring no new pollsters. Else the
 * new pollsters start in a polling group of their own; the old agents are replaced by new ones that poll what both releases
 * share; and when no old agent is left, the isolated group stops and all agents get the whole polling file (I7).
 *
 * Which path each workload takes was found before the first write and is in the attempt record. Where it is on that path is read
 * off its template: as before, shared, whole.
 */
import { type Agent, agentText, atTarget, isNew, needsWork, podsOf, replicasAfter, wanting } from "../model/agent.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import type { Workload } from "../model/observation.ts";
import type { Outcome } from "../model/outcome.ts";
import {
  type Isolating,
  isGroupStopped,
  isNameTaken,
  isolatedOf,
  isolating,
  removeGroups,
  retireAbandoned,
  startIsolated,
  stopGroup,
} from "./isolated-group.ts";
import { loadingTrouble } from "./loading.ts";
import { meetsNow } from "./polling-path.ts";
import { mayNotStart, phaseSince, waitUntilGone } from "./progress.ts";
import { roll, shortFirst } from "./rolling.ts";
import { comingWord, isOfPlan, type Scene } from "./scene.ts";
import { seePolling } from "./see-polling.ts";
import { replaceTogether } from "./stop-then-start.ts";
import { unverified } from "./verification-of.ts";

const CLAUSE = "P4";

export function rollingPolling(scene: Scene): Outcome {
  const { agents, world } = scene;
  const groups = isolating(agents.polling);
  const unseen = unverified(scene);
  return (
    retireAbandoned(scene) ??
    isolate(scene, groups) ??
    replace(scene, groups) ??
    widen(scene, groups) ??
    loadingTrouble(scene, agents.polling, CLAUSE) ??
    verifyAll(scene) ??
    tidy(scene) ?? {
      kind: "settled",
      note: {
        reason: "Upgraded",
        message: `every polling agent runs ${world.upgrade.spec.target.release} and polls the whole of its file${unseen === undefined ? "" : `; ${unseen}`}`,
        clause: CLAUSE,
      },
    }
  );
}

/** What the agent polls while an isolated group polls what is new: only what old and new have in common. */
function shared(agent: Agent): Agent {
  const plan = agent.recorded?.polling;
  if (plan?.narrow === undefined) return agent;
  const { kind, object, key } = plan.narrow;
  const mounts = agent.wanted.mounts.filter(({ path }) => path !== plan.file.path);
  return wanting(agent, { mounts: [...mounts, { ...plan.file, kind, object, key }], undone: [] });
}

const isReplaced = (agent: Agent): boolean => atTarget(agent) || atTarget(shared(agent));

/** No agent runs what was there before this attempt, neither by its template nor by a pod that is still there. */
function hasNoOldAgent(agent: Agent): boolean {
  return isReplaced(agent) && agent.pods.every((pod) => isNew(agent, pod) || isNew(shared(agent), pod));
}

/**
 * The new pollsters start beside the old agents, and stay there as long as there is one: a group that somebody takes away is made
 * anew. Once a main agent was touched they had been seen to be polled, which is not waited for again.
 */
function isolate(scene: Scene, groups: readonly Isolating[]): Outcome | undefined {
  if (scene.agents.polling.every(hasNoOldAgent) || groups.some(({ agent }) => isWidening(agent))) return undefined;
  const begun = groups.some(({ agent }) => isOfPlan(agent, scene.record.plan));
  for (const group of groups) {
    if (begun && isRunning(scene, group)) continue;
    const outcome = startIsolated(scene, group);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function isRunning({ world }: Scene, group: Isolating): boolean {
  const copy = isolatedOf(world, group);
  return copy !== undefined && !isGroupStopped(copy);
}

/** One workload after the other, beside the old agents or without overlap. */
function replace(scene: Scene, groups: readonly Isolating[]): Outcome | undefined {
  const isIsolating = groups.length > 0;
  if (isIsolating && scene.agents.polling.every(hasNoOldAgent) && groups.some(({ agent }) => isWidening(agent)))
    return undefined;
  for (const agent of shortFirst(scene.agents.polling)) {
    const outcome = replaceOne(scene, agent);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** Its template is the whole one already, or it was taken down to get it. */
function isWidening(agent: Agent): boolean {
  const phase = agent.marks.phase?.phase;
  return atTarget(agent) || (atTarget(shared(agent)) && (phase === "down" || phase === "gone"));
}

const stageOf = (agent: Agent): Agent =>
  agent.recorded?.polling?.path === "Isolate" && !atTarget(agent) ? shared(agent) : agent;

function replaceOne(scene: Scene, agent: Agent): Outcome | undefined {
  const plan = agent.recorded?.polling;
  if (plan !== undefined && meetsNow(plan, asItComes(agent))) {
    const what = `the ${comingWord(scene)} polling agents (without overlap: by its settings of now old and new ones would meet)`;
    return replaceTogether(scene, [agent], { component: "polling", clause: CLAUSE, what });
  }
  if (plan === undefined || plan.overlap) return roll(scene, stageOf(agent), CLAUSE);
  const what = `the ${comingWord(scene)} polling agents (${whyApart(plan)})`;
  const mates = scene.agents.polling.filter((each) => isMate(plan, each.recorded?.polling));
  const all = plan.together === true ? mates : [agent];
  return replaceTogether(scene, all.map(stageOf), { component: "polling", clause: CLAUSE, what });
}

/** With the agents that it had, and gets back. */
const asItComes = (agent: Agent): Workload =>
  agent.workload.kind === "DaemonSet" ? agent.workload : { ...agent.workload, replicas: replicasAfter(agent) };

/** Agents of one group of which no old one may be there when a new one comes, whichever workload is theirs. */
function isMate(plan: RecordedPolling, other: RecordedPolling | undefined): boolean {
  const same = other?.namespaces.toSorted().join() === plan.namespaces.toSorted().join();
  return same && other?.together === true;
}

const whyApart = ({ why }: RecordedPolling): string => `without overlap: ${why}`;

/** When no old agent is left: the isolated group stops, then all agents of a namespace get the whole file at once. */
function widen(scene: Scene, groups: readonly Isolating[]): Outcome | undefined {
  if (groups.length === 0) return undefined;
  const old = scene.agents.polling.find((agent) => !hasNoOldAgent(agent));
  if (old !== undefined) return waitUntilGone(scene, [shared(old)], CLAUSE);
  const agents = groups.map(({ agent }) => agent);
  // Before the group goes, or nobody would poll what is new until a person has cleared the way (I7).
  const refused = mayNotStart(
    scene,
    agents.filter((agent) => needsWork(agent, scene.record.plan)),
  );
  if (refused !== undefined) return refused;
  for (const group of groups) {
    // One that has lost its owner polls on, and what is new would be polled twice (I7).
    const taken = isNameTaken(scene.world, group);
    if (taken !== undefined) return taken;
    const workload = isolatedOf(scene.world, group);
    if (workload === undefined) continue;
    const message = `no old agent is left: stop ${agentText({ workload })}, whose pollsters the others take over`;
    const stopped = stopGroup(scene.world, workload, { reason: "RetiringIsolated", message, clause: CLAUSE });
    if (stopped !== undefined) return stopped;
  }
  return replaceTogether(scene, agents, {
    component: "polling",
    clause: CLAUSE,
    what: "the polling agents on the whole polling file",
    reason: "Widening",
    besides: groups.flatMap((group) => {
      const workload = isolatedOf(scene.world, group);
      return workload === undefined ? [] : [{ workload, pods: podsOf(workload, scene.world.pods) }];
    }),
  });
}

/** Data is polled again by every workload that this attempt has touched. */
function verifyAll(scene: Scene): Outcome | undefined {
  // One that was let go has been verified before that.
  const touched = scene.agents.polling.filter((agent) => agent.marks.phase?.plan === scene.record.plan);
  // The first of them may have been written hours before the last one, and none is asked before that.
  const askedSince = Math.max(...touched.map((agent) => phaseSince(scene, agent)));
  for (const agent of touched) {
    const since = phaseSince(scene, agent);
    const outcome = seePolling(scene, agent, { since, askedSince, what: "data", whose: "the new agents" });
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** What was made for a while is removed: the isolated groups and the derived files. */
function tidy({ world }: Scene): Outcome | undefined {
  const why = {
    reason: "RemovingIsolated",
    message: "every agent polls the whole file: remove what was made for a while",
    clause: CLAUSE,
  };
  const effect = removeGroups(world, why);
  return effect === undefined ? undefined : { kind: "act", effect, note: why };
}
