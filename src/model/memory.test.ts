/** What the operator remembers: marks on workloads, attempt records, clocks; all of it may have been edited by anybody. */
import { expect, test } from "vitest";
import { aDeployment, aMeta, aRecord, aRecordedTarget, marks } from "../../test/support/builders.ts";
import { growth } from "../../test/support/growth.ts";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { foremostFirst, isLater, parseRecord } from "./attempt.ts";
import { elapsed, isStopped } from "./clock.ts";
import { canonicalJson, digest, nameFor, shortDigest } from "./digest.ts";
import { marksOf } from "./marks.ts";
import type { Labels } from "./meta.ts";
import { formatDuration, formatTime, parseTime } from "./time.ts";

test("marks are read back as they were written", () => {
  const annotations = marks({
    claim: { upgrade: "u", record: "r" },
    borrowed: { replicas: 3 },
    phase: { phase: "first", node: "h" },
  });
  expect(marksOf(aMeta("a", { annotations }))).toMatchObject({
    claim: { upgrade: "u", record: "r" },
    borrowed: { replicas: 3 },
    phase: { phase: "first", node: "h", rounds: 0 },
  });
});

test.each(["", "{", "null", "[]", '{"upgrade":1}', '{"replicas":-1}', '{"phase":"sideways"}'])(
  "a damaged mark %j is no mark",
  (text) => {
    const annotations = { [ANNOTATION.claim]: text, [ANNOTATION.phase]: text, [ANNOTATION.borrowed]: text };
    const read = marksOf(aMeta("a", { annotations }));
    expect(read.claim).toBeUndefined();
    expect(read.phase).toBeUndefined();
    expect(read.borrowed?.replicas).toBeUndefined();
  },
);

test("a record is read back, with its end, its clock and what was asked of it", () => {
  const {
    metadata,
    ended: _,
    clock: __,
    verbs: ___,
    gates: ____,
    ...body
  } = aRecord({
    targets: [aRecordedTarget(aDeployment({ name: "a" }))],
  });
  const read = (annotations: Labels, text: string | undefined = JSON.stringify(body)) =>
    parseRecord({ ...metadata, annotations }, text);
  const gates = { quiet: { since: "2026-01-01T00:20:00Z", retry: 0 } };
  expect(
    read({
      [ANNOTATION.ended]: '{"at":"2026-01-01T01:00:00Z","retry":1,"state":"Completed"}',
      [ANNOTATION.clock]: '[{"from":"2026-01-01T00:10:00Z"}]',
      [ANNOTATION.verbs]: '{"retries":2,"approved":["polling"]}',
      [ANNOTATION.gates]: JSON.stringify(gates),
      [ANNOTATION.resumedAt]: "2026-01-01T00:05:00Z",
    }),
  ).toMatchObject({
    ...body,
    startedAt: "2026-01-01T00:05:00Z",
    ended: { state: "Completed", retry: 1 },
    clock: [{ from: "2026-01-01T00:10:00Z" }],
    verbs: { retries: 2, approved: ["polling"] },
    gates,
  });
  const damaged = {
    [ANNOTATION.ended]: "{",
    [ANNOTATION.clock]: "{",
    [ANNOTATION.verbs]: "[]",
    [ANNOTATION.gates]: "1",
    [ANNOTATION.resumedAt]: "soon",
  };
  expect(read(damaged)).toMatchObject({ startedAt: body.startedAt, ended: undefined, clock: [], verbs: {}, gates: {} });
  expect(read({}, "{}")).toBeUndefined();
  expect(parseRecord(metadata, undefined)).toBeUndefined();
});

test("what has more objects or entries than a record can have is none", () => {
  const { metadata, ended: _, clock: __, verbs: ___, gates: ____, ...body } = aRecord({ targets: [] });
  const risks = (length: number) =>
    Array.from({ length }, () => ({ check: "a", object: "b", reason: "c", expiresAt: "d" }));
  const read = (more: object) => parseRecord(metadata, JSON.stringify({ ...body, ...more }));
  expect(read({ acceptedRisks: risks(4000) })).toBeDefined();
  expect(read({ acceptedRisks: risks(4200) })).toBeUndefined();
  expect(read({ only: Array(60_000).fill("a") })).toBeDefined();
  expect(read({ only: Array(66_000).fill("a") })).toBeUndefined();
});

