/** What was decided and done, told to people: one status write at most, Events, log lines and metrics. */
import type { Status } from "../../api/v1alpha1/schema.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { BOOKKEEPING } from "../../model/bookkeeping.ts";
import type { Decision, Phase } from "../../model/decision.ts";
import { canonicalJson } from "../../model/digest.ts";
import type { Meta } from "../../model/meta.ts";
import type { Effect } from "../../model/outcome.ts";
import type { Millis } from "../../model/time.ts";
import { fitStatus } from "./fit-status.ts";
import { UPGRADE } from "./resources.ts";
import { createStatusStorage, keyOf, type Reported, type StorageOptions } from "./status-storage.ts";

/**
 * While an upgrade moves, a status is written at most once in this time: sooner where a step has begun or ended, later where
 * only the words of a step have changed.
 */
const STEP_EVERY: Millis = 1000;
const WORDS_EVERY: Millis = 5000;

/** Where more upgrades move than this, each waits longer in proportion: reports must not keep the API server from the steps. */
const MOVING_AT_ONCE = 10;

/** How long something must stay unreadable before it is reported. */
const UNREADABLE_FOR: Millis = 5000;

/** Where the steps are, without their words. */
const stepsOf = (status: Status): string => (status.steps ?? []).map(({ name, state }) => `${name}=${state}`).join();

/** Phases in which something is over, or waits for somebody: told once, and again when the reason changes. */
const TELLING: ReadonlySet<Phase> = new Set([
  "Held",
  "Completed",
  "RolledBack",
  "NoChange",
  "Paused",
  "Waiting",
  "Planned",
]);

export interface Reporter {
  /** `status` as it was made: it is cut to what the API server takes where it comes to that. */
  report(
    metadata: Meta,
    previous: Status,
    status: Status,
    decision: Decision | undefined,
    signal: AbortSignal,
  ): Promise<Reported>;
  did(metadata: Meta, effect: Effect): void;
  forget(key: string): void;
}

export interface ReporterOptions extends StorageOptions {
  readonly recorder: Pick<EventRecorder, "record">;
}

export function createReporter(options: ReporterOptions): Reporter {
  const { recorder, clock, log } = options;
  const writtenAt = new Map<string, Millis>();
  const lastSaid = new Map<string, string>();
  const unreadableSince = new Map<string, Millis>();
  const moving = new Set<string>();
  const storage = createStatusStorage(options);

  const event = (metadata: Meta, type: "Normal" | "Warning", reason: string, message: string): void => {
    const { namespace, name, uid, resourceVersion } = metadata;
    const subject = { resource: UPGRADE, namespace, name, uid, resourceVersion };
    recorder.record(subject, { type, reason, action: "Upgrade", message });
  };

  /** Said once, when it becomes true: that somebody must do something, and that it is over. */
  const announce = (metadata: Meta, decision: Decision): void => {
    const { phase, headline } = decision;
    // Whoever was told before is not told again because something could not be read for a while.
    if (phase === "Unreadable") return;
    const telling = TELLING.has(phase);
    // Nobody else looks at the key between the end of a resource and another one of its name, as `kubectl replace --force` makes it.
    const line = telling ? `${metadata.uid}/${phase}/${headline.reason}/${headline.object ?? ""}` : "";
    if (lastSaid.get(keyOf(metadata)) === line) return;
    lastSaid.set(keyOf(metadata), line);
    if (!telling) return;
    event(metadata, phase === "Held" ? "Warning" : "Normal", headline.reason, headline.message);
    log.info({ upgrade: keyOf(metadata), phase, ...headline }, "upgrade");
  };

  /** A cache that is being filled is no news; one that stays unreadable is. Milliseconds until it may be told. */
  const impatience = (metadata: Meta, decision: Decision | undefined): Millis => {
    if (decision?.phase !== "Unreadable") {
      unreadableSince.delete(keyOf(metadata));
      return 0;
    }
    const since = unreadableSince.get(keyOf(metadata)) ?? clock.monotonic();
    unreadableSince.set(keyOf(metadata), since);
    return since + UNREADABLE_FOR - clock.monotonic();
  };

  /** Milliseconds until a report of what moves may be written. */
  const patience = (key: string, previous: Status, status: Status): Millis => {
    const written = writtenAt.get(key);
    if (written === undefined) return 0;
    const least = stepsOf(previous) === stepsOf(status) ? WORDS_EVERY : STEP_EVERY;
    return written + least * Math.max(1, moving.size / MOVING_AT_ONCE) - clock.monotonic();
  };

  return {
    did(metadata, effect) {
      const { why } = effect;
      const upgrade = keyOf(metadata);
      log.info({ upgrade, write: effect.kind, ...why }, "wrote");
      if (BOOKKEEPING.has(why.reason)) return;
      const clause = why.clause === undefined ? "" : ` (${why.clause})`;
      event(metadata, "Normal", why.reason, `${why.message}${clause}`);
    },
    async report(metadata, previous, draft, decision, signal) {
      const key = keyOf(metadata);
      if (decision !== undefined) announce(metadata, decision);
      if (decision?.phase === "Progressing" || decision?.phase === "Preflight") moving.add(key);
      else moving.delete(key);
      const unread = impatience(metadata, decision);
      const wait = patience(key, previous, draft);
      // Not worth a comparison, which costs as much as the decision did: it is looked at again when that time is over.
      if (moving.has(key) && wait > 0) return { stored: false, againMs: wait };
      const status = fitStatus(draft);
      const text = canonicalJson(status);
      if (canonicalJson(previous) === text) return { stored: true, status };
      if (unread > 0) return { stored: false, againMs: unread };
      const waits = storage.waitFor(key, text);
      if (waits > 0) return { stored: false, againMs: waits };
      writtenAt.set(key, clock.monotonic());
      return storage.store(metadata, { previous, status, text }, signal);
    },
    forget(key) {
      writtenAt.delete(key);
      moving.delete(key);
      lastSaid.delete(key);
      unreadableSince.delete(key);
      storage.forget(key);
    },
  };
}
