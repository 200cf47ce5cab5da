import { createHash } from "node:crypto";
import { microTime } from "../runtime/lease.ts";
import type { KubeClient } from "./client.ts";
import { failureOf } from "./errors.ts";
import type { KubeObject } from "./object.ts";
import { createOutbox, type OutboxOptions } from "./outbox.ts";
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
  /** Never throws and never waits. Repetitions are counted, an overflow is dropped, and what does not get through is tried again. */
  record(subject: EventSubject, note: EventNote): void;
  /** Ends when everything recorded so far has been sent or given up. */
  flush(): Promise<void>;
  /** The same, for no longer than a moment; the rest is given up. */
  stop(): Promise<void>;
}

export interface RecorderOptions extends OutboxOptions {
  readonly client: Pick<KubeClient, "create" | "patchMerge">;
  /** Name of the controller, qualified like a label key; shown as the event's source. */
  readonly controller: string;
  /** Identity of this process. */
  readonly instance: string;
}

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
  const { clock } = options;
  const outbox = createOutbox(options);
  const remembered = new Map<string, Remembered>();
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
    outbox.send(
      (signal) => create(options.client, eventOf(options, entry, subject, note, at), signal),
      // What was never stored must not be counted on.
      () => void (remembered.get(key) === entry && remembered.delete(key)),
    );
  };

  const repeat = (key: string, entry: Remembered, subject: EventSubject, note: EventNote): void => {
    const now = clock.monotonic();
    entry.count += 1;
    entry.lastSeen = now;
    if (now - entry.lastWritten < SERIES_WRITE_MS) return;
    entry.lastWritten = now;
    outbox.send(async (signal) => {
      try {
        const series = { count: entry.count, lastObservedTime: microTime(clock.now()) };
        await options.client.patchMerge(EVENT, entry, { series }, { signal });
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
    flush: () => outbox.flush(),
    stop: () => outbox.stop(),
  };
}

function eventOf(
  { controller, instance }: RecorderOptions,
  { namespace, name }: Remembered,
  { resource, ...subject }: EventSubject,
  note: EventNote,
  epochMs: number,
): KubeObject {
  return {
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
}

async function create(client: RecorderOptions["client"], event: KubeObject, signal: AbortSignal): Promise<void> {
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
