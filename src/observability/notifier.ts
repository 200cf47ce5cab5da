/**
 * Sends notifications one after the other, beside the work: whoever tells never waits and never fails. What cannot be sent is tried
 * again less and less often, until it is too old to be news; what is too much drops the oldest.
 *
 * At least once, and no more in one process: a process that begins tells what is true now and not old, under ids that are the same
 * as those of the process before, so that a receiver can know them again.
 */

import { parseTime } from "../model/time.ts";
import { delay } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/logger.ts";
import type { Notification } from "./notification.ts";
import type { Sent } from "./webhook.ts";

export interface Notifier {
  /** What is true of a resource now; what is new among it is sent. */
  tell(key: string, notifications: readonly Notification[]): void;
  forget(key: string): void;
  readonly queued: number;
  /** Gives what is queued a moment, then gives it up. */
  stop(): Promise<void>;
}

export interface NotifierOptions {
  readonly send: (notification: Notification, signal: AbortSignal) => Promise<Sent>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly onResult?: (result: NotificationResult) => void;
}

export type NotificationResult = "sent" | "retried" | "dropped";

const QUEUE_LIMIT = 256;
const BACKOFF = { baseMs: 1_000, capMs: 120_000 };
/** Older than this is no news: neither to a process that begins, nor after this long without success. Milliseconds. */
const NEWS_MS = 3_600_000;
/** No longer than a pod's end may wait for people elsewhere. */
const FAREWELL_MS = 3_000;

/** Of a resource: many more than one report says, so that a report that says less for a while makes nothing of it news. */
const REMEMBERED = 256;

/** The id is remembered, as the last one. */
function isKnown(known: Set<string>, id: string): boolean {
  const was = known.delete(id);
  known.add(id);
  const [first] = known;
  if (known.size > REMEMBERED && first !== undefined) known.delete(first);
  return was;
}

export function createNotifier({ send, clock, log, random = Math.random, onResult }: NotifierOptions): Notifier {
  const oldest = clock.now() - NEWS_MS;
  const told = new Map<string, Set<string>>();
  const queue: { readonly notification: Notification; readonly since: number }[] = [];
  const life = new AbortController();
  let pumping: Promise<void> | undefined;
  let failures = 0;

  const drop = (why: string): void => {
    const dropped = queue.shift();
    if (dropped === undefined) return;
    onResult?.("dropped");
    log.warn(
      { notification: dropped.notification.type, id: dropped.notification.id, why },
      "a notification is given up",
    );
  };

  const pump = async (): Promise<void> => {
    for (let [head] = queue; head !== undefined && !life.signal.aborted; [head] = queue) {
      const sent = await send(head.notification, life.signal);
      // More than the limit may have come meanwhile and have pushed it out.
      if (queue[0] !== head) continue;
      if (sent.kind === "done") {
        queue.shift();
        failures = 0;
        onResult?.("sent");
      } else if (sent.kind === "never" || clock.monotonic() - head.since > NEWS_MS) {
        drop(sent.why);
      } else {
        failures += 1;
        onResult?.("retried");
        if (failures === 1) log.warn({ why: sent.why }, "a notification could not be sent; will try again");
        await clock.sleep(
          Math.max(delay(failures, random, BACKOFF), Math.min(sent.afterMs ?? 0, NEWS_MS)),
          life.signal,
        );
      }
    }
    pumping = undefined;
  };

  return {
    tell(key, notifications) {
      const known = told.get(key) ?? new Set();
      told.set(key, known);
      for (const notification of notifications) {
        if (isKnown(known, notification.id) || (parseTime(notification.time) ?? 0) < oldest) continue;
        if (queue.length >= QUEUE_LIMIT) drop("too many wait");
        queue.push({ notification, since: clock.monotonic() });
      }
      if (queue.length > 0) pumping ??= pump();
    },
    forget: (key) => void told.delete(key),
    get queued() {
      return queue.length;
    },
    async stop() {
      const over = new AbortController();
      // Whoever does not answer now is not waited for.
      if (failures === 0) await Promise.race([pumping, clock.sleep(FAREWELL_MS, over.signal)]);
      over.abort();
      life.abort();
      await pumping;
      if (queue.length > 0) log.warn({ queued: queue.length }, "notifications are given up at the end");
    },
  };
}
