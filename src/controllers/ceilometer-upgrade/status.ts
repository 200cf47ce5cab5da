/**
 * The report, made of a decision. It alone reads the previous report, to carry what only a report has: when a condition
 * changed, when a step ended, that an upgrade had succeeded, and the steps of the plan that is carried out.
 */
import type { Finding, Spec, Status } from "../../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "../../model/attempt.ts";
import type { Decision } from "../../model/decision.ts";
import { openingOf } from "../../model/maintenance-window.ts";
import type { Upgrade } from "../../model/observation.ts";
import { assertNever, type Violation } from "../../model/outcome.ts";
import { formatTime, type Millis } from "../../model/time.ts";
import { carriedOver, gatesKept } from "./carried-over.ts";
import { conditions } from "./conditions.ts";
import { fitStatus } from "./fit-status.ts";
import { gatesSeen } from "./gates-seen.ts";
import { historyOf } from "./history.ts";
import { optional, stepStatus } from "./step-status.ts";

export interface Told {
  readonly upgrade: Pick<Upgrade, "metadata" | "spec">;
  readonly decision: Decision;
  readonly records: readonly AttemptRecord[];
  readonly now: Millis;
}

/** As many checks as the schema takes; where there are more, the last entry says how many. */
const FINDINGS = 64;

export const makeStatus = (told: Told, previous: Status): Status => fitStatus(draftStatus(told, previous));

/** What it says, not yet cut to what the API server takes: most looks come to nothing that is stored, and cutting costs more than they do. */
export function draftStatus({ upgrade, decision, records, now }: Told, previous: Status): Status {
  const { metadata } = upgrade;
  const spec = decision.spec ?? upgrade.spec;
  const carried = carriedOver(decision, metadata.generation, previous);
  const steps =
    carried?.steps ?? decision.steps.map((step) => stepStatus(step, decision, previous, now, spec.retryAttempt));
  const current = steps.find(
    (step) => step.state !== "Succeeded" && step.state !== "Skipped" && step.state !== "Pending",
  );
  const release = {
    ...optional("current", currentRelease(decision, spec.target.release) ?? carried?.release?.current),
    target: spec.target.release,
  };
  return {
    observedGeneration: metadata.generation,
    conditions: conditions(decision, upgrade, { previous, carried }, now),
    step: (carried === undefined ? current?.name : undefined) ?? overall(decision),
    ...optional("plan", planStatus(decision, previous) ?? carried?.plan),
    steps,
    ...gatesKept(carried),
    ...gatesSeen(decision),
    ...maintenanceOf(spec, now),
    ...preflight(decision, carried),
    release,
    ...historyOf(records, previous),
  };
}

/** The steps are foreseen once, when the attempt begins; the same plan has them ever after. */
function planStatus({ plan, record }: Decision, previous: Status): Status["plan"] {
  const hash = plan?.hash ?? record?.plan;
  if (plan !== undefined) return { ...optional("hash", hash), steps: [...plan.steps] };
  if (hash === undefined) return undefined;
  const steps = previous.plan?.hash === hash ? previous.plan.steps : undefined;
  return { hash, ...optional("steps", steps) };
}

/** What a look at the clock would say too, for people who have no clock of that time zone. */
function maintenanceOf({ maintenanceWindows = [] }: Spec, now: Millis): Pick<Status, "maintenance"> {
  if (maintenanceWindows.length === 0) return {};
  const { open, closesAt, nextOpening } = openingOf(maintenanceWindows, now);
  return {
    maintenance: {
      open,
      ...optional("closesAt", closesAt === undefined ? undefined : formatTime(closesAt)),
      ...optional("nextOpening", nextOpening === undefined ? undefined : formatTime(nextOpening)),
    },
  };
}

function currentRelease({ phase, record, headline, from }: Decision, target: string): string | undefined {
  if (phase === "RolledBack") return record?.to;
  if (headline.reason === "CompletedInPart" && from !== undefined) return from;
  return phase === "Completed" || phase === "NoChange" ? target : from;
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
    case "Waiting":
    case "RolledBack":
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

function preflight(decision: Decision, carried: Status | undefined): Pick<Status, "preflight"> {
  if (decision.findings.length > 0) return { preflight: findings(decision.findings) };
  return decision.phase === "Unreadable" ? optional("preflight", carried?.preflight) : {};
}

function findings(all: readonly Violation[]): Finding[] {
  if (all.length <= FINDINGS) return all.map(finding);
  const [first, ...rest] = all.slice(FINDINGS - 1);
  if (first === undefined) return [];
  const severity = [first, ...rest].some((each) => each.severity === "Error") ? "Error" : "Warning";
  const message = `and ${rest.length + 1} more, first ${first.object}: ${first.message}`;
  return [...all.slice(0, FINDINGS - 1).map(finding), finding({ ...first, severity, message })];
}

const finding = ({ reason, severity, object, message, remedy }: Violation): Finding => ({
  check: reason,
  severity,
  object,
  message,
  remedy,
});
