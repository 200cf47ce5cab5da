/** A write that is refused as stale is decided again at once, because the news is on its way; if it is not, less and less often. */
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
