import { createHash } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { microTime } from "../runtime/lease.ts";
import { type Log, silentLog } from "../runtime/logger.ts";
import type { KubeClient } from "./client.ts";
import { failureOf } from "./errors.ts";
import { apiVersion, type Resource } from "./resource.ts";

/**
 * events.k8s.io/v1 and not the core group's Event: it is the current API, orders by microseconds, has a field for what was being done
 * (`action`), and counts repetitions in `series`. Both are one storage, so `kubectl describe` and `kubectl get events` show it alike.
 */
export const EVENT: Resource = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** The object an event is about. */
export interface EventSubject {
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
}

export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** UpperCamelCase, at most 128 characters. */
  readonly reason: string;
  /** What the controller was doing, UpperCamelCase. */
  readonly action: string;
  /** For people; cut at 1024 bytes, which is what the API takes. */
  readonly message: string;
}

export interface EventRecorder {
  /** Never throws and never waits. Repetitions are counted, an overflow is dropped. */
  record(subject: EventSubject, note: EventNote): void;
  /** Ends when everything recorded so far has been sent or given up. */
  flush(): Promise<void>;
  /** Events given up because too many were waiting or the API server refused them. */
  readonly dropped: number;
}

export interface RecorderOptions {
  readonly client: Pick<KubeClient, "create" | "patchMerge">;
  readonly clock: Clock;
  /** Name of the controller, qualified like a label key; shown as the event's source. */
  readonly controller: string;
  /** Identity of this process. */
  readonly instance: string;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** What a thousand upgrades at once leave waiting behind an API server that they keep busy: 256 were too few by 1,320. */
const QUEUE_LIMIT = 2_048;
const MEMORY_LIMIT = 1_000;
/** Repetitions within this time of the last one are one series. */
const SERIES_MS = 10 * 60_000;
/** A series is written at most this often: what repeats every second must not be written every second. */
const SERIES_WRITE_MS = 60_000;
const NOTE_BYTES = 1024;

interface Remembered {
  readonly namespace: string;
  readonly name: string;
  count: number;
  lastSeen: number;
  lastWritten: number;
}

export function createEventRecorder(options: RecorderOptions): EventRecorder {
  const { clock, log = silentLog } = options;
  const remembered = new Map<string, Remembered>();
  const waiting: (() => Promise<void>)[] = [];
  let pumping: Promise<void> | undefined;
  let dropped = 0;

  const pump = async (): Promise<void> => {
    for (let send = waiting.shift(); send !== undefined; send = waiting.shift()) {
      try {
        await send();
      } catch (error) {
        dropped += 1;
        log.debug({ err: error }, "an event was not written");
      }
    }
    pumping = undefined;
  };

  const enqueue = (send: () => Promise<void>): void => {
    if (waiting.length >= QUEUE_LIMIT) {
      dropped += 1;
      return;
    }
    waiting.push(send);
    pumping ??= pump();
  };

  const start = (key: string, subject: EventSubject, note: EventNote): void => {
    const at = clock.now();
    const namespace = subject.namespace ?? "default";
    const name = eventName(subject.name, `${key}\n${at}`);
    const entry: Remembered = {
      namespace,
      name,
      count: 1,
      lastSeen: clock.monotonic(),
      lastWritten: clock.monotonic(),
    };
    remembered.delete(key);
    remembered.set(key, entry);
    const [oldest] = remembered.keys();
    if (remembered.size > MEMORY_LIMIT && oldest !== undefined) remembered.delete(oldest);
    enqueue(async () => {
      try {
        await create(options, entry, subject, note, at);
      } catch (error) {
        // What was never stored must not be counted on.
        remembered.delete(key);
        throw error;
      }
    });
  };

  const repeat = (key: string, entry: Remembered, subject: EventSubject, note: EventNote): void => {
    const now = clock.monotonic();
    entry.count += 1;
    entry.lastSeen = now;
    if (now - entry.lastWritten < SERIES_WRITE_MS) return;
    entry.lastWritten = now;
    enqueue(async () => {
      try {
        const series = { count: entry.count, lastObservedTime: microTime(clock.now()) };
        await options.client.patchMerge(EVENT, entry, { series }, { signal: options.signal });
      } catch (error) {
        if (failureOf(error)?.kind !== "notFound") throw error;
        // The API server forgets events after an hour.
        start(key, subject, note);
      }
    });
  };

  return {
    record(subject, note) {
      const key = [subject.uid, subject.name, note.type, note.reason, note.message].join("\n");
      const known = remembered.get(key);
      if (known !== undefined && clock.monotonic() - known.lastSeen < SERIES_MS) repeat(key, known, subject, note);
      else start(key, subject, note);
    },
    // The pump runs until nothing waits, so what is recorded meanwhile is waited for as well.
    async flush() {
      await pumping;
    },
    get dropped() {
      return dropped;
    },
  };
}

async function create(
  { client, controller, instance, signal }: RecorderOptions,
  { namespace, name }: Remembered,
  { resource, ...subject }: EventSubject,
  note: EventNote,
  epochMs: number,
): Promise<void> {
  const event = {
    metadata: { namespace, name },
    eventTime: microTime(epochMs),
    type: note.type,
    reason: note.reason,
    action: note.action,
    note: cutToBytes(note.message, NOTE_BYTES),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    regarding: { apiVersion: apiVersion(resource), kind: resource.kind, ...subject },
  };
  try {
    await client.create(EVENT, event, { signal });
  } catch (error) {
    if (failureOf(error)?.kind !== "alreadyExists") throw error;
  }
}

/** Names are at most 253 characters; the digest keeps two events on one object apart. */
function eventName(subject: string, identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  return `${subject.slice(0, 236).replace(/[.-]+$/, "")}.${digest}`;
}

function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // A character cut in two at the end decodes to U+FFFD, which the pattern takes away.
  return `${bytes
    .subarray(0, limit - 3)
    .toString("utf8")
    .replace(/\uFFFD$/, "")}…`;
}
