/** A write that is refused as stale is decided again at once, because the news is on its way; if it is not, less and less often. */
import type { Effect } from "../../model/outcome.ts";

const FIRST_MS = 20;
const CAP_MS = 5000;

/** Counts one more stale write of a key when called, and gives the wait before the next look, in milliseconds. */
export function backoffAfter(counts: Map<string, number>, key: string): () => number {
  return () => {
    const times = counts.get(key) ?? 0;
    counts.set(key, times + 1);
    return Math.min(CAP_MS, FIRST_MS * 2 ** times);
  };
}

/** From here on waits do not grow any more. */
const LONGEST_FROM = 8;

/** What came of a write is not known, as while the API server is away: that is waited for as long, and is no stale write. */
export function notStale(counts: Map<string, number>, key: string): void {
  counts.set(key, Math.min(counts.get(key) ?? 0, LONGEST_FROM));
}

/**
 * That a name is taken is as true as it will be after some seconds; a watch is given two minutes to come back and tell what has changed:
 * after a long outage it waits for up to one before it tries again.
 */
const TAKEN = 9;
const SILENT = 30;

/**
 * Whether so many stale writes in a row have to be told: news that does not come is no news, and somebody should know what stands in
 * the way. Not while a watch may merely be on its way back after an outage: that the API server refuses a write would not be true.
 */
export function isStuck(effect: Pick<Effect, "kind">, times: number): boolean {
  return times >= (effect.kind === "create" ? TAKEN : SILENT);
}
