/** Fields and annotations become one spec, and a request by annotation counts once, wherever the operator is killed. */
import { expect, test } from "vitest";
import { z } from "zod";
import { anUpgrade, aRecord, aWorld } from "../../test/support/builders.ts";
import { VERB } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { type AttemptRecord, parseRecord } from "../model/attempt.ts";
import type { Labels } from "../model/meta.ts";
import type { Effect } from "../model/outcome.ts";
import { readRequests } from "../model/verb-requests.ts";
import { meantForOthers, steered, takeRequests } from "./steering.ts";

const PLAN = "0123456789abcdef";
const worldOf = (annotations: Labels, spec: Partial<SpecInput> = {}) =>
  aWorld({ upgrade: anUpgrade(spec, { annotations }) });
const requestsOf = (world: ReturnType<typeof worldOf>) => readRequests(world.upgrade.metadata);
const specOf = (annotations: Labels, spec: Partial<SpecInput> = {}, record?: AttemptRecord) => {
  const world = worldOf(annotations, spec);
  return steered(world, record, requestsOf(world)).upgrade.spec;
};
const taken = (annotations: Labels, record: AttemptRecord | undefined, spec: Partial<SpecInput> = {}) => {
  const world = worldOf(annotations, spec);
  return takeRequests(world, record, requestsOf(world));
};
const record = aRecord({ plan: PLAN });

/** The record after the write that this effect is. */
function remembered(before: AttemptRecord, effect: Effect | undefined): AttemptRecord {
  if (effect?.kind !== "annotate") throw new Error("nothing is remembered");
  const { annotations } = z.object({ annotations: z.record(z.string(), z.string()) }).parse(effect.metadata);
  const { ended: _, clock: __, verbs: ___, gates: ____, metadata, ...body } = before;
  const read = parseRecord({ ...metadata, annotations }, JSON.stringify(body));
  if (read === undefined) throw new Error("no record");
  return read;
}

test("a pause by field, by annotation, and a resume that is stronger than either", () => {
  expect(specOf({}).paused).toBe(false);
  expect(specOf({}, { paused: true }).paused).toBe(true);
  expect(specOf({ [VERB.pause]: "true" }).paused).toBe(true);
  expect(specOf({ [VERB.resume]: "true" }, { paused: true }).paused).toBe(false);
});

test("a resume ends with the pause that it is about", () => {
  const both = { [VERB.pause]: "true", [VERB.resume]: "true" };
  const gone = (effect: Effect | undefined) => effect?.kind === "annotate" && effect.metadata["annotations"];
  expect(gone(taken(both, undefined))).toEqual({ [VERB.pause]: null, [VERB.resume]: null });
  expect(gone(taken(both, undefined, { paused: true }))).toEqual({ [VERB.pause]: null });
  expect(taken({ [VERB.resume]: "true" }, undefined, { paused: true })).toBeUndefined();
  expect(gone(taken({ [VERB.resume]: "true" }, undefined))).toEqual({ [VERB.resume]: null });
});

test("a retry is remembered, its annotation removed, its text forgotten; it counts once at every moment", () => {
  const asked = { [VERB.retry]: "true" };
  const first = taken(asked, record);
  expect(first).toMatchObject({ kind: "annotate", ref: { kind: "ConfigMap" }, why: { reason: "RequestTaken" } });
  const one = remembered(record, first);
  expect(specOf(asked, { retryAttempt: 2 }, one).retryAttempt).toBe(3);

  const second = taken(asked, one);
  expect(second).toMatchObject({
    ref: { kind: "CeilometerUpgrade" },
    metadata: { annotations: { [VERB.retry]: null } },
  });
  expect(specOf({}, { retryAttempt: 2 }, one).retryAttempt).toBe(3);

  const third = taken({}, one);
  expect(third).toMatchObject({ ref: { kind: "ConfigMap" }, why: { reason: "RequestForgotten" } });
  const two = remembered(one, third);
  expect(two.verbs).toMatchObject({ retries: 1 });
  expect(two.verbs.taking).toBeUndefined();
  expect(taken({}, two)).toBeUndefined();

  const again = remembered(two, taken(asked, two));
  expect(specOf({}, {}, again).retryAttempt).toBe(2);
});

test("without an attempt a retry counts as long as it is asked for", () => {
  expect(specOf({ [VERB.retry]: "true" }).retryAttempt).toBe(1);
  expect(taken({ [VERB.retry]: "true" }, undefined)).toBeUndefined();
});

test("an abort lasts until a retry", () => {
  const aborted = remembered(record, taken({ [VERB.abort]: "true" }, record));
  expect(specOf({}, {}, aborted).abort).toBe(true);
  const rested = remembered(aborted, taken({}, aborted));
  const retried = remembered(rested, taken({ [VERB.retry]: "true" }, rested));
  expect(specOf({}, {}, retried)).toMatchObject({ abort: false, retryAttempt: 1 });
});

test("an abort before there is an attempt is ended by a retry, too", () => {
  const both = { [VERB.abort]: "true", [VERB.retry]: "true" };
  expect(specOf({ [VERB.abort]: "true" }).abort).toBe(true);
  expect(taken({ [VERB.abort]: "true" }, undefined)).toBeUndefined();
  expect(specOf(both).abort).toBe(false);
  expect(taken(both, undefined)).toMatchObject({
    ref: { kind: "CeilometerUpgrade" },
    metadata: { annotations: { [VERB.abort]: null, [VERB.retry]: null } },
  });
});

test("approvals and skipped gates are taken for this plan, and told where they are for another", () => {
  const other = "fedcba9876543210";
  const skip = (planHash: string) => JSON.stringify([{ name: "quiet", planHash, reason: "because" }]);
  const mine = { [VERB.approve]: `polling@${PLAN}`, [VERB.skipGate]: skip(PLAN) };
  const done = remembered(record, taken(mine, record));
  expect(specOf({}, {}, done)).toMatchObject({
    approved: [{ before: "polling", planHash: PLAN }],
    skipGates: [{ name: "quiet", planHash: PLAN, reason: "because" }],
  });
  const theirs = { [VERB.approve]: `polling@${other}`, [VERB.skipGate]: skip(other) };
  expect(taken(theirs, record)).toBeUndefined();
  const world = worldOf(theirs);
  expect(meantForOthers(world, record, requestsOf(world)).map(({ reason }) => reason)).toEqual([
    "RequestOfOtherPlan",
    "RequestOfOtherPlan",
  ]);
  const own = worldOf(mine);
  expect(meantForOthers(own, record, requestsOf(own))).toEqual([]);
});

test("a rollback by annotation is remembered with who asked", () => {
  const back = remembered(record, taken({ [VERB.rollback]: "true" }, record));
  expect(back.verbs.rollback).toEqual({ by: "Annotation", why: "asked for by annotation" });
  expect(specOf({}, {}, back).rollback).toBe(true);
});

test("an abort by annotation is ended by one more retry of the spec, as by its annotation", () => {
  const aborted = remembered(record, taken({ [VERB.abort]: "true" }, record, { retryAttempt: 2 }));
  expect(specOf({}, { retryAttempt: 2 }, aborted).abort).toBe(true);
  expect(specOf({}, { retryAttempt: 3 }, aborted).abort).toBe(false);
  const { abortedAt: _, ...verbs } = aborted.verbs;
  // Of an attempt of an operator that did not keep it.
  expect(specOf({}, { retryAttempt: 3 }, { ...aborted, verbs }).abort).toBe(true);
});
