/** Where an upgrade stands, in one word, by what its resource says of the spec as it is now. */
import type { Condition } from "../../api/v1alpha1/schema.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
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

export function verdictOf({ metadata, status }: UpgradeView): Verdict {
  const current = (status.conditions ?? []).filter((each) => each.observedGeneration === metadata.generation);
  const find = (type: string): Condition | undefined => current.find((each) => each.type === type);
  const ready = find("Ready");
  if (ready === undefined) {
    return { state: "Unseen", reason: "Unseen", message: "the operator has not said anything of this generation yet" };
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