test.each([
  [ANNOTATION.verbs, '{"acceptedRisks":[', "{},", "{}]}"],
  [ANNOTATION.verbs, '{"approved":[', "1,", "1]}"],
  [ANNOTATION.clock, "[", "{},", "{}]"],
])("of what does not fit, as %s, no more is read than of what could", (key, before, unit, after) => {
  const { metadata, ended: _, clock: __, verbs: ___, gates: ____, ...body } = aRecord({ targets: [] });
  const noted = (length: number) => ({
    ...metadata,
    annotations: { [key]: before + unit.repeat(length / unit.length) + after },
  });
  const read = (meta: typeof metadata) => parseRecord(meta, JSON.stringify(body));
  expect(read(noted(250_000))).toMatchObject({ verbs: {}, clock: [] });
  expect(growth({ from: 64_000, times: 16 }, noted, read)).toBeLessThan(6);
});

test("a clock that has stood still a thousand times is read", () => {
  const { metadata, ended: _, clock: __, verbs: ___, gates: ____, ...body } = aRecord({ targets: [] });
  const clock = Array.from({ length: 1000 }, () => ({ from: "a", to: "b", why: "c" }));
  const annotations = { [ANNOTATION.clock]: JSON.stringify(clock) };
  expect(parseRecord({ ...metadata, annotations }, JSON.stringify(body))?.clock).toHaveLength(1000);
});

test("the later record is the one that was written later, as numbers compare", () => {
  const at = (resourceVersion: string) => aRecord({ metadata: { resourceVersion } });
  expect(isLater(at("1000"), at("999"))).toBe(true);
  expect(isLater(at("999"), at("1000"))).toBe(false);
});

test("records, which anybody can make, are put in order without looking each up in all of them", () => {
  const records = (length: number) =>
    Array.from({ length }, (_, index) =>
      aRecord({ plan: `p${index}`, metadata: { resourceVersion: String(((index * 7919) % 10_007) + 1) } }),
    );
  expect(foremostFirst(records(5000))[0]?.metadata.resourceVersion).toBe("10007");
  expect(growth({ from: 500, times: 8 }, records, foremostFirst)).toBeLessThan(24);
});

test("a clock that stood still does not count, before, within and until now", () => {
  const at = (minute: number) => formatTime(minute * 60_000);
  const clock = [
    { from: at(0), to: at(10) },
    { from: at(20), to: at(25) },
  ];
  expect(elapsed(clock, 5 * 60_000, 30 * 60_000)).toBe(15 * 60_000);
  expect(elapsed([...clock, { from: at(28) }], 5 * 60_000, 60 * 60_000)).toBe(13 * 60_000);
  expect(elapsed([], 10, 5)).toBe(0);
  expect(isStopped(clock)).toBe(false);
  expect(isStopped([...clock, { from: at(28) }])).toBe(true);
  expect(isStopped([])).toBe(false);
});

test("equal values have equal digests, whatever the order of their keys; undefined members are none", () => {
  expect(canonicalJson({ b: [1, undefined, null], a: { d: undefined, c: "x" } })).toBe(
    '{"a":{"c":"x"},"b":[1,null,null]}',
  );
  expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1, c: undefined }));
  expect(digest({ a: "1" })).not.toBe(digest({ a: 1 }));
  expect(shortDigest({})).toMatch(/^[0-9a-f]{8}$/);
});

test("a name of content fits into a label value", () => {
  expect(nameFor("short", "abc")).toBe("short-abc");
  const long = nameFor(`${"x".repeat(57)}.-.tail`, "12345678");
  expect(long).toMatch(/^x+-12345678$/);
  expect(long.length).toBeLessThanOrEqual(63);
});

test("times go to the second and come back; other texts are no times", () => {
  expect(formatTime(1_767_225_600_999)).toBe("2026-01-01T00:00:00Z");
  expect(parseTime(formatTime(1_767_225_600_000))).toBe(1_767_225_600_000);
  expect(parseTime("yesterday")).toBeUndefined();
  expect(parseTime(undefined)).toBeUndefined();
  expect([0, 119_000, 121_000, 7_140_000, 7_200_000, 7_500_000].map(formatDuration)).toEqual([
    "0 s",
    "119 s",
    "2 min",
    "119 min",
    "2 h",
    "2 h 5 min",
  ]);
});

test("which attempt is carried out does not depend on the order in which they are seen, nor on the clock of one replica", () => {
  const ended = { state: "Superseded", at: "2026-01-01T00:09:00Z", retry: 0 } as const;
  const at = (plan: string, minute: number, more: object = {}) =>
    aRecord({ plan, startedAt: `2026-01-01T00:0${minute}:00Z`, ended, ...more });
  const a = at("a", 3);
  const b = at("b", 1, { back: { of: "a", by: "Spec", why: "asked" } });
  const c = at("c", 2);
  const orders = [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ].map((records) => foremostFirst(records).map(({ plan }) => plan));
  expect(orders).toEqual(orders.map(() => ["b", "a", "c"]));
  expect(foremostFirst([a, b, { ...c, ended: undefined }])[0]?.plan).toBe("c");
});
