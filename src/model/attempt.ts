/**
 * The attempt record: what was true before the first write, kept in one immutable ConfigMap. After the first write the old
 * values cannot be read off the cluster any more, and a killed operator needs them; status is never read instead.
 */
import { z } from "zod";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { acceptedRiskSchema } from "../api/v1alpha1/schema.ts";
import { AGENT_COMPONENTS, COMPONENTS } from "./component.ts";
import type { Meta } from "./meta.ts";
import type { Volume, VolumeMount } from "./pod-template.ts";
import { parseTime } from "./time.ts";

/** The key of the record's ConfigMap. */
export const RECORD_KEY = "attempt.json";

const labels = z.record(z.string(), z.string());

/** A configuration file of the new agents, as it is mounted. */
const recordedFile = z.object({
  kind: z.enum(["ConfigMap", "Secret"]),
  /** The immutable, content-named object that pods mount. */
  object: z.string(),
  key: z.string(),
  digest: z.string(),
});

/** A member of the API's own, kept by value: what is undone later is put back as it was, known fields and unknown ones. */
const isNamed = (value: unknown): value is { readonly name: string } =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
const volume = z.custom<Volume>(isNamed);
const volumeMount = z.custom<VolumeMount>((value) => isNamed(value) && "mountPath" in value);

/**
 * What the partition gate (clause P4) found for one workload, and how it goes from old to new. Roll: old beside new, or one
 * after the other by its own strategy. Replace: without overlap. Isolate: new pollsters first in a group of their own.
 */
const recordedPolling = z.object({
  namespaces: z.array(z.string()),
  path: z.enum(["Roll", "Replace", "Isolate"]),
  why: z.string(),
  /** Undefined where it is not known what old agents poll, and nothing depends on it. */
  added: z.array(z.string()).optional(),
  kept: z.array(z.string()).optional(),
  removed: z.array(z.string()).optional(),
  /** The agents themselves may run old beside new, once the new pollsters are in a group of their own. */
  overlap: z.boolean(),
  /** Not with old agents of other workloads of the same polling namespaces either. */
  together: z.boolean().optional(),
  /** Where agents of the target read what to poll, and what was mounted there before the attempt. */
  file: z.object({ path: z.string(), volume: z.string() }),
  before: z.object({ mount: volumeMount.optional(), volume: volume.optional() }),
  /** An attempt that was given up has left a file there that it derived: what was there before comes back on any path. */
  restores: z.boolean().optional(),
  /** Likewise where an earlier release read what to poll, and those of this one would go by it where they have no other file. */
  left: z
    .array(
      z.object({
        path: z.string(),
        volume: z.string(),
        before: z.object({ mount: volumeMount.optional(), volume: volume.optional() }),
      }),
    )
    .optional(),
  /** What old and new have in common. */
  narrow: recordedFile.optional(),
  isolated: z
    .object({
      kind: z.enum(["Deployment", "DaemonSet"]),
      name: z.string(),
      prefix: z.string(),
      /** Exactly the new pollsters. */
      file: recordedFile,
      /** The snippet with the prefix, for images that do not read it from the environment. */
      config: recordedFile.optional(),
    })
    .optional(),
});
export type RecordedPolling = z.output<typeof recordedPolling>;

/** What the parity gate (clause P3) found, and what has to be emptied before agents may be restarted. */
const recordedParity = z.object({
  state: z.enum(["NotPartitioned", "Same", "Differs", "Unknown", "MustDrain"]),
  differences: z.array(z.string()),
  /** Why internal queues have to be empty first; empty where a restart leaves nothing unread. */
  emptyFirst: z.array(z.string()),
  /** The snippet that turns the intake off meanwhile. */
  drain: recordedFile.optional(),
});
export type RecordedParity = z.output<typeof recordedParity>;

const acceptedRisk = z.object({ check: z.string(), object: z.string(), reason: z.string(), expiresAt: z.string() });

/** A path at which the attempt mounts a file of its own, and what was there before: what a way back puts there again. */
const recordedBefore = z.object({
  path: z.string(),
  volume: z.string(),
  before: z.object({ mount: volumeMount.optional(), volume: volume.optional() }),
  /** The file that was read there, where an object had it; without a digest it could not be read. */
  file: z
    .object({
      kind: z.enum(["ConfigMap", "Secret"]),
      object: z.string(),
      key: z.string(),
      digest: z.string().optional(),
    })
    .optional(),
});
export type RecordedBefore = z.output<typeof recordedBefore>;

