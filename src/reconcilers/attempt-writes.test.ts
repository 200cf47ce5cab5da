/** Which record an attempt gets: one of its own, or the one that its wish had when it was last made. */
import { expect, test } from "vitest";
import {
  aConfigObject,
  aDeployment,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  aWorld,
  NEW_IMAGE,
  NOW,
} from "../../test/support/builders.ts";
import { ANNOTATION, FINALIZER } from "../api/v1alpha1/names.ts";
import { type AttemptRecord, type Ended, RECORD_KEY, recordSchema } from "../model/attempt.ts";
import { digestText } from "../model/digest.ts";
import { formatTime } from "../model/time.ts";
import { endRecord, firstWrites, holdRecord, keptCopies, type NewRecord, remakeCopy } from "./attempt-writes.ts";
import { asMounted } from "./inputs.ts";
import { migrationJobName } from "./migration-jobs.ts";

const upgrade = anUpgrade({}, { finalizers: [FINALIZER] });
const target = aRecordedTarget(aDeployment({ name: "notification" }), { replicas: 2 });
const body: NewRecord = {
  inputs: "inputs-1",
  from: "newton",
  to: "ocata",
  files: {},
  longestIntervalSeconds: 600,
  targets: [target],
};

const next = (records: readonly AttemptRecord[], asked: NewRecord = body) =>
  firstWrites(aWorld({ upgrade, records }), [], asked);

/** The record that is written first, left in this state. */
function left(state: Ended["state"], records: readonly AttemptRecord[] = []): AttemptRecord {
  const effect = next(records);
  if (effect.kind !== "create") throw new Error(`it is not made: ${effect.why.message}`);
  const { data = {}, metadata } = effect.object as { data?: Record<string, string>; metadata: { name: string } };
  const { name } = metadata;
  const ended = { state, at: formatTime(NOW), retry: 0 };
  return aRecord({ ...recordSchema.parse(JSON.parse(data[RECORD_KEY] ?? "")), ended, metadata: { name } });
}

test("one that was left before anything had changed is taken up again, and begins now", () => {
  const record = left("Superseded");
  expect(next([record])).toMatchObject({
    kind: "annotate",
    ref: { kind: "ConfigMap", name: record.metadata.name },
    metadata: {
      annotations: {
        [ANNOTATION.ended]: null,
        [ANNOTATION.verbs]: null,
        [ANNOTATION.gates]: null,
        [ANNOTATION.clock]: null,
        [ANNOTATION.resumedAt]: formatTime(NOW),
      },
    },
  });
});

test("why an attempt of the same wish is begun anew is told as it is", () => {
  const open = (uid: string) => aRecord({ inputs: body.inputs, targets: [{ ...target, uid }] });
  const told = (uid: string) => next([open(uid)]).why.message;
  expect(told("of-its-predecessor")).toContain("a workload was made anew");
  // Somebody has removed a file that it had derived.
  expect(told(target.uid)).not.toContain("a workload was made anew");
});

test("retries that were asked for by annotation go on with the attempt that they asked for", () => {
  const former = aRecord({ plan: "way back", inputs: body.inputs, verbs: { retries: 2 } });
  const others = aRecord({ plan: "another", inputs: "another wish", verbs: { retries: 7 } });
  const ended = { state: "RolledBack", at: formatTime(NOW), retry: 1 } as const;
  const before = [
    { ...former, ended },
    { ...others, ended },
  ];
  const made = next(before);
  expect(made.kind === "create" && made.object).toMatchObject({
    metadata: { annotations: { [ANNOTATION.verbs]: '{"retries":2}' } },
  });
  expect(next([left("Superseded"), ...before])).toMatchObject({
    metadata: { annotations: { [ANNOTATION.verbs]: '{"retries":2}' } },
  });
});

/** An attempt of another wish that was left with two retries, and began with the migration of this image. */
function leftByOthers(image: string, retryAttempt: number) {
  const at = anUpgrade({ retryAttempt, target: { release: "ocata", image } });
  const ended = { state: "Superseded", at: formatTime(NOW), retry: 2 } as const;
  const databaseJob = migrationJobName(at);
  return aRecord({ plan: "another", inputs: "another wish", databaseJob, verbs: { retries: 2 }, ended });
}

