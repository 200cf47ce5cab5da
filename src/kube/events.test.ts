import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import type { ObjectName } from "./client.ts";
import { KubeApiError, type KubeFailureKind } from "./errors.ts";
import { createEventRecorder, type EventNote, type EventRecorder, type EventSubject } from "./events.ts";
import type { KubeObject } from "./object.ts";

const subject: EventSubject = {
  resource: { group: "example.org", version: "v1", plural: "widgets", kind: "Widget", namespaced: true },
  namespace: "ns",
  name: "a",
  uid: "uid-a",
};
const note: EventNote = { type: "Normal", reason: "Turned", action: "Turn", message: "it turned" };

let clock: FakeClock;
let created: KubeObject[];
let patched: { name: string; patch: object }[];
let refuse: KubeFailureKind | undefined;
let recorder: EventRecorder;
const fail = (): void => {
  if (refuse !== undefined) throw new KubeApiError({ kind: refuse, code: 0, reason: "", message: "no" });
};
beforeEach(() => {
  clock = new FakeClock();
  created = [];
  patched = [];
  refuse = undefined;
  recorder = createEventRecorder({
    clock,
    controller: "example.org/turner",
    instance: "turner-1",
    client: {
      async create(_, object) {
        fail();
        created.push(object);
        return object;
      },
      async patchMerge(_, { name }: ObjectName, patch) {
        fail();
        patched.push({ name, patch });
        return { metadata: { name } };
      },
    },
  });
});

test("an event says who, what, why and when to the microsecond", async () => {
  recorder.record(subject, note);
  await recorder.flush();
  expect(created[0]?.metadata.name).toMatch(/^a\.[0-9a-f]{16}$/);
  expect(created).toMatchObject([
    {
      metadata: { namespace: "ns" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      type: "Normal",
      reason: "Turned",
      action: "Turn",
      note: "it turned",
      reportingController: "example.org/turner",
      reportingInstance: "turner-1",
      regarding: { apiVersion: "example.org/v1", kind: "Widget", namespace: "ns", name: "a", uid: "uid-a" },
    },
  ]);
});

test("repetitions are counted on the first event, and written at most once a minute", async () => {
  for (let second = 0; second < 130; second++) {
    recorder.record(subject, note);
    await clock.advance(1_000);
  }
  await recorder.flush();
  expect(created).toHaveLength(1);
  const name = created[0]?.metadata.name;
  expect(patched).toEqual([
    { name, patch: { series: { count: 61, lastObservedTime: "2026-01-01T00:01:00.000000Z" } } },
    { name, patch: { series: { count: 121, lastObservedTime: "2026-01-01T00:02:00.000000Z" } } },
  ]);
});

test("another object, reason or message is another event; the same after ten quiet minutes as well", async () => {
  recorder.record(subject, note);
  recorder.record({ ...subject, uid: "uid-b" }, note);
  recorder.record(subject, { ...note, reason: "Stuck" });
  recorder.record(subject, { ...note, message: "it turned twice" });
  await clock.advance(600_000);
  recorder.record(subject, note);
  await recorder.flush();
  expect(created).toHaveLength(5);
  expect(new Set(created.map(({ metadata }) => metadata.name)).size).toBe(5);
});

test("a series whose event the API server has forgotten starts afresh", async () => {
  recorder.record(subject, note);
  await clock.advance(60_000);
  refuse = "notFound";
  recorder.record(subject, note);
  await clock.advance(0);
  refuse = undefined;
  recorder.record(subject, note);
  await recorder.flush();
  expect(created).toHaveLength(2);
});

test("a refusal never reaches the caller and is not remembered as written", async () => {
  refuse = "forbidden";
  recorder.record(subject, note);
  await recorder.flush();
  expect(recorder.dropped).toBe(1);
  refuse = undefined;
  recorder.record(subject, note);
  await recorder.flush();
  expect(created).toHaveLength(1);
});

test("too many at once are dropped, not kept", async () => {
  for (let i = 0; i < 3_000; i++) recorder.record(subject, { ...note, message: `turn ${i}` });
  await recorder.flush();
  expect(created.length + recorder.dropped).toBe(3_000);
  expect(created.length).toBeLessThanOrEqual(2_049);
});

test("long names and notes are cut to what the API takes, never within a character", async () => {
  recorder.record({ ...subject, name: "n".repeat(253) }, { ...note, message: "ü".repeat(600) });
  await recorder.flush();
  expect(created[0]?.metadata.name).toHaveLength(253);
  const text = String(created[0]?.["note"]);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
  expect(text).toMatch(/^ü+…$/);
});

test("events on objects without a namespace go to the default one", async () => {
  const { namespace: _, ...clusterScoped } = subject;
  recorder.record(clusterScoped, note);
  await recorder.flush();
  expect(created[0]?.metadata.namespace).toBe("default");
});
