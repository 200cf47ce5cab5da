/**
 * The writes that keep the books of an attempt: what has to be there before a workload may be touched, and the marks on its record.
 * None of them disrupts anything.
 */
import { ANNOTATION, FINALIZER } from "../api/v1alpha1/names.ts";
import type { AttemptRecord, Ended, RecordBody, RecordedFile } from "../model/attempt.ts";
import { canonicalJson, digest, digestText } from "../model/digest.ts";
import type { Labels, Meta } from "../model/meta.ts";
import type { ConfigurationCopy, Upgrade, World } from "../model/observation.ts";
import type { Effect, Note } from "../model/outcome.ts";
import { formatTime } from "../model/time.ts";
import { attemptRecord } from "./desired/attempt-record.ts";
import { asMounted, type WantedCopy } from "./inputs.ts";
import { migrationJobNames } from "./migration-jobs.ts";

/** The version of the rules below and of the release facts: another version is another plan. */
const RULES_VERSION = 1;

export type NewRecord = Omit<RecordBody, "plan" | "startedAt">;

/** What has to be there before a workload may be touched, one write at a time, in this order. */
export function firstWrites(world: World, copies: readonly WantedCopy[], body: NewRecord): Effect {
  const { upgrade } = world;
  const open = world.records.find((record) => record.ended === undefined);
  // What is undone is left only once the way back is recorded: in between nobody would know any more what was to be undone.
  if (open !== undefined && body.back === undefined) return supersede(world, open, whyAnew(open, body));
  if (!upgrade.metadata.finalizers.includes(FINALIZER)) return addFinalizer(upgrade);
  const copy = copies.find((each) => !world.copies.some((there) => isCopy(there, each)));
  if (copy !== undefined) return make(copy);
  const { plan, left } = planOf(world, body);
  if (left !== undefined) return resume(world, left, verbsOf(world, body));
  const object = attemptRecord(upgrade, { ...body, plan, startedAt: formatTime(world.now) }, verbsOf(world, body));
  const way = `from ${body.from ?? "an unknown release"} to ${body.to}`;
  const start = body.back === undefined ? `start ${way}` : `roll back ${way} (${body.back.why})`;
  const message = `${start}: record what is true before the first write`;
  const name = `ConfigMap/${object.metadata.name}`;
  const reason = body.back === undefined ? "AttemptStarted" : "RollbackStarted";
  return { kind: "create", object, why: { reason, message, clause: "I9", object: name } };
}

function make({ name, object: body }: WantedCopy): Effect {
  const object = `ConfigMap/${name}`;
  const message = `keep the content of the configuration in ${object}, which can never change`;
  return { kind: "create", object: body, why: { reason: "CopyingConfiguration", message, object } };
}

/** Somebody has deleted one in the middle: agents that mount it would never start. */
export function remakeCopy(world: World, copies: readonly WantedCopy[]): Effect | undefined {
  const lost = copies.find((each) => !world.copies.some(({ name }) => name === each.name) && !isRead(world, each));
  return lost && make(lost);
}

const KEPT = ["pipeline", "eventPipeline"] as const;

/**
 * The same for what the resource does not give, and agents keep of a ConfigMap that can change: it is made again from whatever holds
 * what it was. Where nothing does any more, the agents' own pods say that the volume is missing.
 */
export function keptCopies(world: World, { files }: AttemptRecord): readonly WantedCopy[] {
  return KEPT.flatMap((name): readonly WantedCopy[] => {
    const file = files[name];
    if (file?.kind !== "ConfigMap" || world.copies.some((copy) => copy.name === file.object)) return [];
    const text = textThat(world, file);
    const ref = { kind: file.kind, name: file.object, key: file.key };
    const { copy } = text === undefined ? {} : asMounted(world, name, ref, text);
    return copy?.name === file.object ? [copy] : [];
  });
}

/** Of ConfigMaps alone: what was in a Secret shall not come to stand in one. */
function textThat({ files }: World, { key, digest: was }: RecordedFile): string | undefined {
  for (const seen of files.values()) {
    const text = seen.seen === "present" && seen.value.kind === "ConfigMap" ? seen.value.data.get(key) : undefined;
    if (text !== undefined && digestText(text) === was) return text;
  }
  return undefined;
}

