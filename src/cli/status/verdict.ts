/** Where an upgrade stands, in one word, by what its resource says of the spec as it is now. */
import type { Condition } from "../../api/v1alpha1/schema.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { readRequests } from "../../model/verb-requests.ts";
import { EXIT, type ExitCode } from "../failures.ts";
import type { Tone } from "../terminal/text.ts";

export const STATES = [
  "Succeeded",
  "Held",
  "Aborted",
  "RolledBack",
  "AwaitingApproval",
  "Paused",
  "Planned",
  "UnderWay",
  /** Until something outside has changed: a window, a gate. */
  "Waiting",
  "Unseen",
] as const;
export type State = (typeof STATES)[number];

export interface Verdict {
  readonly state: State;
  readonly reason: string;
  readonly message: string;
}

export function verdictOf(view: UpgradeView): Verdict {
  const { metadata, status } = view;
  const current = (status.conditions ?? []).filter((each) => each.observedGeneration === metadata.generation);
  const find = (type: string): Condition | undefined => current.find((each) => each.type === type);
  const ready = find("Ready");
  if (ready === undefined) {
    return { state: "Unseen", reason: "Unseen", message: "the operator has not said anything of this generation yet" };
  }
  const asked = notTakenYet(view, current);
  if (asked.length > 0) {
    const message = `${asked.join(" and ")}: asked for by annotation, and the operator has not taken it yet`;
    return { state: "Unseen", reason: "Unseen", message };
  }
  const is = (type: string, state: State): Verdict | undefined => {
    const found = find(type);
    return found?.status === "True" ? { state, reason: found.reason, message: found.message } : undefined;
  };
  const named = (["Aborted", "RolledBack", "Planned"] as const).find((state) => state === ready.reason);
  if (named !== undefined) return { state: named, reason: ready.reason, message: ready.message };
  const reconciling = find("Reconciling")?.status;
  // A generation that has succeeded may be worked on again: that it had is no answer to where it stands.
  const isMoving = reconciling === "True" && ready.status === "False";
  return (
    is("Stalled", "Held") ??
    (isMoving ? undefined : is("Succeeded", "Succeeded")) ??
    is("AwaitingApproval", "AwaitingApproval") ??
    is("Paused", "Paused") ?? {
      state: reconciling === "False" ? "Waiting" : "UnderWay",
      reason: ready.reason,
      message: ready.message,
    }
  );
}

const STEERING = ["abort", "rollback", "retry"] as const;

/**
 * An annotation changes no generation, so that a report of this one may be older than what was asked for. Only an attempt takes
 * these over; where there is none they stay, and of them an abort alone is heeded.
 */
function notTakenYet({ metadata }: UpgradeView, current: readonly Condition[]): readonly string[] {
  const requests = readRequests(metadata);
  const asked = STEERING.filter((verb) => requests[verb]);
  const ready = current.find(({ type }) => type === "Ready");
  const passed = current.find(({ type }) => type === "PreflightPassed")?.status === "True";
  if (passed && ready?.reason !== "NoChange" && ready?.reason !== "Planned") return asked;
  return ready?.status === "True" && !requests.retry ? asked.filter((verb) => verb === "abort") : [];
}

export const TONES: Readonly<Record<State, Tone>> = {
  Succeeded: "good",
  Held: "bad",
  Aborted: "bad",
  RolledBack: "bad",
  AwaitingApproval: "busy",
  Paused: "busy",
  Planned: "plain",
  UnderWay: "busy",
  Waiting: "busy",
  Unseen: "quiet",
};

/** The exit code that tells of an upgrade: 0 succeeded, 1 held or taken back, 3 not ended. */
export function exitCodeOf(state: State): ExitCode {
  switch (state) {
    case "Succeeded":
      return EXIT.ok;
    case "Held":
    case "Aborted":
    case "RolledBack":
      return EXIT.failure;
    case "AwaitingApproval":
    case "Paused":
    case "Planned":
    case "UnderWay":
    case "Waiting":
    case "Unseen":
      return EXIT.underWay;
  }
}
