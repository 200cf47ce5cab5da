/** A write that was not made is decided again at once, because the news is on its way; if it is not, less and less often. */
import type { Effect } from "../../model/outcome.ts";
import type { Millis } from "../../model/time.ts";

const FIRST_MS = 20;
const CAP_MS = 5000;

/** What a write came to that was not made, or of which nobody knows. */
export type Nothing = "stale" | "refused" | "unknown";

/** Writes of one key in a row that came to nothing: how many there were, and how many of one kind without another in between. */
export interface Vain {
  readonly tries: number;
  readonly stale: number;
  readonly unknown: number;
  /** By a clock that never jumps: when the first was of which nobody knows, and when that was told. */
  readonly unknownSince?: Millis;
  readonly toldAt?: Millis;
}

/**
 * Counts one more, and says how long to wait before the next look. One that is refused, or whose outcome is not known as while the API
 * server is away, is waited for as long, and is no stale write: of watches it says nothing.
 */
export function inVain(
  counts: Map<string, Vain>,
  key: string,
  what: Nothing,
  now: Millis,
): Vain & { readonly waitMs: Millis; readonly isFailing: boolean } {
  const before = counts.get(key) ?? { tries: 0, stale: 0, unknown: 0 };
  const counted = {
    tries: before.tries + 1,
    stale: what === "stale" ? before.stale + 1 : 0,
    unknown: what === "unknown" ? before.unknown + 1 : 0,
  };
  const vain = what === "unknown" ? { ...counted, ...unknownSince(before, now) } : counted;
  const isFailing = vain.unknown >= FEW && mayTell(vain, now);
  counts.set(key, isFailing ? { ...vain, toldAt: now } : vain);
  return { ...vain, isFailing, waitMs: Math.min(CAP_MS, FIRST_MS * 2 ** before.tries) };
}

const unknownSince = ({ unknownSince: since, toldAt }: Vain, now: Millis): Partial<Vain> => ({
  unknownSince: since ?? now,
  ...(toldAt === undefined ? {} : { toldAt }),
});

const mayTell = ({ unknownSince: since, toldAt }: Partial<Vain>, now: Millis): boolean =>
  since !== undefined && now - since >= FAILING_MS && (toldAt === undefined || now - toldAt >= TOLD_EVERY_MS);

/**
 * That a name is taken is as true as it will be after some seconds, and so is that a write changes nothing; a watch is given two
 * minutes to come back and tell what has changed: after a long outage it may wait for up to one, as when it fails once more when woken.
 */
const TAKEN = 9;
const SILENT = 30;

/**
 * Whether so many stale writes in a row have to be told: news that does not come is no news, and somebody should know what stands in
 * the way. Not while a watch may merely be on its way back after an outage: that the API server refuses a write would not be true.
 */
export function isStuck(effect: Pick<Effect, "kind">, { stale }: Pick<Vain, "stale">, isUndone = false): boolean {
  return stale >= (effect.kind === "create" || isUndone ? TAKEN : SILENT);
}

/**
 * An outage of two minutes passes by itself, and so does what comes after it. What fails for longer is told, and tried on; by the
 * clock, since news of anything in the namespace makes another try. Some of them at the least: one after a pause says nothing.
 */
const FAILING_MS = 180_000;
const FEW = 10;
/** Failures often differ in a word, as in the number of a port, and are not worth a report each. */
const TOLD_EVERY_MS = 60_000;
