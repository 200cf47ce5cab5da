/** What a phase reconciler is given: one moment of the cluster, the attempt that is under way, and the agents it moves. */

import { type Agent, atTarget, isDown } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { AgentComponent } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";

export type Agents = Readonly<Record<AgentComponent, readonly Agent[]>>;

export interface Scene {
  readonly world: World;
  readonly record: AttemptRecord;
  readonly agents: Agents;
  /** Those that `spec.only` leaves for later. */
  readonly left: Agents;
  readonly target: Release;
}

/** What pods are called that go and that come: on a way back the new ones of before are those that go. */
export const goingWord = ({ record: { back, from } }: Scene): string => (back === undefined ? "old" : (from ?? "old"));
export const comingWord = ({ record: { back, to } }: Scene): string => (back === undefined ? "new" : to);

/** Pure: what one phase has to say about this moment. */
export type PhaseReconciler = (scene: Scene) => Outcome;

export const allAgents = (agents: Agents): readonly Agent[] => [
  ...agents.collector,
  ...agents.notification,
  ...agents.polling,
  ...agents.api,
];

/**
 * Whether this attempt has already written to a workload: nothing is written to one before the database is settled. One that had
 * ended and is carried out once more has not, where it has only left its mark then.
 */
export function hasBegun({ agents, record: { plan, ended } }: Scene, component: AgentComponent): boolean {
  return agents[component].some(
    ({ marks: { phase, completedPlan } }) => phase?.plan === plan || (ended === undefined && completedPlan === plan),
  );
}

/** The target release has no such component: its workloads are kept at zero, and keep their old template. */
export const isRetired = (agent: Agent): boolean => agent.wanted.retires === true;

/** The template, or for a component that retires the absence of pods, is what the resource wants. */
export function hasArrived(agent: Agent): boolean {
  return isRetired(agent) ? isDown(agent) : atTarget(agent);
}

export function isOfPlan(agent: Agent, plan: string): boolean {
  return agent.marks.phase?.plan === plan || agent.marks.completedPlan === plan;
}
