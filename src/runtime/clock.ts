/** All time the runtime sees, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch: for people and for stored times, never for judging how long something took. */
  now(): number;
  /** Milliseconds since an arbitrary start; unlike `now` it never jumps when somebody sets the machine's clock. */
  monotonic(): number;
  /** Ends after `ms`, or at once when `signal` aborts. Never rejects: whoever waits has to look at the signal anyway. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay `setTimeout` honours; anything above fires after 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
      signal?.addEventListener("abort", end, { once: true });
    }),
};