const recordedTarget = z.object({
  component: z.enum(AGENT_COMPONENTS),
  kind: z.enum(["Deployment", "DaemonSet", "StatefulSet"]),
  name: z.string(),
  uid: z.string(),
  container: z.string(),
  /** The image before, and the release that it is. */
  image: z.string(),
  release: z.string().optional(),
  /** The image afterwards. */
  targetImage: z.string(),
  replicas: z.int32().min(0).optional(),
  /** Null where the template had none. */
  nodeSelector: labels.nullable(),
  strategy: z.string(),
  /** `<volume>` to `<kind>/<name>` before. */
  sources: labels,
  /** Hosts on which the old agent was seen to poll: the first new agent starts on one of them. */
  hosts: z.array(z.string()),
  /** Replicas that the attempt itself asks for at its end: the resource's number, or none of a component that retires. */
  replicasAfter: z.int32().min(0).optional(),
  before: z.array(recordedBefore).optional(),
  /** A notification agent that an attempt has stopped after its queues were empty: it has nothing to empty, and must not run beside others. */
  isEmptied: z.boolean().optional(),
  /** Partial, polling agents only. */
  polling: recordedPolling.optional(),
});

const files = z.object({
  pipeline: recordedFile.optional(),
  eventPipeline: recordedFile.optional(),
  polling: recordedFile.optional(),
  /** Definition files, each with the path at which the agents read it. */
  definitions: z.array(recordedFile.extend({ path: z.string() })).optional(),
});

/** `of`: the plan that is undone. `by`: spec.rollback, its annotation, spec.onFailure, or a target that is the release before. */
const back = z.object({
  of: z.string(),
  by: z.enum(["Spec", "Annotation", "Failure", "Revert"]),
  why: z.string(),
});
export type Back = z.output<typeof back>;

export const recordSchema = z.object({
  /** The hash of what the attempt does: the wish and what it starts from. */
  plan: z.string(),
  /** The hash of the wish alone: another one is another attempt. */
  inputs: z.string(),
  startedAt: z.string(),
  /** The way back from an attempt, and who asked for it. Absent in an upgrade. */
  back: back.optional(),
  from: z.string().optional(),
  to: z.string(),
  databaseJob: z.string().optional(),
  /** Notification agents only. */
  parity: recordedParity.optional(),
  /** The components that it is about, where it is not about all of them. */
  only: z.array(z.string()).optional(),
  /** Findings that were accepted by name when the attempt began. */
  acceptedRisks: z.array(acceptedRisk).optional(),
  files,
  /** How long the slowest agent may take to poll once, in seconds. */
  longestIntervalSeconds: z.int32().min(0),
  targets: z.array(recordedTarget),
});

export type RecordedTarget = z.output<typeof recordedTarget>;
export type RecordedFile = z.output<typeof recordedFile>;
export type RecordedFiles = z.output<typeof files>;
export type RecordBody = z.output<typeof recordSchema>;

/** How an attempt ended, and at which retry: a higher one opens it again. */
const ended = z.object({
  state: z.enum(["Completed", "Superseded", "RolledBack"]),
  at: z.string(),
  retry: z.int32().min(0),
});
export type Ended = z.output<typeof ended>;

/** Intervals in which the clocks of an attempt stood still, each with the reason for it; the last one is open while they do. */
const clock = z.array(z.object({ from: z.string(), to: z.string().optional(), why: z.string().optional() }));
export type Clock = z.output<typeof clock>;

/** What was asked by annotation while the attempt was under way, and is remembered with it. */
const verbs = z.object({
  approved: z.array(z.enum(COMPONENTS)).optional(),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })).optional(),
  // What was taken over once is not forgotten with everything beside it, should the form have become stricter since.
  acceptedRisks: z.array(acceptedRiskSchema.extend({ expiresAt: z.string() })).optional(),
  /** Retries that were asked for, beside those of the spec. */
  retries: z.int32().min(0).optional(),
  aborted: z.boolean().optional(),
  /** The spec's number of retries when it was: one more ends it, as a retry by annotation does. */
  abortedAt: z.int32().min(0).optional(),
  rollback: z.object({ by: z.enum(["Annotation", "Failure"]), why: z.string() }).optional(),
  /** Annotations that were taken over and have to be removed from the resource, by their value. */
  taking: labels.optional(),
});
export type RecordedVerbs = z.output<typeof verbs>;

