/**
 * The report, made of a decision. It alone reads the previous report, to carry what only a report has: when a condition
 * changed, when a step ended, that an upgrade had succeeded, and the steps of the plan that is carried out.
 */
import { CONDITION_TYPES, type ConditionType } from "../../api/v1alpha1/conditions.ts";
import type { Condition, Finding, HistoryEntry, Status, StepStatus } from "../../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "../../model/attempt.ts";
import type { Component } from "../../model/component.ts";
import type { Decision, StepReport } from "../../model/decision.ts";
import type { Upgrade } from "../../model/observation.ts";
import { assertNever, type Outcome, type Violation } from "../../model/outcome.ts";
import { formatTime, type Millis } from "../../model/time.ts";
import { gatesSeen } from "./gates-seen.ts";

export interface Told {
  readonly upgrade: Pick<Upgrade, "metadata" | "spec">;
  readonly decision: Decision;
  readonly records: readonly AttemptRecord[];
  readonly now: Millis;
}

const HISTORY = 10;
const MESSAGE = 4096;
const PLANNED = 256;

export function makeStatus({ upgrade, decision, records, now }: Told, previous: Status): Status {
  const { metadata, spec } = upgrade;
  const steps = decision.steps.map((step) => stepStatus(step, decision, previous, now, spec.retryAttempt));
  const current = steps.find(
    (step) => step.state !== "Succeeded" && step.state !== "Skipped" && step.state !== "Pending",
  );
  const release = { ...currentRelease(decision, spec.target.release), target: spec.target.release };
  return {
    observedGeneration: metadata.generation,
    conditions: conditions(decision, upgrade, previous, now),
    step: current?.name ?? overall(decision),
    ...optional("plan", planStatus(decision, previous)),
    steps,
    ...gatesSeen(decision),
    ...(decision.findings.length === 0 ? {} : { preflight: decision.findings.map(finding) }),
    release,
    ...historyOf(records, previous),
  };
}

/** The steps are foreseen once, when the attempt begins; the same plan has them ever after. */
function planStatus({ plan, record }: Decision, previous: Status): Status["plan"] {
  const hash = plan?.hash ?? record?.plan;
  if (plan !== undefined) return { ...optional("hash", hash), steps: plan.steps.slice(0, PLANNED) };
  if (hash === undefined) return undefined;
  const steps = previous.plan?.hash === hash ? previous.plan.steps : undefined;
  return { hash, ...optional("steps", steps) };
}

function currentRelease(decision: Decision, target: string): { current?: string } {
  if (decision.headline.reason === "CompletedInPart" && decision.from !== undefined) return { current: decision.from };
  if (decision.phase === "Completed" || decision.phase === "NoChange") return { current: target };
  return decision.from === undefined ? {} : { current: decision.from };
}

/** What the Step column says where no step is under way. */
function overall(decision: Decision): string {
  switch (decision.phase) {
    case "Completed":
    case "NoChange":
      return "Done";
    case "Preflight":
      return "Preflight";
    case "Planned":
    case "Paused":
    case "Deleting":
    case "Unreadable":
      return decision.phase;
    case "Held":
      return decision.record === undefined ? "Preflight" : "Held";
    case "Progressing":
      return "Preparing";
    default:
      return assertNever(decision.phase);
  }
}

function stepStatus(step: StepReport, decision: Decision, previous: Status, now: Millis, retry: number): StepStatus {
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
    message: messageOf(outcome).slice(0, MESSAGE),
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
  const samePlan = previous.plan?.hash === decision.record?.plan;
  const finishedAt = (samePlan ? before?.finishedAt : undefined) ?? formatTime(now);
  return { ...optional("startedAt", began ?? before?.startedAt), finishedAt };
}

/** A member that is absent where its value is undefined: that is how the API has it. */
function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const member: { [key in K]?: V } = {};
  if (value !== undefined) member[key] = value;
  return member;
}

function stateOf(outcome: Outcome, decision: Decision): StepStatus["state"] {
  switch (outcome.kind) {
    case "settled":
      return outcome.skipped === true ? "Skipped" : "Succeeded";
    case "act":
      return decision.phase === "Paused" ? "Waiting" : "Running";
    case "wait":
      return "Running";
    case "held":
      return "Held";
    case "failed":
      return "Failed";
    default:
      return assertNever(outcome);
  }
}

function violationOf(outcome: Outcome): Violation | undefined {
  if (outcome.kind === "held") return outcome.violations[0];
  return outcome.kind === "failed" ? outcome.violation : undefined;
}

