/** The conditions of a report: kstatus' three and the outcome, what people steer by, and one for each component. */
import { CONDITION_TYPES, type ConditionType } from "../../api/v1alpha1/conditions.ts";
import type { Condition, Spec, Status } from "../../api/v1alpha1/schema.ts";
import type { Component } from "../../model/component.ts";
import type { Decision, Phase } from "../../model/decision.ts";
import type { Upgrade } from "../../model/observation.ts";
import { assertNever, type Outcome } from "../../model/outcome.ts";
import { formatTime, type Millis } from "../../model/time.ts";
import { keptCondition } from "./carried-over.ts";
import { messageOf, violationOf } from "./step-status.ts";

interface Said {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}
const said = (status: Said["status"], reason: string, message: string): Said => ({ status, reason, message });

/** The report before, and as much of it as is carried over because nothing could be seen. */
export interface Before {
  readonly previous: Status;
  readonly carried: Status | undefined;
}

export function conditions(
  decision: Decision,
  upgrade: Pick<Upgrade, "metadata" | "spec">,
  { previous, carried }: Before,
  now: Millis,
): Condition[] {
  const spec = decision.spec ?? upgrade.spec;
  const seen = { ...summary(decision, spec), ...perComponent(decision), ...steering(decision, spec) };
  const told = { ...seen, ...stillStalled(decision, carried) };
  return CONDITION_TYPES.map((type) => {
    const kept = keptCondition(type, decision, carried);
    const next =
      kept === undefined
        ? succeededStays(type, told[type], previous, upgrade.metadata.generation, goesOn(decision, spec))
        : said(kept.status, kept.reason, kept.message);
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
function summary(decision: Decision, spec: Spec): Record<"Ready" | "Reconciling" | "Stalled" | "Succeeded", Said> {
  const { reason, message } = decision.headline;
  const being = beingOf(decision.phase, spec);
  const moving = being === "moving" || being === "blind";
  return {
    Ready: said(being === "done" ? "True" : being === "blind" ? "Unknown" : "False", reason, message),
    Reconciling: moving ? said("True", "Progressing", message) : said("False", reason, message),
    Stalled: being === "stalled" ? said("True", reason, message) : said("False", "Progressing", ""),
    Succeeded: succeeded(decision),
  };
}

/** Who was waited for is not let off because something cannot be read for a while: they would be called again afterwards. */
function stillStalled(
  { phase, headline: { reason, message } }: Decision,
  carried: Status | undefined,
): Partial<Record<ConditionType, Said>> {
  const stalled = carried?.conditions?.find((each) => each.type === "Stalled" && each.status === "True");
  if (phase !== "Unreadable" || stalled === undefined) return {};
  return {
    Ready: said("False", reason, message),
    Reconciling: said("False", reason, message),
    Stalled: said("True", stalled.reason, stalled.message),
  };
}

/** A rollback that the spec asks for is what the spec wants; after any other one somebody has to decide what is wanted now. */
function beingOf(phase: Phase, { rollback }: Spec): "done" | "stalled" | "resting" | "moving" | "blind" {
  switch (phase) {
    case "Completed":
    case "NoChange":
      return "done";
    case "RolledBack":
      return rollback ? "done" : "stalled";
    case "Held":
      return "stalled";
    case "Paused":
    case "Waiting":
    case "Planned":
      return "resting";
    case "Unreadable":
      return "blind";
    case "Preflight":
    case "Progressing":
    case "Deleting":
      return "moving";
    default:
      return assertNever(phase);
  }
}

function succeeded({ phase, headline: { reason, message } }: Decision): Said {
  if (phase === "Completed" || phase === "NoChange") return said("True", reason, message);
  return phase === "RolledBack" ? said("False", reason, message) : said("Unknown", "Progressing", message);
}

/** An attempt is under way, or more is asked of the one that has ended: by annotation, which changes no generation. */
const goesOn = ({ record }: Decision, { retryAttempt, rollback }: Spec): boolean =>
  record !== undefined && (record.ended === undefined || record.ended.retry < retryAttempt || rollback);

/** Once a generation has succeeded it stays so, whatever happens to the workloads later: that is drift. */
function succeededStays(
  type: ConditionType,
  next: Said,
  previous: Status,
  generation: number,
  isUnderWay: boolean,
): Said {
  if (type !== "Succeeded" || isUnderWay) return next;
  const before = previous.conditions?.find((each) => each.type === "Succeeded");
  const kept = before?.status === "True" && before.observedGeneration === generation && next.status === "Unknown";
  return kept ? said("True", before.reason, before.message) : next;
}

function steering(
  decision: Decision,
  spec: Spec,
): Record<"Paused" | "AwaitingApproval" | "PreflightPassed" | "Drifted", Said> {
  const errors = decision.findings.filter((each) => each.severity === "Error");
  const checked = decision.record !== undefined || decision.phase === "NoChange" || decision.phase === "Planned";
  const drifted = decision.drifted ?? [];
  return {
    Paused:
      decision.phase === "Paused"
        ? said("True", "Paused", decision.headline.message)
        : spec.paused && decision.phase === "Progressing"
          ? said("False", "Pausing", "the component that is under way is brought up first")
          : said("False", "Running", ""),
    AwaitingApproval:
      decision.headline.reason === "AwaitingApproval"
        ? said("True", "AwaitingApproval", decision.headline.message)
        : said("False", "NotAwaited", ""),
    PreflightPassed: checked
      ? said("True", "Passed", "every check before the first write has passed")
      : errors.length > 0
        ? said("False", errors[0]?.reason ?? "Held", errors.map((each) => `${each.object}: ${each.message}`).join("\n"))
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
  if (violation !== undefined) return said("False", violation.reason, messageOf(outcome));
  return "note" in outcome ? said("False", outcome.note.reason, outcome.note.message) : said("Unknown", "Waiting", "");
}
