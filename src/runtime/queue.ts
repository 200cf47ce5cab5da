import { type BackoffLimits, delay } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { DueKeys } from "./due-keys.ts";

/**
 * Keyed work queue. Laws: a key waits at most once; of several times asked for, the earliest wins; a key is never with two workers;
 * a key added while it is being worked on is worked on again afterwards.
 */
export interface WorkQueue {
  /** Asks for `key` in `afterMs` milliseconds (default: now). */
  add(key: string, afterMs?: number): void;
  /** Adds after a delay that doubles with each call since the last `forget`; returns that delay in milliseconds. */
  addRateLimited(key: string): number;
  /** Ends the key's run of failures. */
  forget(key: string): void;
  /** Hands out the key that has been due longest, or waits for one; `undefined` once `signal` has aborted. Each key must be given back by `done`. */
  take(signal: AbortSignal): Promise<string | undefined>;
  done(key: string): void;
  /** Keys waiting, due or not. */
  readonly depth: number;
  /** Those of them that are due. */
  readonly due: number;
}

/** Who measures the queue. */
export interface QueueWatcher {
  onAdd(): void;
  onRetry(): void;
  /** A key was handed out this many milliseconds after it had been due. */
  onTake(lateMs: number): void;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly random?: () => number;
  readonly backoff?: BackoffLimits;
  readonly watcher?: QueueWatcher;
}

const DEFAULT_BACKOFF: BackoffLimits = { baseMs: 5, capMs: 60_000 };

/** How long a worker sleeps when nothing is planned; any `add` or `done` wakes it. */
const IDLE_MS = 3_600_000;

const WOKEN = "woken";

export function createQueue({
  clock,
  random = Math.random,
  backoff = DEFAULT_BACKOFF,
  watcher,
}: QueueOptions): WorkQueue {
  const waiting = new DueKeys();
  const running = new Set<string>();
  const failures = new Map<string, number>();
  const sleepers = new Set<AbortController>();

  /** One is enough: whoever is awake looks at everything that waits. The reason is given, as making one costs more than the waking. */
  const wakeOne = (): void => {
    const [sleeper] = sleepers;
    if (sleeper === undefined) return;
    sleepers.delete(sleeper);
    sleeper.abort(WOKEN);
  };

  const sleepUntilChange = async (ms: number, signal: AbortSignal): Promise<void> => {
    const sleeper = new AbortController();
    const onAbort = (): void => sleeper.abort(WOKEN);
    signal.addEventListener("abort", onAbort, { once: true });
    sleepers.add(sleeper);
    await clock.sleep(ms, sleeper.signal);
    sleepers.delete(sleeper);
    signal.removeEventListener("abort", onAbort);
  };

  const add = (key: string, afterMs = 0): void => {
    const now = clock.monotonic();
    if (!waiting.add(key, now + Math.max(0, afterMs), now)) return;
    watcher?.onAdd();
    wakeOne();
  };

  return {
    add,
    addRateLimited(key) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const afterMs = delay(count, random, backoff);
      watcher?.onRetry();
      add(key, afterMs);
      return afterMs;
    },
    forget: (key) => void failures.delete(key),
    async take(signal) {
      while (!signal.aborted) {
        const now = clock.monotonic();
        const next = waiting.take(now, (key) => !running.has(key));
        if (next !== undefined) {
          const [key, at] = next;
          running.add(key);
          watcher?.onTake(now - at);
          return key;
        }
        await sleepUntilChange(Math.min(IDLE_MS, waiting.next - now), signal);
      }
      return undefined;
    },
    done(key) {
      running.delete(key);
      if (waiting.isReady(key)) wakeOne();
    },
    get depth() {
      return waiting.size;
    },
    get due() {
      return waiting.due(clock.monotonic());
    },
  };
}
