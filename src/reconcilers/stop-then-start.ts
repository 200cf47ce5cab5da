/**
 * Clauses F2, F3 and F5: every old pod of every workload of the component is gone before the first new one is created.
 * Derived at each look from the templates and the pods alone, so that it goes on from wherever it was left.
 */
import { type Agent, agentText, isDown, needsWork } from "../model/agent.ts";
import { elapsed } from "../model/clock.ts";
import { type AgentComponent, COMPONENT_WORDS } from "../model/component.ts";
import type { Outcome } from "../model/outcome.ts";
import { formatDuration, type Millis } from "../model/time.ts";
import { markGone, onlyWithPodsOf, retire, start, takeDown } from "./desired/workload-writes.ts";
import { contested, mayNotStart, momentOf, phaseSince, waitUntilAvailable, waitUntilGone } from "./progress.ts";
import { comingWord, goingWord, isOfPlan, type Scene } from "./scene.ts";

export function stopThenStart(scene: Scene, component: AgentComponent, clause: string): Outcome {
  return (
    replaceTogether(scene, scene.agents[component], { component, clause }) ?? {
      kind: "settled",
      note: { reason: "Upgraded", message: `every ${COMPONENT_WORDS[component]} runs the target`, clause },
    }
  );
}

export interface Together {
  readonly component: AgentComponent;
  readonly clause: string;
  /** How long the dead stay in their coordination group: nothing is started before it has forgotten them. */
  readonly forgetAfter?: Millis;
  /** Of what must be gone besides: workloads that none of these agents is of. */
  readonly besides?: readonly Pick<Agent, "workload" | "pods">[];
  /** What is started, in a sentence. Default: the new pods of the component. */
  readonly what?: string;
  /** Why it is started, in a word. Default: Starting. */
  readonly reason?: string;
}

/**
 * Without overlap: every old pod of all of these workloads is gone before the first new one is created. What is old and new is
 * told by what is wanted of each. Undefined once all of them are available.
 */
export function replaceTogether(scene: Scene, agents: readonly Agent[], how: Together): Outcome | undefined {
  const { component, clause } = how;
  const words = COMPONENT_WORDS[component];
  const pending = agents.filter((agent) => needsWork(agent, scene.record.plan));
  const refused = mayNotStart(scene, pending);
  if (refused !== undefined) return refused;

  // First all of them go down, while none of them has a new pod yet.
  const byItself = replacesItself(agents, how);
  const up = byItself ? undefined : pending.find((agent) => !isDown(agent));
  if (up !== undefined) {
    const message = `shut down every ${goingWord(scene)} ${words} pod of ${agentText(up)}`;
    const note = { reason: "TakingDown", message, clause };
    return { kind: "act", effect: takeDown(up, momentOf(scene), note), note };
  }

  // Then nothing is started before the last old pod is gone, whichever workload it belongs to. A workload whose template
  // has arrived replaces its own stragglers; its old pods hold back the others all the same.
  const gone = pending.length > 0 && !byItself ? waitUntilGone(scene, agents, clause) : undefined;
  if (gone !== undefined) return gone;
  // Once the first of them was started nobody is waited for; one that this plan has not touched is not a start of it.
  const started = agents.some((agent) => !pending.includes(agent) && isUp(scene, agent));
  const isFirst = pending.length > 0 && !started;
  const remembered = isFirst ? waitUntilForgotten(scene, pending, how) : undefined;
  if (remembered !== undefined) return remembered;

  const next = pending[0] ?? agents.find((agent) => isOwed(agent) || isMiscounted(scene, agent));
  if (next === undefined) return waitUntilAvailable(scene, agents, clause);
  const outcome = startOne(scene, next, how);
  // Pods come by another watch than their workload: that none is left is asked again before the first of them is started.
  return isFirst && !byItself
    ? { ...outcome, effect: onlyWithPodsOf(outcome.effect, [...agents, ...(how.besides ?? [])]) }
    : outcome;
}

