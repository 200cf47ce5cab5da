import type { Clock } from "./clock.ts";
import { type Log, silentLog } from "./logger.ts";
import { createQueue, type WorkQueue } from "./queue.ts";

/** What a reconcile wants next: to be called when something changes, or after a while in any case. */
export type Next = { readonly kind: "awaitChange" } | { readonly kind: "recheck"; readonly afterMs: number };

/** Trying again cannot help: counted and logged, but not retried. The next change is looked at as ever. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** `cancelled` is a run cut short because the process is stopping: neither success nor failure. */
export type ReconcileResult = "settled" | "recheck" | "failed" | "terminal" | "cancelled";

export interface ControllerOptions {
  readonly name: string;
  readonly workers: number;
  /** Level-triggered: given only a key, it looks at what is true now. `signal` aborts at the time-out and when the controller stops. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Next>;
  readonly clock: Clock;
  /** Milliseconds until a reconcile's signal aborts. */
  readonly timeoutMs: number;
  readonly queue?: WorkQueue;
  readonly log?: Log;
  /** What an error says that passes by itself, so that it is a warning and no fault; undefined for every other. Default: none passes. */
  readonly passing?: (error: unknown) => object | undefined;
  readonly onReconcile?: (name: string, result: ReconcileResult, seconds: number) => void;
}

export interface Controller {
  readonly name: string;
  /** Keys waiting, due or not. */
  readonly depth: number;
  enqueue(key: string, afterMs?: number): void;
  /** Works until `signal` aborts, then ends when the reconciles in flight have. */
  run(signal: AbortSignal): Promise<void>;
}

/** A reason that is given is not made anew with a stack, thousands of times a minute. */
const OVER = "over";

type Ending = Next | { readonly kind: "threw"; readonly error: unknown };

export function createController(options: ControllerOptions): Controller {
  const { name, workers, clock, log = silentLog, onReconcile } = options;
  const queue = options.queue ?? createQueue({ clock });

  const work = async (life: AbortSignal): Promise<void> => {
    for (let key = await queue.take(life); key !== undefined; key = await queue.take(life)) {
      const started = clock.monotonic();
      const ending = await reconcileOnce(options, key, life);
      const seconds = (clock.monotonic() - started) / 1000;
      try {
        const result = life.aborted && ending.kind === "threw" ? "cancelled" : requeue(queue, key, ending);
        if (ending.kind === "threw" && result !== "cancelled")
          tellFailure(options, ending.error, { controller: name, key, result, seconds });
        onReconcile?.(name, result, seconds);
      } catch (error) {
        log.error({ controller: name, key, err: error }, "a metrics hook failed");
      } finally {
        queue.done(key);
      }
    }
  };

  return {
    name,
    get depth() {
      return queue.depth;
    },
    enqueue: (key, afterMs) => queue.add(key, afterMs),
    async run(signal) {
      await Promise.all(Array.from({ length: workers }, () => work(signal)));
    },
  };
}

function tellFailure({ log = silentLog, passing }: ControllerOptions, err: unknown, told: object): void {
  const failure = passing?.(err);
  if (failure === undefined) log.error({ ...told, err }, "reconcile failed");
  else log.warn({ ...told, failure }, "reconcile failed for now");
}

/** The whole of the requeue policy. */
function requeue(queue: WorkQueue, key: string, ending: Ending): ReconcileResult {
  switch (ending.kind) {
    case "awaitChange":
      queue.forget(key);
      return "settled";
    case "recheck":
      queue.forget(key);
      queue.add(key, ending.afterMs);
      return "recheck";
    case "threw":
      if (ending.error instanceof TerminalError) {
        queue.forget(key);
        return "terminal";
      }
      queue.addRateLimited(key);
      return "failed";
  }
}

/** A reconcile that ignores its signal keeps its key to itself: starting a second one beside it would put two workers on one key. */
async function reconcileOnce(
  { reconcile, clock, timeoutMs }: ControllerOptions,
  key: string,
  life: AbortSignal,
): Promise<Ending> {
  const run = new AbortController();
  const over = new AbortController();
  const onLifeEnd = (): void => run.abort(life.reason);
  if (life.aborted) onLifeEnd();
  life.addEventListener("abort", onLifeEnd, { once: true });
  const timer = clock.sleep(timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) run.abort(new DOMException(`reconcile took longer than ${timeoutMs} ms`, "TimeoutError"));
  });
  try {
    return await reconcile(key, run.signal);
  } catch (error) {
    return { kind: "threw", error };
  } finally {
    life.removeEventListener("abort", onLifeEnd);
    over.abort(OVER);
    await timer;
  }
}
