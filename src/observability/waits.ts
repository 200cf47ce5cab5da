/** What a resource waits for and since when, read off its report; across reports it is known when a wait is over. */
import { REASONS } from "../api/v1alpha1/reasons.ts";
import type { Status, StepStatus } from "../api/v1alpha1/schema.ts";
import type { Decision } from "../model/decision.ts";
import { type Millis, parseTime } from "../model/time.ts";
import type { UpgradeReport } from "./upgrade-report.ts";

export interface Wait {
  readonly step: string;
  readonly reason: string;
  /** Empty where nothing says no. */
  readonly gate: string;
  /** Empty where it is not one object. */
  readonly object: string;
  readonly since: Millis;
}

/** Where nothing is waited for: it is done, or it is done with writing. */
const AT_REST: ReadonlySet<string> = new Set(["Completed", "NoChange", "Planned", "RolledBack"]);

/** Where a write is held it was decided on, and is not made. */
const isAtWork = ({ effect, phase }: Decision): boolean =>
  (effect !== undefined && phase !== "Held") || AT_REST.has(phase);

/** A step may wait for one thing while the whole is held by another. */
const heldStep = ({ steps = [] }: Status, { phase, headline }: Decision): StepStatus | undefined =>
  steps.find(({ blockedBy }) => blockedBy !== undefined && (phase !== "Held" || blockedBy.reason === headline.reason));

/** Undefined where the resource waits for nothing. What the report does not date, counts from now. */
export function waitOf({ decision, status, now }: UpgradeReport): Wait | undefined {
  if (isAtWork(decision)) return undefined;
  const held = heldStep(status, decision);
  if (held?.blockedBy !== undefined) {
    const { gate, object, reason, since } = held.blockedBy;
    return { step: held.name, reason, gate, object, since: parseTime(since) ?? now };
  }
  const { reason, object = "" } = decision.headline;
  const gate = decision.phase === "Held" ? (decision.findings[0]?.gate ?? "") : "";
  const condition = status.conditions?.find((each) => each.status === "True" && each.reason === reason);
  return { step: status.step ?? "", reason, gate, object, since: parseTime(condition?.lastTransitionTime) ?? now };
}

/** Labels that do not grow: gates of a resource have names of their users, and reasons are those of the table. */
export const boundedGate = (gate: string): string => (gate === "" || /^[A-Z]/.test(gate) ? gate : "Extra");
export const boundedReason = (reason: string): string => (reason in REASONS ? reason : "Other");

export interface Waits {
  /** The wait with the time at which it was first seen, where that is earlier; calls back when the one before is over. */
  follow(key: string, wait: Wait | undefined, now: Millis): Wait | undefined;
  /** The resource is no more: nothing is over, it is only not followed any longer. */
  forget(key: string): void;
}

export function createWaits(onOver: (wait: Wait, forMs: Millis) => void): Waits {
  const known = new Map<string, Wait>();
  return {
    follow(key, wait, now) {
      const before = known.get(key);
      const same =
        before !== undefined && wait !== undefined && before.reason === wait.reason && before.object === wait.object;
      const followed = same ? { ...wait, since: Math.min(before.since, wait.since) } : wait;
      if (before !== undefined && !same) onOver(before, Math.max(0, now - before.since));
      if (followed === undefined) known.delete(key);
      else known.set(key, followed);
      return followed;
    },
    forget: (key) => void known.delete(key),
  };
}