/** One whose labels somebody took off is none of ours any more, and agents that mount it read it all the same. */
function isRead({ files }: World, { name, key, digest: wanted }: WantedCopy): boolean {
  const seen = files.get(`ConfigMap/${name}`);
  const text = seen?.seen === "present" && seen.value.immutable ? seen.value.data.get(key) : undefined;
  return text !== undefined && digestText(text) === wanted;
}

/** Copies outlive the resource that they were made for, because pods mount them: one with this content is as good as ours. */
function isCopy(there: ConfigurationCopy, wanted: WantedCopy): boolean {
  return there.name === wanted.name && there.immutable && there.digests.get(wanted.key) === wanted.digest;
}

/**
 * The plan: the wish, and the images and configuration that it starts from; hosts and times do not change it. An attempt of the
 * same plan that was left before anything had changed is taken up again, so that two wishes that come by turns leave two
 * records. Any other belongs to the past: what it knows was true then (I9), so the new one is told apart from it by its number.
 */
function planOf(world: World, body: NewRecord): { readonly plan: string; readonly left?: AttemptRecord } {
  for (let turn = 0; ; turn += 1) {
    const plan = planHash(body, turn);
    const known = world.records.find((record) => record.plan === plan);
    if (known === undefined) return { plan };
    if (isUnchanged(world, known, body)) return { plan, left: known };
  }
}

function planHash(body: NewRecord, turn: number): string {
  const targets = body.targets.map(({ hosts, replicas, replicasAfter, nodeSelector, before, ...steady }) => steady);
  const again = turn === 0 ? {} : { turn };
  return digest({ rules: RULES_VERSION, ...body, targets, ...again }).slice(0, 16);
}

/** Left for another wish, not undone since, and made for workloads that are all as they were. */
function isUnchanged({ records }: World, { ended, plan, targets }: AttemptRecord, body: NewRecord): boolean {
  const isUndone = records.some(
    ({ back, ended: way }) => back?.of === plan && way !== undefined && way.state !== "Superseded",
  );
  return ended?.state === "Superseded" && !isUndone && canonicalJson(targets) === canonicalJson(body.targets);
}

export function addFinalizer(upgrade: Upgrade): Effect {
  const { namespace, name, uid, resourceVersion, finalizers } = upgrade.metadata;
  const why = {
    reason: "Holding",
    message: "what will be borrowed is given back before the resource can go",
    clause: "I9",
  };
  return {
    kind: "annotate",
    ref: { kind: "CeilometerUpgrade", namespace, name },
    uid,
    resourceVersion,
    metadata: { finalizers: [...finalizers, FINALIZER] },
    why: { ...why, object: `CeilometerUpgrade/${name}` },
  };
}

export const annotateRecord = (
  record: AttemptRecord,
  annotations: Readonly<Record<string, string | null>>,
  why: Note,
): Effect => writeRecord(record, { annotations }, why);

/**
 * Says that it has ended, with nothing borrowed any more: it may go when its resource goes. One that somebody has deleted would go at
 * once, and with it what the resource knows of its success: it is let go when the resource is no more.
 */
export function endRecord({ metadata }: AttemptRecord, mark: string, why: Note): Effect {
  const kept = metadata.deletingSince === undefined ? withoutHold(metadata) : {};
  return writeRecord({ metadata }, { annotations: { [ANNOTATION.ended]: mark }, ...kept }, why);
}

/** An attempt that had ended is carried out once more, or was begun by an operator that did not hold its record yet. */
export function holdRecord(record: AttemptRecord): Effect | undefined {
  const { finalizers, deletingSince } = record.metadata;
  if (finalizers.includes(FINALIZER) || deletingSince !== undefined) return undefined;
  const why = {
    reason: "Holding",
    message: "what it says of the time before stays until all is given back",
    clause: "I9",
  };
  return writeRecord(record, { finalizers: [...finalizers, FINALIZER] }, why);
}

/** Nothing is borrowed any more: a record that is still held would stay behind when its resource goes. */
export function releaseRecords(records: readonly Pick<AttemptRecord, "metadata">[]): Effect | undefined {
  const record = records.find(({ metadata }) => metadata.finalizers.includes(FINALIZER));
  const why = { reason: "LettingGo", message: "nothing is borrowed any more", clause: "I9" };
  return record === undefined ? undefined : writeRecord(record, withoutHold(record.metadata), why);
}

