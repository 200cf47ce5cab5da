import type { Clock } from "./clock.ts";
import { type Log, silentLog } from "./logger.ts";
import type { StoreState } from "./store.ts";

export interface ManagedCache {
  readonly name: string;
  readonly store: { readonly state: StoreState; settled(): Promise<void> };
  run(signal: AbortSignal): Promise<void>;
}

export interface Runnable {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Runs `work` while this process is the one that may act; see `runElection`. */
export type Election = (work: (leading: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<void>;

export interface ManagerOptions {
  readonly caches: readonly ManagedCache[];
  readonly controllers: readonly Runnable[];
  /** Without one, this process always acts: only for a single process under development. */
  readonly election?: Election;
  readonly clock: Clock;
  readonly log?: Log;
  /** Every cache has answered or said why it cannot. */
  readonly onSettled?: () => void;
}

const LATE_CACHE_MS = 30_000;

/**
 * Starts caches, then stands for election, then runs controllers; on abort takes them down in reverse: controllers finish what is in
 * flight, the lease is released, the caches stop. Throws what a part threw, after the same take-down.
 */
export async function runManager(options: ManagerOptions, signal: AbortSignal): Promise<void> {
  const { caches, controllers, election = always, clock, log = silentLog, onSettled } = options;
  await using stack = new AsyncDisposableStack();
  for (const cache of caches) {
    const stop = new AbortController();
    const running = cache.run(stop.signal);
    // Handled here as well as at take-down, or a rejection in between would be an unhandled one.
    running.catch((error: unknown) => log.error({ cache: cache.name, err: error }, "a cache ended"));
    stack.defer(async () => {
      stop.abort();
      await running;
    });
  }
  if (!(await allSettled(caches, clock, log, signal))) return;
  onSettled?.();
  await election((leading) => runControllers(controllers, leading), signal);
}

const always: Election = (work, signal) => work(signal);

/** False if the signal aborted first. A cache that may not be read must not keep the others from working: its readers are told why. */
async function allSettled(
  caches: readonly ManagedCache[],
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  const settled = Promise.all(caches.map(({ store }) => store.settled())).then(() => true);
  const over = new AbortController();
  const onAbort = (): void => over.abort();
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      if (await Promise.race([settled, clock.sleep(LATE_CACHE_MS, over.signal).then(() => false)])) break;
      const waiting = caches.filter(({ store }) => store.state.kind === "empty").map(({ name }) => name);
      if (!signal.aborted) log.warn({ waiting }, "still waiting for the first list");
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    over.abort();
  }
  for (const { name, store } of caches) {
    if (store.state.kind === "failing")
      log.error({ cache: name, why: store.state.why }, "a cache could not be filled; will try again");
  }
  return !signal.aborted;
}

/** If one controller throws the others are stopped and waited for, so that nothing acts after the lease is gone. */
async function runControllers(controllers: readonly Runnable[], leading: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(leading.reason);
  if (leading.aborted) onAbort();
  leading.addEventListener("abort", onAbort, { once: true });
  const runs = controllers.map(async (controller) => {
    try {
      await controller.run(stop.signal);
    } finally {
      stop.abort();
    }
  });
  const ends = await Promise.allSettled(runs);
  leading.removeEventListener("abort", onAbort);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
