import type { Clock } from "./clock.ts";

/** Calls back whenever the API server has answered somebody. Returns the way to stop. */
export type SubscribeAnswers = (listener: () => void) => () => void;

/**
 * Whoever is woken comes at a random moment of this time, in milliseconds: an outage is over for all at once, and they must not all come
 * at once. Short beside the seconds after which a write that was decided on something old is decided again.
 */
export const WOKEN_WITHIN_MS = 1_000;

export interface Wait {
  /** How long it takes where nothing is heard. Milliseconds. */
  readonly ms: number;
  /** What the API server has asked for is waited for in any case. Milliseconds; default: nothing. */
  readonly leastMs?: number | undefined;
  /** Undefined: nothing cuts it short. */
  readonly answers: SubscribeAnswers | undefined;
  readonly clock: Clock;
  /** 0 <= r < 1. */
  readonly random: () => number;
}

/**
 * Waits, as after a failure, and ends sooner where the API server answers somebody else meanwhile: what was waited out is over then.
 * True if it was cut short. One that would soon end by itself is left to itself. Never throws; ends at once when `signal` aborts.
 */
export async function waitOut(wait: Wait, signal: AbortSignal): Promise<boolean> {
  const { ms, leastMs = 0, answers, clock, random } = wait;
  const end = clock.monotonic() + ms;
  if (leastMs > 0) await clock.sleep(Math.min(leastMs, ms), signal);
  const left = (): number => Math.max(0, end - clock.monotonic());
  const isHeard = answers !== undefined && left() > WOKEN_WITHIN_MS && (await hears(answers, left(), clock, signal));
  const isCut = isHeard && left() > WOKEN_WITHIN_MS;
  await clock.sleep(isCut ? random() * WOKEN_WITHIN_MS : left(), signal);
  return isCut;
}

/** Whether there was an answer within `ms`; ends with the first one. */
async function hears(answers: SubscribeAnswers, ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  let isHeard = false;
  const unsubscribe = answers(() => {
    isHeard = true;
    stop();
  });
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  await clock.sleep(ms, waiting.signal);
  signal.removeEventListener("abort", stop);
  unsubscribe();
  return isHeard;
}