/** Nothing is wanted any more that an attempt was made for: each is given up, and let go. */
export function closeRecords(world: World): Effect | undefined {
  const open = world.records.find(({ ended }) => ended === undefined);
  return open === undefined ? releaseRecords(world.records) : supersede(world, open, givenUp(open));
}

const withoutHold = ({ finalizers }: Meta) => ({ finalizers: finalizers.filter((each) => each !== FINALIZER) });

function writeRecord(
  { metadata: { namespace, name, uid, resourceVersion } }: Pick<AttemptRecord, "metadata">,
  metadata: Readonly<Record<string, unknown>>,
  why: Note,
): Effect {
  const ref = { kind: "ConfigMap", namespace, name };
  return { kind: "annotate", ref, uid, resourceVersion, metadata, why: { ...why, object: `ConfigMap/${name}` } };
}

/** Why another attempt starts for the same wish; undefined where the wish is another one. */
function whyAnew(open: AttemptRecord, { inputs, targets }: NewRecord): string | undefined {
  if (open.inputs !== inputs) return undefined;
  const { name } = open.metadata;
  if (open.back !== undefined) return givenUp(open);
  const known = new Set(open.targets.map(({ uid }) => uid));
  if (targets.every(({ uid }) => known.has(uid)))
    return `a file that the attempt ${name} has derived is gone: a new one starts from there, and derives it again`;
  return `a workload was made anew: the attempt ${name} knows nothing of it, and a new one starts from there`;
}

const givenUp = ({ metadata, back }: AttemptRecord): string =>
  `${back === undefined ? "the attempt" : "the way back"} ${metadata.name} is given up: what it was for is not wanted any more`;

/** One attempt is carried out at a time: a way back takes the place of what it undoes, or is given up for that. */
export function supersedeOthers(world: World, { back, metadata }: AttemptRecord): Effect | undefined {
  const open = world.records.find((record) => record.ended === undefined && record.metadata.uid !== metadata.uid);
  if (open === undefined) return undefined;
  const because = back === undefined ? givenUp(open) : `the attempt ${open.metadata.name} is rolled back: ${back.why}`;
  return supersede(world, open, because);
}

function supersede(world: World, record: AttemptRecord, because?: string): Effect {
  const message =
    because ??
    `the wish has changed: the attempt ${record.metadata.name} is left where it is, and a new one starts from there`;
  return annotateRecord(
    record,
    { [ANNOTATION.ended]: endedMark(world, "Superseded") },
    { reason: "Replanned", message },
  );
}

/**
 * Retries that were asked for by annotation, and are remembered with attempts before: of this wish, and of any that migrates to the
 * same release and image. What they asked for is this one, and its Jobs are named by their number: by a lower one it would find the
 * migration that had failed before.
 */
function verbsOf({ records, upgrade }: World, { inputs, databaseJob }: NewRecord): Labels {
  const migrations = databaseJob === undefined ? [] : migrationJobNames(upgrade, records);
  const retries = records
    .filter((record) => record.inputs === inputs || migrations.includes(record.databaseJob ?? ""))
    .flatMap(({ verbs }) => verbs.retries ?? []);
  return retries.length === 0 ? {} : { [ANNOTATION.verbs]: canonicalJson({ retries: Math.max(...retries) }) };
}

function resume(world: World, record: AttemptRecord, verbs: Labels): Effect {
  const message = `back to the plan of ${record.metadata.name} of ${world.upgrade.metadata.name}`;
  // What was asked of it then is not asked of it now, and it begins now.
  const fresh = {
    [ANNOTATION.ended]: null,
    [ANNOTATION.verbs]: null,
    [ANNOTATION.gates]: null,
    [ANNOTATION.clock]: null,
    [ANNOTATION.resumedAt]: formatTime(world.now),
    ...verbs,
  };
  return annotateRecord(record, fresh, { reason: "Replanned", message });
}

export function endedMark(world: World, state: Ended["state"]): string {
  return canonicalJson({ state, at: formatTime(world.now), retry: world.upgrade.spec.retryAttempt });
}
