/**
 * What a report keeps of the one before where nothing could be seen of the steps: something was unreadable, or a workload is not
 * there. What was true when it was last seen is a better answer than that nothing has been reached yet.
 */
import type { ConditionType } from "../../api/v1alpha1/conditions.ts";
import type { Condition, Status } from "../../api/v1alpha1/schema.ts";
import type { Decision, Phase } from "../../model/decision.ts";

/** Phases in which an attempt may be under way without its steps having been looked at. */
const GOES_ON: ReadonlySet<Phase> = new Set(["Unreadable", "Progressing", "Held", "Paused", "Waiting"]);

/** The report before, where it still speaks for this generation and this plan, and nothing was seen that could take its place. */
export function carriedOver(decision: Decision, generation: number, previous: Status): Status | undefined {
  if (previous.observedGeneration !== generation) return undefined;
  if (decision.steps.some(({ outcome }) => outcome !== undefined)) return undefined;
  if (decision.record !== undefined) {
    return GOES_ON.has(decision.phase) && isOfPlan(decision, previous) ? previous : undefined;
  }
  const isBlind = decision.phase === "Unreadable" || decision.phase === "Held";
  return isBlind && decision.steps.length === 0 ? previous : undefined;
}

const isOfPlan = ({ record }: Decision, { plan }: Status): boolean =>
  plan?.hash !== undefined && plan.hash === record?.plan;

/** Conditions that say what is so of workloads and of people's words, and not how the look at them went. */
const isKept = (type: ConditionType, { phase }: Decision): boolean =>
  type.endsWith("Upgraded") ||
  (phase === "Unreadable" && ["Paused", "AwaitingApproval", "PreflightPassed", "Drifted"].includes(type));

export function keptCondition(
  type: ConditionType,
  decision: Decision,
  carried: Status | undefined,
): Condition | undefined {
  return isKept(type, decision) ? carried?.conditions?.find((each) => each.type === type) : undefined;
}

/** What the gates saw before: nothing is seen now that could take its place. */
export const gatesKept = (carried: Status | undefined): Pick<Status, "newPollsters" | "pipelineParity"> => ({
  ...(carried?.newPollsters === undefined ? {} : { newPollsters: carried.newPollsters }),
  ...(carried?.pipelineParity === undefined ? {} : { pipelineParity: carried.pipelineParity }),
});
