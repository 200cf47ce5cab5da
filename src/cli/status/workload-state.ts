/** What the pods of a workload are doing, in a word. */
import type { Tone } from "../terminal/text.ts";

export interface PodCounts {
  /** Pods of the old release, those that are stopping included. */
  readonly old: number;
  readonly fresh: number;
  /** Of all: told to stop, and not gone. */
  readonly stopping: number;
  /** Of all: neither ready nor stopping. */
  readonly starting: number;
}

export function workloadState({ old, fresh, stopping, starting }: PodCounts): readonly [string, Tone] {
  if (stopping > 0) return ["stopping", "busy"];
  if (starting > 0) return ["starting", "busy"];
  if (old > 0 && fresh > 0) return ["mixed", "busy"];
  if (fresh > 0) return ["new", "good"];
  return old > 0 ? ["old", "plain"] : ["down", "busy"];
}

/** Of a component's step, in the words of the API. */
export const STEP_TONES: Readonly<Record<string, Tone>> = {
  Pending: "quiet",
  Running: "busy",
  Waiting: "busy",
  Held: "bad",
  Failed: "bad",
  Succeeded: "good",
  Skipped: "good",
};
