import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silentLog } from "../runtime/logger.ts";
import type { ObjectName } from "./client.ts";
import { KubeApiError, type KubeFailureKind } from "./errors.ts";
import { createEventRecorder, type EventNote, type EventRecorder, type EventSubject } from "./events.ts";
import type { KubeObject } from "./object.ts";
import type { Loss } from "./outbox.ts";

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
let retryAfterMs: number | undefined;
let isHanging: boolean;
let asked: number;
let lost: Loss[];
let logged: object[];
let recorder: EventRecorder;
const ABORTED = { kind: "lost", code: 0, reason: "Aborted", message: "aborted" } as const;
const fail = (): void => {
  asked += 1;
  const failure = { code: 0, reason: "", message: "no", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (refuse !== undefined) throw new KubeApiError({ kind: refuse, ...failure });
};
beforeEach(() => {
  clock = new FakeClock();
  created = [];
  patched = [];
  refuse = undefined;
  retryAfterMs = undefined;
  isHanging = false;
  asked = 0;
  lost = [];
  logged = [];
  recorder = createEventRecorder({
    clock,
    random: () => 0,
    onLoss: (why) => lost.push(why),
    log: { ...silentLog, warn: (fields, msg) => logged.push({ ...fields, msg }) },
    controller: "example.org/turner",
    instance: "turner-1",
    client: {
      async create(_, object, options = {}) {
        fail();
        if (isHanging) await clock.sleep(10_000, options.signal);
        if (options.signal?.aborted === true) throw new KubeApiError(ABORTED);
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
  expect(lost).toEqual(["refused"]);
  expect(logged).toMatchObject([{ why: "refused", msg: "an event is given up" }]);
  refuse = undefined;
  recorder.record(subject, note);
  await recorder.flush();
  expect(created).toHaveLength(1);
});

test("too many at once are dropped, not kept", async () => {
  for (let i = 0; i < 3_000; i++) recorder.record(subject, { ...note, message: `turn ${i}` });
  await recorder.flush();
  expect(created.length + lost.length).toBe(3_000);
  expect(created.length).toBeLessThanOrEqual(2_049);
  expect(new Set(lost)).toEqual(new Set(["overflow"]));
  expect(logged).toHaveLength(1);
});

test.each(["throttled", "unavailable", "lost", "unauthorized"] as const)(
  "what fails because the API server is busy or away (%s) waits, with all behind it, and is tried again less and less often",
  async (kind) => {
    refuse = kind;
    for (let turn = 0; turn < 3; turn += 1) recorder.record(subject, { ...note, message: `turn ${turn}` });
    await clock.advance(120_000);
    // After 0, 1, 3, 7, 15, 31, 61, 91 seconds.
    expect(asked).toBe(8);
    expect([created, lost]).toEqual([[], []]);
    expect(logged).toMatchObject([{ failure: { kind }, msg: "an event could not be written; will try again" }]);
    refuse = undefined;
    await clock.advance(1_000);
    expect(created.map((each) => each["note"])).toEqual(["turn 0", "turn 1", "turn 2"]);
    expect(created[0]?.["eventTime"]).toBe("2026-01-01T00:00:00.000000Z");
  },
);

test("as long as the API server asks for is waited", async () => {
  refuse = "throttled";
  retryAfterMs = 20_000;
  recorder.record(subject, note);
  await clock.advance(19_999);
  expect(asked).toBe(1);
  await clock.advance(1);
  expect(asked).toBe(2);
});

test("what did not get through for an hour is given up as late, and one that comes then is not", async () => {
  refuse = "unavailable";
  recorder.record(subject, note);
  await clock.advance(3_599_000);
  recorder.record(subject, { ...note, reason: "Stopped" });
  await clock.advance(120_000);
  expect(lost).toEqual(["late"]);
  refuse = undefined;
  await clock.advance(30_000);
  expect(created.map(({ reason }) => reason)).toEqual(["Stopped"]);
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

test("the end gives what waits a moment", async () => {
  recorder.record(subject, note);
  await recorder.stop();
  expect([created.length, lost]).toEqual([1, []]);
  expect(clock.sleeping).toBe(0);
});

test.each([
  ["does not answer", (): void => void (isHanging = true)],
  ["is away", (): void => void (refuse = "unavailable")],
])("the end waits three seconds for an API server that %s, and the rest is given up", async (_, make) => {
  make();
  for (let turn = 0; turn < 3; turn += 1) recorder.record(subject, { ...note, message: `turn ${turn}` });
  await clock.advance(500);
  let ended = false;
  const stopping = recorder.stop().then(() => {
    ended = true;
  });
  await clock.advance(2_999);
  expect([ended, lost]).toEqual([false, []]);
  await clock.advance(1);
  await stopping;
  recorder.record(subject, { ...note, message: "too late" });
  expect(lost).toEqual(["ended", "ended", "ended", "ended"]);
  expect(logged.at(-1)).toMatchObject({ why: "ended", waiting: 3 });
  expect([clock.sleeping, created]).toEqual([0, []]);
});
