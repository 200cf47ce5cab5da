/** A report on its way into the cluster: the whole of it, or where the API server will not have that, what says where it stands. */
import type { Status } from "../../api/v1alpha1/schema.ts";
import type { KubeClient } from "../../kube/client.ts";
import { failureOf, isTestFailed, type KubeFailure } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/object.ts";
import { canonicalJson } from "../../model/digest.ts";
import type { Meta } from "../../model/meta.ts";
import type { Millis } from "../../model/time.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/logger.ts";
import { UPGRADE } from "./resources.ts";

/** The watch should bring what a report was refused for. Where it was refused for nothing, no news would ever come. */
const STALE_FOR: Millis = 5000;
/** How long a report that the API server will not have as it is waits to be tried again: its definition may be mended meanwhile. */
const REFUSED_FOR: Millis = 300_000;

export const keyOf = ({ namespace, name }: Pick<Meta, "namespace" | "name">): string => `${namespace}/${name}`;

export type Reported =
  /** The status stands in the cluster, as this. */
  | { readonly stored: true; readonly status: Status }
  /** It was held back or refused, and should be written so many milliseconds from now. */
  | { readonly stored: false; readonly againMs: Millis };

export interface StorageOptions {
  readonly client: Pick<KubeClient, "patchJson">;
  readonly clock: Clock;
  readonly log: Log;
  readonly put: (object: KubeObject) => void;
  readonly onStatusWrite?: (result: "done" | "stale" | "failed") => void;
}

export interface StatusStorage {
  /** Milliseconds until this very report, which was refused, may be tried again; 0 for every other one. */
  waitFor(key: string, text: string): Millis;
  /** `text` is the status as canonical JSON. */
  store(
    metadata: Meta,
    report: { readonly previous: Status; readonly status: Status; readonly text: string },
    signal: AbortSignal,
  ): Promise<Reported>;
  forget(key: string): void;
}

export function createStatusStorage(options: StorageOptions): StatusStorage {
  const { clock } = options;
  const refused = new Map<string, { readonly text: string; readonly until: Millis }>();
  return {
    waitFor(key, text) {
      const vain = refused.get(key);
      return vain?.text === text ? vain.until - clock.monotonic() : 0;
    },
    async store(metadata, { previous, status, text }, signal) {
      const written = await writeStatus(options, metadata, status, signal);
      if (written === "done" || written === "stale") refused.delete(keyOf(metadata));
      if (written === "done") return { stored: true, status };
      if (written === "stale") return { stored: false, againMs: STALE_FOR };
      refused.set(keyOf(metadata), { text, until: clock.monotonic() + REFUSED_FOR });
      const least = leastOf(status);
      const isWorthIt = written === "refused" && canonicalJson(previous) !== canonicalJson(least);
      if (isWorthIt) await writeStatus(options, metadata, least, signal);
      return { stored: false, againMs: REFUSED_FOR };
    },
    forget: (key) => void refused.delete(key),
  };
}

const INVALID = "is invalid: ";

/**
 * A field of spec is among those that are named: `… is invalid: [spec: …, status.steps: …]`. Not as one expression, which would look on
 * from each of these words in a value that is quoted.
 */
export function isOfSpec(message: string): boolean {
  const at = message.indexOf(INVALID);
  return (
    at >= 0 && (/is invalid: \[?spec[.:[]/.test(message) || /, spec[.:[]/.test(message.slice(at + INVALID.length)))
  );
}

/** What says where it stands, and nothing that could be refused. */
function leastOf({ observedGeneration, conditions }: Status): Status {
  return {
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** The whole status is replaced, so that nothing that somebody else wrote there stays; on the version that was read. */
async function writeStatus(
  { client, put, log, onStatusWrite }: StorageOptions,
  metadata: Meta,
  status: Status,
  signal: AbortSignal,
): Promise<"done" | "stale" | "refused" | "unfit"> {
  const operations = [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
    { op: "add", path: "/status", value: status },
  ] as const;
  try {
    put(await client.patchJson(UPGRADE, metadata, operations, { subresource: "status", signal }));
    onStatusWrite?.("done");
    return "done";
  } catch (error) {
    const failure = failureOf(error);
    // Somebody else wrote to the resource meanwhile, or it is gone: the watch brings the news and the next look reports.
    const stale = failure !== undefined && isStale(failure);
    onStatusWrite?.(stale ? "stale" : "failed");
    const told = { upgrade: keyOf(metadata), why: failure?.message };
    if (stale) {
      log.debug(told, "status not written");
      return "stale";
    }
    if (failure?.kind !== "invalid") throw error;
    // What was stored under another definition may break its rules so that no write of it passes, whatever the report says.
    if (isOfSpec(failure.message)) {
      log.warn(told, "the API server takes no report of a resource whose spec does not fit");
      return "unfit";
    }
    log.error(told, "the API server refuses the status as it is; only its conditions are written");
    return "refused";
  }
}

const isStale = (failure: KubeFailure): boolean =>
  failure.kind === "conflict" || failure.kind === "notFound" || isTestFailed(failure);