test.each([0, 1])(
  "they go on with an edited wish whose migration is the same, spec.retryAttempt %i",
  (retryAttempt) => {
    const now = anUpgrade({ retryAttempt }, { finalizers: [FINALIZER] });
    const edited = { ...body, databaseJob: migrationJobName(now) };
    const made = (image: string, before = 0) =>
      firstWrites(aWorld({ upgrade: now, records: [leftByOthers(image, before)] }), [], edited);
    const object = { metadata: { annotations: { [ANNOTATION.verbs]: '{"retries":2}' } } };
    expect(made(NEW_IMAGE)).toMatchObject({ kind: "create", object });
    // It began with a retry that was asked for before there was a record of it.
    expect(made(NEW_IMAGE, retryAttempt + 1)).toMatchObject({ kind: "create", object });
    // Of another image it is another migration, which was never tried.
    expect(made("registry.example/ceilometer:ocata-2")).not.toMatchObject({ object });
  },
);

test.each([
  ["replicas", { replicas: 3 }],
  ["hosts", { hosts: ["host-9"] }],
  ["the configuration before", { before: [{ path: "/etc/x.yaml", volume: "x", before: {} }] }],
])("what was left knows nothing of a change since: %s", (_, change) => {
  const effect = next([left("Superseded")], { ...body, targets: [{ ...target, ...change }] });
  expect(effect).toMatchObject({ kind: "create", why: { reason: "AttemptStarted", clause: "I9" } });
});

test("one that has ended belongs to the past, however often the same is done again", () => {
  const first = left("Completed");
  const second = left("Completed", [first]);
  const third = left("Completed", [first, second]);
  expect(new Set([first, second, third].map(({ plan }) => plan)).size).toBe(3);
  expect(new Set([first, second, third].map(({ metadata }) => metadata.name)).size).toBe(3);
});

test.each(["RolledBack", "Completed"] as const)("one that was undone keeps what became of it: %s", (state) => {
  const undone = left("Superseded");
  const ended = { state, at: formatTime(NOW), retry: 0 };
  const back = aRecord({ plan: "back", back: { of: undone.plan, by: "Spec", why: "asked" }, ended });
  expect(next([undone, back]).kind).toBe("create");
  // Another word came before the way back had ended: nothing was undone.
  const given = { ...back, ended: { ...ended, state: "Superseded" as const } };
  expect(next([undone, given]).kind).toBe("annotate");
});

test("an end lets the record go with its resource; one that somebody has deleted stays until then", () => {
  const why = { reason: "AttemptEnded", message: "" };
  const held = aRecord();
  expect(endRecord(held, "{}", why)).toMatchObject({ metadata: { finalizers: [] } });
  const deleted = aRecord({ metadata: { deletingSince: NOW, finalizers: [FINALIZER] } });
  expect(endRecord(deleted, "{}", why)).toMatchObject({ metadata: { annotations: { [ANNOTATION.ended]: "{}" } } });
  expect(endRecord(deleted, "{}", why)).not.toHaveProperty("metadata.finalizers");
});

test("a record is held before anything is borrowed, where it can be", () => {
  expect(holdRecord(aRecord())).toBeUndefined();
  expect(holdRecord(aRecord({ metadata: { deletingSince: NOW, finalizers: ["theirs"] } }))).toBeUndefined();
  expect(holdRecord(aRecord({ metadata: { finalizers: ["theirs"] } }))).toMatchObject({
    ref: { kind: "ConfigMap" },
    metadata: { finalizers: ["theirs", FINALIZER] },
  });
});

test("a copy of what agents mount is made again where somebody deletes it in the middle, as long as anything holds what it was", () => {
  const text = "sources: []\nsinks: []\n";
  const ref = { kind: "ConfigMap" as const, name: "etc", key: "pipeline.yaml" };
  const { file: pipeline, copy } = asMounted(aWorld({ upgrade }), "pipeline", ref, text);
  const record = aRecord({ files: { pipeline } });
  const made = (data: string, kind: "ConfigMap" | "Secret" = "ConfigMap") => {
    const world = aWorld({ upgrade, files: [aConfigObject(kind, "etc", { [ref.key]: data }, false)] });
    return remakeCopy(world, keptCopies(world, record));
  };
  expect(made(text)).toMatchObject({ kind: "create", object: copy?.object, why: { reason: "CopyingConfiguration" } });
  expect(made(`${text}# another`)).toBeUndefined();
  expect(made(text, "Secret")).toBeUndefined();
  const digests = new Map([[ref.key, digestText(text)]]);
  const world = aWorld({ upgrade, files: [aConfigObject("ConfigMap", "etc", { [ref.key]: text }, false)] });
  const { metadata } = record;
  const there = { name: pipeline.object, metadata, immutable: true, digests, purpose: "configuration" };
  expect(keptCopies({ ...world, copies: [there] }, record)).toEqual([]);
});
