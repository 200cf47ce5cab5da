/**
 * How long no agent of a workload runs: from the write that takes it down to the one that starts it. Seconds are said only
 * where they are known; how long a pod takes to stop and to start is known by nobody.
 */
import { formatDuration, type Millis } from "../model/time.ts";

/** What one write did to the pods of a workload, and what was waited for before it. */
export interface Moved {
  readonly object: string;
  /** Pods of the workload that run before the write and after it. */
  readonly before: number;
  readonly after: number;
  /** Whether one write replaces every pod, and how. */
  readonly replaced: "none" | "besideOld" | "withoutOverlap";
  readonly waited: readonly Wait[];
}

export interface Wait {
  readonly reason: string;
  readonly length: Millis;
  /** It may be over sooner. */
  readonly atMost: boolean;
}

const ONE = "one stop and one start of its pods";

/** Undefined for a write that takes nothing down. */
export function downtimeOf(moves: readonly Moved[], index: number): string | undefined {
  const move = moves[index];
  if (move === undefined) return undefined;
  if (move.replaced === "withoutOverlap") return ONE;
  if (move.before === 0 || move.after > 0) return undefined;
  const own = (each: Moved): boolean => each.object === move.object;
  const first = moves.findIndex((each, at) => at > index && own(each) && each.after > 0);
  if (first < 0) return "for good: nothing starts it again";
  const all = moves.findLast((each, at) => at >= first && own(each));
  const whole = moves.findIndex((each, at) => at >= first && own(each) && each.after === all?.after);
  const rest = whole > first ? `; all of its pods run again with step ${whole + 1}${waits(moves, first, whole)}` : "";
  return `until step ${first + 1}: ${ONE}${waits(moves, index, first)}${rest}`;
}

function waits(moves: readonly Moved[], after: number, until: number): string {
  const between = moves.slice(after + 1, until + 1).flatMap((each) => each.waited);
  const sum = (waiting: readonly Wait[]): Millis => waiting.reduce((total, wait) => total + wait.length, 0);
  const [exact, most] = [false, true].map((atMost) => between.filter((wait) => wait.atMost === atMost));
  const verifies = most?.every((wait) => wait.reason === "Verifying") === true;
  const [known, limit] = [sum(exact ?? []), sum(most ?? [])];
  return [
    known === 0 ? "" : `, ${formatDuration(known)} of waiting`,
    limit === 0 ? "" : `, ${formatDuration(limit)} at most ${verifies ? "to verify" : "of waiting"}`,
  ].join("");
}
