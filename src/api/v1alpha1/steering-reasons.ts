/** The reasons that verbs, approvals, windows, extra gates and rollbacks give; part of `REASONS`. */
import type { Reason } from "./reasons.ts";

const goesOn = "Nothing: the upgrade goes on by itself.";

export const STEERING_REASONS = {
  Paused: {
    meaning: "Stopped at a safe point, where nothing is borrowed.",
    remedy: "Set spec.paused to false, or remove the annotation pause.",
  },
  Pausing: {
    meaning: "A pause is asked for; the component that is under way is brought up first.",
    remedy: "Nothing, or mend what holds that component.",
  },
  Resumed: { meaning: "The upgrade goes on after a pause.", remedy: goesOn },
  AwaitingApproval: {
    meaning: "A person has to approve what comes next, as spec.approvals asks.",
    remedy: "Approve it for this plan: in spec.approved, by annotation, or with kubectl ceilometer-upgrade approve.",
  },
  NotAwaited: { meaning: "No approval is waited for.", remedy: "Nothing." },
  ApprovalUnused: {
    meaning: "An approval is asked for before a component that the attempt does not have.",
    remedy: "Remove it from spec.approvals, or correct it.",
  },
  OutsideWindow: { meaning: "No maintenance window is open; the clocks stand still.", remedy: goesOn },
  WindowInvalid: {
    meaning: "A maintenance window can never open.",
    remedy: "Correct its schedule (five fields) or its time zone.",
  },
  AskingGate: { meaning: "An extra gate is asked from now on.", remedy: goesOn },
  WaitingForGate: {
    meaning: "An extra gate of the resource has not passed yet.",
    remedy: "Nothing, unless it never passes: look at what it asks, or skip it for this plan.",
  },
  GatePassed: { meaning: "An extra gate after a component has passed.", remedy: goesOn },
  GateSkipped: { meaning: "An extra gate is not asked, by a person's word for this plan.", remedy: "Nothing." },
  GateFailed: {
    meaning: "An extra gate has not passed in its time, or its Job failed.",
    remedy: "Mend what it looks at, raise spec.retryAttempt, or skip it for this plan.",
  },
  GateUnused: {
    meaning: "An extra gate stands beside a component that the attempt does not have.",
    remedy: "Remove it from spec.gates, or correct it.",
  },
  GateBlind: {
    meaning: "An extra gate asks something that the operator cannot look at.",
    remedy: "Enable podLogs in the chart, or let the gate ask otherwise.",
  },
  Aborted: {
    meaning: "The attempt is stopped where it is, and nothing is written any more.",
    remedy: "Set spec.abort to false or ask for a retry to go on; set spec.rollback to go back.",
  },
  RollingBack: { meaning: "The upgrade has failed, and spec.onFailure takes the workloads back.", remedy: goesOn },
  RollbackStarted: { meaning: "The record of the way back was written.", remedy: goesOn },
  RolledBack: {
    meaning: "The workloads are what they were before the attempt; the database keeps its new schema.",
    remedy: "See why it was rolled back; raise spec.retryAttempt to upgrade again, or set another target.",
  },
  BroughtBack: { meaning: "Every pod of the component runs what it ran before.", remedy: "Nothing." },
  DatabaseKept: { meaning: "A rollback never takes the database back: its new schema only adds.", remedy: "Nothing." },
  NothingToRollBack: {
    meaning: "A rollback is asked for before any attempt of the resource has begun.",
    remedy: "Set spec.rollback to false.",
  },
  RollbackImpossible: {
    meaning: "A workload is not the one any more that the attempt has upgraded.",
    remedy: "Set a target that is not older, or bring the workload back by hand.",
  },
  OldConfigurationChanged: {
    meaning: "A file that the old agents read is not what it was.",
    remedy: "Put the old content back, or set a target that is not older.",
  },
  OldConfigurationUnknown: {
    meaning: "It cannot be known whether a file that the old agents read is what it was.",
    remedy: "Let the operator read the Secret, or look yourself and accept it in spec.acceptedRisks.",
  },
  RequestTaken: { meaning: "What was asked by annotation is remembered with the attempt.", remedy: goesOn },
  RequestForgotten: { meaning: "An annotation that was taken over is removed.", remedy: goesOn },
  RequestInvalid: {
    meaning: "An annotation that asks for something is not understood and changes nothing.",
    remedy: "Give it in the form that the message names, or remove it.",
  },
  RequestOfOtherPlan: {
    meaning: "An annotation approves or skips something of another plan than the one that is carried out.",
    remedy: "Look at the plan in status, and give its hash.",
  },
} as const satisfies Readonly<Record<string, Reason>>;
