/** One step of the report, made of what was found of it. */
import type { Status, StepStatus } from "../../api/v1alpha1/schema.ts";
import type { Decision, StepReport } from "../../model/decision.ts";
import { assertNever, type Outcome, type Violation } from "../../model/outcome.ts";
import { formatTime, type Millis } from "../../model/time.ts";

export function stepStatus(
  step: StepReport,
  decision: Decision,
  previous: Status,
  now: Millis,
  retry: number,
): StepStatus {
  const { component: name, outcome } = step;
  if (outcome === undefined) return { name, state: "Pending" };
  const state = stateOf(outcome, decision);
  const before = previous.steps?.find((each) => each.name === name);
  const ended = state === "Succeeded" || state === "Skipped";
  const times = stepTimes(step, ended, previous, decision, now);
  const blockedBy = blocked(outcome, before, now, decision);
  return {
    name,
    state,
    ...times,
    attempts: retry + 1,
    message: messageOf(outcome),
    ...optional("blockedBy", blockedBy),
  };
}

/** When a step began is known from the marks on its workloads; when it ended, only from the report that first said so. */
function stepTimes(
  { component, startedAt }: StepReport,
  ended: boolean,
  previous: Status,
  decision: Decision,
  now: Millis,
): Pick<StepStatus, "startedAt" | "finishedAt"> {
  const before = previous.steps?.find((each) => each.name === component);
  const began = startedAt === undefined ? undefined : formatTime(startedAt);
  if (!ended) return optional("startedAt", began);
  const plan = decision.record?.plan;
  // Where no plan is known, another one is not: what has ended is not said to have ended just now.
  const samePlan = plan === undefined || previous.plan?.hash === plan;
  const finishedAt = (samePlan ? before?.finishedAt : undefined) ?? formatTime(now);
  return { ...optional("startedAt", began ?? before?.startedAt), finishedAt };
}

function stateOf(outcome: Outcome, decision: Decision): StepStatus["state"] {
  switch (outcome.kind) {
    case "settled":
      return outcome.skipped === true ? "Skipped" : "Succeeded";
    case "act":
      return decision.phase === "Paused" || decision.phase === "Waiting" ? "Waiting" : "Running";
    case "wait":
      return outcome.blocked === undefined ? "Running" : "Waiting";
    case "held":
      return "Held";
    case "failed":
      return "Failed";
    default:
      return assertNever(outcome);
  }
}

export function violationOf(outcome: Outcome): Violation | undefined {
  if (outcome.kind === "held") return outcome.violations[0];
  if (outcome.kind === "wait") return outcome.blocked;
  return outcome.kind === "failed" ? outcome.violation : undefined;
}

export function messageOf(outcome: Outcome): string {
  const violation = violationOf(outcome);
  if (violation !== undefined) return `${violation.message}; ${violation.remedy}`;
  return "note" in outcome ? outcome.note.message : "";
}

function blocked(
  outcome: Outcome,
  before: StepStatus | undefined,
  now: Millis,
  decision: Decision,
): StepStatus["blockedBy"] {
  const violation = violationOf(outcome);
  if (violation === undefined) return undefined;
  const { gate, object, reason, remedy } = violation;
  const same = before?.blockedBy?.reason === reason && before.blockedBy.object === object;
  const since = same ? before.blockedBy?.since : undefined;
  const { recheckAt } = decision;
  return {
    gate,
    object,
    reason,
    remedy,
    since: since ?? formatTime(now),
    ...(recheckAt === undefined || recheckAt <= now ? {} : { nextCheckTime: formatTime(recheckAt) }),
  };
}

/** A member that is absent where its value is undefined: that is how the API has it. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const member: { [key in K]?: V } = {};
  if (value !== undefined) member[key] = value;
  return member;
}