/** Since when each extra gate has been asked, at which retry, and when it passed or by what word it was skipped. */
const gates = z.record(
  z.string(),
  z.object({
    since: z.string(),
    retry: z.int32().min(0),
    passedAt: z.string().optional(),
    skipped: z.string().optional(),
  }),
);
export type GateMarks = z.output<typeof gates>;

export interface AttemptRecord extends RecordBody {
  readonly metadata: Meta;
  readonly ended: Ended | undefined;
  readonly clock: Clock;
  readonly verbs: RecordedVerbs;
  readonly gates: GateMarks;
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Objects and entries of a record: 16 workloads of five components with the pollsters of three namespaces are a tenth of it.
 * Whoever may write ConfigMaps can make one that looks like ours; half a million entries that do not fit would take seconds.
 */
const MOST_OBJECTS = 4096;
const MOST_ENTRIES = 64 * 1024;
/** Of an annotation beside it, which anybody may write who may annotate ConfigMaps: more than all of them together can hold of what is right. */
const MOST_NOTED = 16 * 1024;

function countOf(text: string, character: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0 && count <= most; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

const isBounded = (text: string, entries: number): boolean =>
  countOf(text, "{", MOST_OBJECTS) <= MOST_OBJECTS && countOf(text, ",", entries) <= entries;

const noted = <T>(schema: z.ZodType<T>, text: string | undefined): T | undefined =>
  text === undefined || !isBounded(text, MOST_NOTED) ? undefined : parsed(schema, text);

/** Undefined where the ConfigMap is no record: somebody else's, or damaged. What is remembered beside it is in annotations. */
export function parseRecord(metadata: Meta, body: string | undefined): AttemptRecord | undefined {
  const record = body === undefined || !isBounded(body, MOST_ENTRIES) ? undefined : parsed(recordSchema, body);
  if (record === undefined) return undefined;
  const { annotations } = metadata;
  const resumed = annotations[ANNOTATION.resumedAt];
  return {
    ...record,
    // Attempts are told apart by when they began: one that was taken up again is younger than what was tried in between.
    ...(resumed === undefined || parseTime(resumed) === undefined ? {} : { startedAt: resumed }),
    metadata,
    ended: noted(ended, annotations[ANNOTATION.ended]),
    clock: noted(clock, annotations[ANNOTATION.clock]) ?? [],
    verbs: noted(verbs, annotations[ANNOTATION.verbs]) ?? {},
    gates: noted(gates, annotations[ANNOTATION.gates]) ?? {},
  };
}

/** By what was last written on it: its end, where it has ended. Versions are numbers by contract. */
export function isLater(a: AttemptRecord, b: AttemptRecord): boolean {
  return BigInt(a.metadata.resourceVersion) > BigInt(b.metadata.resourceVersion);
}

/** Milliseconds. */
export const startOf = ({ startedAt }: AttemptRecord): number => parseTime(startedAt) ?? 0;

/**
 * The one that is carried out, or was last, first: open before ended, and by when they began after that. A way back began after what
 * it undoes, whatever the clock said of the replica that has written it.
 */
export function foremostFirst(records: readonly AttemptRecord[]): readonly AttemptRecord[] {
  const known = ordered.get(records) ?? inOrder(records);
  ordered.set(records, known);
  return known;
}

/** A look asks for the order again for each agent. */
const ordered = new WeakMap<readonly AttemptRecord[], readonly AttemptRecord[]>();

function inOrder(records: readonly AttemptRecord[]): readonly AttemptRecord[] {
  // Records are never deleted, and anybody can add some that look like ours: nothing is looked for while they are compared. Of two
  // with one plan the first counts.
  const byPlan = new Map(records.toReversed().map((record) => [record.plan, record]));
  const begins = new Map(
    records.map((record) => {
      const undone = record.back === undefined ? undefined : byPlan.get(record.back.of);
      return [record, Math.max(startOf(record), undone === undefined ? 0 : startOf(undone) + 1)];
    }),
  );
  const began = (record: AttemptRecord): number => begins.get(record) ?? 0;
  return records.toSorted(
    (a, b) =>
      Number(b.ended === undefined) - Number(a.ended === undefined) || began(b) - began(a) || (isLater(a, b) ? -1 : 1),
  );
}