function messageOf(outcome: Outcome): string {
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

const finding = ({ reason, severity, object, message, remedy }: Violation): Finding => ({
  check: reason,
  severity,
  object,
  message: message.slice(0, 2048),
  remedy: remedy.slice(0, 2048),
});

interface Said {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}
const said = (status: Said["status"], reason: string, message: string): Said => ({ status, reason, message });

function conditions(decision: Decision, upgrade: Told["upgrade"], previous: Status, now: Millis): Condition[] {
  const told = { ...summary(decision), ...perComponent(decision), ...steering(decision, upgrade) };
  return CONDITION_TYPES.map((type) => {
    const next = succeededStays(type, told[type], previous, upgrade.metadata.generation);
    const before = previous.conditions?.find((each) => each.type === type);
    return {
      type,
      ...next,
      observedGeneration: upgrade.metadata.generation,
      lastTransitionTime: before?.status === next.status ? before.lastTransitionTime : formatTime(now),
    };
  });
}

/** kstatus' three and the outcome. */
function summary({ phase, headline }: Decision): Record<"Ready" | "Reconciling" | "Stalled" | "Succeeded", Said> {
  const { reason, message } = headline;
  const done = phase === "Completed" || phase === "NoChange";
  const stalled = phase === "Held";
  const moving = !done && !stalled && phase !== "Paused" && phase !== "Planned";
  return {
    Ready: said(done ? "True" : phase === "Unreadable" ? "Unknown" : "False", reason, message),
    Reconciling: said(moving ? "True" : "False", moving ? "Progressing" : reason, message),
    Stalled: said(stalled ? "True" : "False", stalled ? reason : "Progressing", stalled ? message : ""),
    Succeeded: said(done ? "True" : "Unknown", done ? reason : "Progressing", message),
  };
}

/** Once a generation has succeeded it stays so, whatever happens to the workloads later: that is drift. */
function succeededStays(type: ConditionType, next: Said, previous: Status, generation: number): Said {
  if (type !== "Succeeded") return next;
  const before = previous.conditions?.find((each) => each.type === "Succeeded");
  const kept = before?.status === "True" && before.observedGeneration === generation && next.status !== "True";
  return kept ? said("True", before.reason, before.message) : next;
}

function steering(
  decision: Decision,
  upgrade: Told["upgrade"],
): Record<"Paused" | "AwaitingApproval" | "PreflightPassed" | "Drifted", Said> {
  const errors = decision.findings.filter((each) => each.severity === "Error");
  const checked = decision.record !== undefined || decision.phase === "NoChange" || decision.phase === "Planned";
  const drifted = decision.drifted ?? [];
  return {
    Paused:
      decision.phase === "Paused"
        ? said("True", "Paused", decision.headline.message)
        : upgrade.spec.paused && decision.phase === "Progressing"
          ? said("False", "Pausing", "the component that is under way is brought up first")
          : said("False", "Running", ""),
    AwaitingApproval:
      decision.headline.reason === "AwaitingApproval"
        ? said("True", "AwaitingApproval", decision.headline.message)
        : said("False", "NotAwaited", ""),
    PreflightPassed: checked
      ? said("True", "Passed", "every check before the first write has passed")
      : errors.length > 0
        ? said(
            "False",
            errors[0]?.reason ?? "Held",
            errors
              .map((each) => `${each.object}: ${each.message}`)
              .join("\n")
              .slice(0, MESSAGE),
          )
        : said("Unknown", "Checking", decision.headline.message),
    Drifted:
      drifted.length > 0
        ? said("True", "Drifted", `not at the target any more: ${drifted.join(", ")}`)
        : decision.phase === "Completed"
          ? said("False", "NotDrifted", "")
          : said("Unknown", "Waiting", ""),
  };
}

const OF_COMPONENT: Readonly<Record<Component, Extract<ConditionType, `${string}Upgraded`>>> = {
  database: "DatabaseUpgraded",
  collector: "CollectorUpgraded",
  notification: "NotificationUpgraded",
  polling: "PollingUpgraded",
  api: "APIUpgraded",
};

function perComponent(decision: Decision): Record<Extract<ConditionType, `${string}Upgraded`>, Said> {
  const absent = said("Unknown", "NotApplicable", "the resource has no such component");
  const all = {
    DatabaseUpgraded: absent,
    CollectorUpgraded: absent,
    NotificationUpgraded: absent,
    PollingUpgraded: absent,
    APIUpgraded: absent,
  };
  for (const { component, outcome } of decision.steps) all[OF_COMPONENT[component]] = componentSaid(outcome);
  return all;
}

function componentSaid(outcome: Outcome | undefined): Said {
  if (outcome === undefined) return said("Unknown", "Waiting", "not reached yet");
  if (outcome.kind === "settled" && outcome.note.reason === "LeftForLater") {
    return said("False", "LeftForLater", outcome.note.message);
  }
  if (outcome.kind === "settled") return said("True", outcome.note.reason, outcome.note.message);
  const violation = violationOf(outcome);
  if (violation !== undefined) return said("False", violation.reason, messageOf(outcome).slice(0, MESSAGE));
  return "note" in outcome ? said("False", outcome.note.reason, outcome.note.message) : said("Unknown", "Waiting", "");
}

/** Past attempts come from their records, so that a wiped report loses none that the cluster still remembers. */
function historyOf(records: readonly AttemptRecord[], previous: Status): { history?: HistoryEntry[] } {
  const entries = records.flatMap((record): HistoryEntry[] => {
    if (record.ended === undefined) return [];
    return [
      {
        plan: record.plan,
        ...(record.from === undefined ? {} : { from: record.from }),
        to: record.to,
        state: record.ended.state === "Completed" && record.only === undefined ? "Completed" : "Partial",
        startedAt: record.startedAt,
        finishedAt: record.ended.at,
        ...(record.acceptedRisks === undefined ? {} : { acceptedRisks: record.acceptedRisks }),
      },
    ];
  });
  const known = new Set(entries.map((entry) => entry.plan));
  const older = (previous.history ?? []).filter((entry) => !known.has(entry.plan) && records.length === 0);
  const history = [...entries, ...older]
    .toSorted((a, b) => ((a.finishedAt ?? "") < (b.finishedAt ?? "") ? 1 : -1))
    .slice(0, HISTORY);
  return history.length === 0 ? {} : { history };
}
