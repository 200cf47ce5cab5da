/**
 * Clauses P2 to P4 where old and new may run side by side: one write, and the workload's own controller replaces pod by pod
 * within the budget of its strategy (I5). One workload at a time, each available before the next one begins.
 */
import { type Agent, agentText, isObserved, needsWork, oldPods } from "../model/agent.ts";
import { type AgentComponent, COMPONENT_WORDS } from "../model/component.ts";
import type { Pod } from "../model/observation.ts";
import type { Outcome } from "../model/outcome.ts";
import { troubleOfPods } from "../model/trouble.ts";
import { start } from "./desired/workload-writes.ts";
import { isStuck, mayNotStart, momentOf, waitUntilAvailable } from "./progress.ts";
import { comingWord, goingWord, type Scene } from "./scene.ts";
import { isMiscounted, isOwed } from "./stop-then-start.ts";

export function rollComponent(scene: Scene, component: AgentComponent, clause: string): Outcome {
  for (const agent of shortFirst(scene.agents[component])) {
    const outcome = roll(scene, agent, clause);
    if (outcome !== undefined) return outcome;
  }
  const message = `every ${COMPONENT_WORDS[component]} runs the target`;
  return { kind: "settled", note: { reason: "Upgraded", message, clause } };
}

/**
 * Whatever misses pods already comes first, as after another target in the middle of a roll: so no second workload gives up
 * capacity beside it, and one whose pods never come up is mended first (I5).
 */
export function shortFirst(agents: readonly Agent[]): readonly Agent[] {
  const isShort = ({ workload: { status, replicas } }: Agent): boolean =>
    status.available < (replicas ?? status.desired);
  return [...agents.filter(isShort), ...agents.filter((agent) => !isShort(agent))];
}

/** Undefined once the workload has what is wanted of it, and all of its pods are available. */
export function roll(scene: Scene, agent: Agent, clause: string): Outcome | undefined {
  const pending = needsWork(agent, scene.record.plan);
  const refused = mayNotStart(scene, pending ? [agent] : []);
  if (refused !== undefined) return refused;
  if (pending || isOwed(agent) || isMiscounted(scene, agent)) {
    const message = `bring ${comingWord(scene)} ${COMPONENT_WORDS[agent.component]} pods up beside the ${goingWord(scene)} ones of ${agentText(agent)}`;
    const note = { reason: "Rolling", message, clause };
    return { kind: "act", effect: start(agent, momentOf(scene), note), note };
  }
  return removeUnready(scene, agent) ?? waitUntilAvailable(scene, [agent], clause);
}

/**
 * A StatefulSet waits for ever for a pod that never becomes ready, even where its template has been corrected since: such a
 * pod of the template before is the one thing that the operator deletes and did not create (I9). What keeps it may be plain; where
 * it only runs and is not ready, it has until the deadline of the step.
 */
function removeUnready(scene: Scene, agent: Agent): Outcome | undefined {
  if (agent.workload.kind !== "StatefulSet" || !isObserved(agent)) return undefined;
  // One that was told to go is only waited for: another deletion would change nothing, look after look.
  const isOwn = ({ metadata }: Pod): boolean => metadata.owner?.uid === agent.workload.metadata.uid;
  const stays = oldPods(agent).filter((pod) => isOwn(pod) && pod.metadata.deletingSince === undefined);
  const isPlain = (pod: Pod): boolean => !pod.ready && troubleOfPods([pod]).length > 0;
  const stuck = stays.find((pod) => isPlain(pod) || isStuck(scene, agent, pod));
  const claimed = agent.marks.claim?.upgrade === scene.world.upgrade.metadata.uid;
  if (stuck === undefined || !claimed) return undefined;
  const { namespace, name, uid, resourceVersion } = stuck.metadata;
  const object = `Pod/${name}`;
  const message = `${object} is not ready and has the template before; ${agentText(agent)} would wait for it for ever`;
  const note = { reason: "RemovingUnready", message, clause: "I9", object };
  const ref = { kind: "Pod", namespace, name };
  return { kind: "act", effect: { kind: "delete", ref, uid, resourceVersion, why: note }, note };
}
