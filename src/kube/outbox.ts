/**
 * Requests that nobody waits for, sent one after the other. What fails because the API server is busy or away keeps its place and is
 * tried again less and less often, until it is too old to be news.
 */
import { delay } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Log, silentLog } from "../runtime/logger.ts";
import { failureOf, type KubeFailureKind } from "./errors.ts";

/**
 * Why something was given up. `overflow`: too much was waiting. `refused`: the API server will not have it. `late`: it did not get
 * through in an hour. `ended`: the process has.
 */
export type Loss = "overflow" | "refused" | "late" | "ended";

export interface Outbox {
  /** Never throws and never waits. `lost` is called if it is given up. */
  send(request: (signal: AbortSignal) => Promise<void>, lost?: () => void): void;
  /** Ends when everything has been sent or given up, what comes meanwhile as well. */
  flush(): Promise<void>;
  /** Gives what waits a moment, then gives it up, and whatever comes later. */
  stop(): Promise<void>;
}

export interface OutboxOptions {
  readonly clock: Clock;
  readonly log?: Log;
  readonly random?: () => number;
  readonly onLoss?: (why: Loss) => void;
}

/** What a thousand upgrades at once leave waiting behind an API server that they keep busy: 256 were too few by 1,320. */
const QUEUE_LIMIT = 2_048;
const BACKOFF = { baseMs: 1_000, capMs: 30_000 };
/** The API server forgets Events after an hour: older ones are no news to anybody. Milliseconds. */
const NEWS_MS = 3_600_000;
/** No longer than a pod's end may wait for an API server that does not answer. */
const FAREWELL_MS = 3_000;

/** What passes by itself, so that the same request may be made again. One that has just started may know nobody yet. */
const PASSING: ReadonlySet<KubeFailureKind> = new Set(["throttled", "unavailable", "lost", "unauthorized"]);

interface Waiting {
  readonly request: (signal: AbortSignal) => Promise<void>;
  readonly lost: () => void;
  /** Monotonic milliseconds. */
  readonly since: number;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { clock, log = silentLog, random = Math.random, onLoss } = options;
  const waiting: Waiting[] = [];
  const life = new AbortController();
  let pumping: Promise<void> | undefined;
  let failures = 0;
  /** What has been told of since something last got through: one line says as much as two thousand. */
  const told = new Set<Loss>();

  const lose = (why: Loss, lost: () => void, cause: object): void => {
    lost();
    onLoss?.(why);
    if (told.has(why)) return;
    told.add(why);
    log.warn({ why, ...cause }, "an event is given up");
  };

  /** Milliseconds until the next try, of it or of the one behind it. */
  const after = (error: unknown, { since, lost }: Waiting): number => {
    const failure = failureOf(error);
    const isPassing = failure !== undefined && PASSING.has(failure.kind);
    if (!isPassing || clock.monotonic() - since > NEWS_MS) {
      waiting.shift();
      lose(isPassing ? "late" : "refused", lost, failure === undefined ? { err: error } : { failure });
    }
    if (!isPassing) return 0;
    failures += 1;
    if (failures === 1) log.warn({ failure }, "an event could not be written; will try again");
    return Math.max(delay(failures, random, BACKOFF), failure.retryAfterMs ?? 0);
  };

  const pump = async (): Promise<void> => {
    for (let [head] = waiting; head !== undefined && !life.signal.aborted; [head] = waiting) {
      try {
        await head.request(life.signal);
        waiting.shift();
        failures = 0;
        told.clear();
      } catch (error) {
        const waitMs = life.signal.aborted ? 0 : after(error, head);
        if (waitMs > 0) await clock.sleep(waitMs, life.signal);
      }
    }
    pumping = undefined;
  };

  return {
    send(request, lost = () => {}) {
      if (life.signal.aborted) lose("ended", lost, {});
      else if (waiting.length >= QUEUE_LIMIT) lose("overflow", lost, { waiting: waiting.length });
      else {
        waiting.push({ request, lost, since: clock.monotonic() });
        pumping ??= pump();
      }
    },
    async flush() {
      await pumping;
    },
    async stop() {
      const over = new AbortController();
      await Promise.race([pumping, clock.sleep(FAREWELL_MS, over.signal)]);
      over.abort();
      life.abort();
      await pumping;
      const left = waiting.splice(0);
      for (const { lost } of left) lose("ended", lost, { waiting: left.length });
    },
  };
}