function startOne(
  scene: Scene,
  agent: Agent,
  { component, clause, ...how }: Together,
): Extract<Outcome, { kind: "act" }> {
  const what = how.what ?? `the ${comingWord(scene)} ${COMPONENT_WORDS[component]} pods`;
  const note = { reason: how.reason ?? "Starting", message: `start ${what} of ${agentText(agent)}`, clause };
  return { kind: "act", effect: start(agent, momentOf(scene), note), note };
}

const isUp = ({ record }: Scene, { marks: { phase } }: Agent): boolean =>
  phase?.plan === record.plan && phase.phase === "up";

/** A member that died stays in its coordination group until the backend forgets it, and what is its share goes unread. */
function waitUntilForgotten(scene: Scene, agents: readonly Agent[], how: Together): Outcome | undefined {
  const { forgetAfter = 0, clause } = how;
  const [first] = agents;
  if (forgetAfter === 0 || first === undefined) return undefined;
  const object = agentText(first);
  const phase = first.marks.phase;
  if (phase?.plan !== scene.record.plan || phase.phase !== "gone") {
    const message = `every pod is gone; the coordination group forgets them in ${formatDuration(forgetAfter)}`;
    const note = { reason: "WaitingForMembers", message, clause, object };
    return { kind: "act", effect: onlyWithPodsOf(markGone(first, momentOf(scene), note), agents), note };
  }
  const spent = elapsed(scene.record.clock, phaseSince(scene, first), scene.world.now);
  if (spent >= forgetAfter) return undefined;
  const message = `the coordination group has not forgotten the agents that are gone yet (${formatDuration(forgetAfter)})`;
  const note = { reason: "WaitingForMembers", message, clause, object };
  return { kind: "wait", note, recheckAt: scene.world.now + forgetAfter - spent };
}

/** A single Deployment with the strategy Recreate: its own controller starts nothing before the last old pod is gone. */
function replacesItself(agents: readonly Agent[], { forgetAfter }: Together): boolean {
  const [only, second] = agents;
  if (forgetAfter !== undefined) return false;
  return only?.workload.kind === "Deployment" && only.workload.strategy === "Recreate" && second === undefined;
}

/** Something is still borrowed from a workload whose template has arrived. */
export function isOwed(agent: Agent): boolean {
  return agent.marks.borrowed !== undefined;
}

/**
 * The resource asks for another number of pods, and this attempt has not set it yet. Only once: who scales the workload
 * afterwards, an autoscaler for one, is not fought with.
 */
export function isMiscounted(scene: Scene, agent: Agent): boolean {
  const { workload, wanted } = agent;
  if (wanted.hosts !== undefined) return isDown(agent) && !isOfPlan(agent, scene.record.plan);
  if (workload.kind === "DaemonSet" || wanted.replicas === undefined) return false;
  return workload.replicas !== wanted.replicas && !isOfPlan(agent, scene.record.plan);
}

/** The target release has no such component: to zero, reported, never deleted. */
export function retireComponent(scene: Scene, component: AgentComponent, clause: string): Outcome {
  const agents = scene.agents[component];
  const words = COMPONENT_WORDS[component];
  const up = agents.find((agent) => !isDown(agent) || isOwed(agent));
  const fought = up === undefined ? undefined : contested(scene, up);
  if (fought !== undefined) return fought;
  if (up !== undefined) {
    const message = `retire ${agentText(up)}: ${scene.target.name} has no ${words}`;
    const note = { reason: "Retiring", message, clause };
    return { kind: "act", effect: retire(up, momentOf(scene), note), note };
  }
  const gone = waitUntilGone(scene, agents, clause);
  if (gone !== undefined) return gone;
  return {
    kind: "settled",
    note: {
      reason: "Retired",
      message: `${scene.target.name} has no ${words}; its workloads are kept at zero`,
      clause,
    },
  };
}
