export interface BackoffLimits {
  /** Delay after the first failure, before jitter. */
  readonly baseMs: number;
  /** No delay is longer, jitter included. */
  readonly capMs: number;
}

/**
 * Milliseconds to wait after `failures` failures in a row (1 = the first): doubles from the base to the cap, then loses up to half of
 * itself by `random` (0 <= r < 1), so that clients which failed together do not come back together.
 */
export function delay(failures: number, random: () => number, { baseMs, capMs }: BackoffLimits): number {
  if (failures < 1) return 0;
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 52));
  return full * (1 - random() / 2);
}
