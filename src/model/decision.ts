/** What one look led to: at most one write, the questions that are open, and the story for people. */
import type { Spec } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord, RecordedParity, RecordedPolling } from "./attempt.ts";
import type { Component } from "./component.ts";
import type { Effect, Note, ObjectSeen, Outcome, Violation } from "./outcome.ts";
import type { Plan } from "./plan.ts";
import type { ProbeRequest } from "./probe.ts";
import type { Millis } from "./time.ts";

export const PHASES = [
  /** Something could not be read: nothing is decided. */
  "Unreadable",
  /** Checks before the first write. */
  "Preflight",
  /** The resource asks for a plan: everything is foreseen and nothing written. */
  "Planned",
  "Progressing",
  "Paused",
  /** For a person's approval, or for a maintenance window; the clocks stand still. */
  "Waiting",
  /** Somebody has to do something. */
  "Held",
  "Completed",
  /** The workloads are what they were before the attempt, as was asked. */
  "RolledBack",
  /** Everything runs the target already; nothing was written. */
  "NoChange",
  /** The resource is being deleted: what was borrowed is given back. */
  "Deleting",
] as const;
export type Phase = (typeof PHASES)[number];

export interface StepReport {
  readonly component: Component;
  /** Undefined where it has not been looked at yet. */
  readonly outcome: Outcome | undefined;
  /** When this attempt first wrote for it. */
  readonly startedAt?: Millis;
}

/** What the gates of clauses P3 and P4 saw, before an attempt or in its record. */
export interface GatesSeen {
  readonly parity?: RecordedParity;
  readonly polling: readonly { readonly object: string; readonly plan: RecordedPolling }[];
}

export interface Decision {
  /** The spec with what its annotations ask beside it. Undefined where nothing was decided. */
  readonly spec?: Spec;
  readonly phase: Phase;
  /** The one line that says where the upgrade is. */
  readonly headline: Note;
  readonly steps: readonly StepReport[];
  /** Everything that a check had to say, errors and warnings. */
  readonly findings: readonly Violation[];
  readonly effect?: Effect;
  readonly probes: readonly ProbeRequest[];
  readonly recheckAt?: Millis;
  readonly record?: AttemptRecord;
  /** Every write of the attempt, foreseen; made where one is asked for or begins. */
  readonly plan?: Plan;
  /** The release that the workloads ran before, where it is known. */
  readonly from?: string;
  /** Before an attempt; afterwards the record has it. */
  readonly gates?: GatesSeen;
  /** Workloads that were at the target and are not any more. */
  readonly drifted?: readonly string[];
  /** What is told is right only if these are as they were seen: no write of the attempt has asked for them. */
  readonly rightWith?: readonly ObjectSeen[];
}
