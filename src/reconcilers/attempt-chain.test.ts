import { expect, test } from "vitest";
import { aDeployment, aRecord, aRecordedTarget } from "../../test/support/builders.ts";
import type { AttemptRecord, RecordedParity, RecordedPolling } from "../model/attempt.ts";
import { fromOf, originalsOf, parityOf } from "./attempt-chain.ts";

const at = (minute: number): string => `2026-01-01T00:0${minute}:00Z`;

/** Attempts a minute apart, each begun before the one before had ended; the last of them, and all. */
function chain(...attempts: readonly Partial<AttemptRecord>[]): readonly [AttemptRecord, readonly AttemptRecord[]] {
  const records = attempts.map((attempt, index) =>
    aRecord({
      startedAt: at(index),
      ended: index === attempts.length - 1 ? undefined : { state: "Superseded", at: at(index + 1), retry: 0 },
      ...attempt,
      metadata: { uid: `record-${index}` },
    }),
  );
  return [records.at(-1) ?? aRecord(), records];
}

const parity = (state: RecordedParity["state"], emptyFirst: readonly string[] = []): RecordedParity => ({
  state,
  differences: [],
  emptyFirst: [...emptyFirst],
});
const drain = { kind: "ConfigMap", object: "drain", key: "drain.conf", digest: "d" } as const;

test("what the queues of the first attempt asked for holds after the target was changed in the middle", () => {
  const [last, records] = chain(
    { from: "pike", to: "queens", parity: { ...parity("MustDrain", ["other queues"]), drain } },
    { from: "queens", to: "queens", parity: parity("Same") },
  );
  expect(fromOf(records, last)).toBe("pike");
  expect(parityOf(records, last)).toEqual({ ...parity("MustDrain", ["other queues"]), drain });
});

test.each([
  ["Same", "Differs", "Differs"],
  ["Differs", "Same", "Differs"],
  ["Unknown", "NotPartitioned", "Unknown"],
  ["NotPartitioned", "Same", "Same"],
] as const)("agents that were %s and then %s are kept apart as for %s", (first, then, state) => {
  const [last, records] = chain({ parity: parity(first) }, { parity: parity(then) });
  expect(parityOf(records, last)?.state).toBe(state);
});

test("an attempt that came to its end is not undone with the next one", () => {
  const ended = { state: "Completed", at: at(1), retry: 0 } as const;
  const [last, records] = chain({ from: "pike", ended, parity: parity("MustDrain") }, { from: "queens" });
  expect(fromOf(records, last)).toBe("queens");
  expect(parityOf(records, last)).toBeUndefined();
});

test("a workload whose queues were empty when the first attempt began has to empty them on the way back", () => {
  const target = aRecordedTarget(aDeployment({ name: "notification" }), { isEmptied: true });
  const [last, records] = chain({ targets: [target] });
  expect(originalsOf(records, last)).toEqual([{ ...target, isEmptied: undefined }]);
});

const polls = (path: RecordedPolling["path"], more: Partial<RecordedPolling> = {}): RecordedPolling => ({
  namespaces: ["central"],
  path,
  why: "",
  overlap: true,
  file: { path: "/etc/ceilometer/polling.yaml", volume: "polling" },
  before: {},
  ...more,
});

test.each([
  ["Isolate", "Roll", "Isolate"],
  ["Replace", "Roll", "Replace"],
  ["Roll", "Isolate", "Isolate"],
  ["Roll", "Roll", "Roll"],
] as const)("polling agents that went by %s and then by %s go back as after %s", (first, then, path) => {
  const workload = aDeployment({ name: "central" });
  const target = (polling: RecordedPolling) => aRecordedTarget(workload, { component: "polling", polling });
  const [last, records] = chain(
    { targets: [target(polls(first, { together: true }))] },
    { targets: [target(polls(then, { overlap: false }))] },
  );
  expect(originalsOf(records, last)).toMatchObject([{ polling: { path, overlap: false, together: true } }]);
});

test("polling agents that never met on one part of the way are looked at again before they go back the whole way", () => {
  const workload = aDeployment({ name: "central" });
  const target = (polling: RecordedPolling) => aRecordedTarget(workload, { component: "polling", polling });
  const apart = polls("Roll", { why: "old and new never run at one time", added: ["new.meter"] });
  for (const both of [
    [apart, polls("Roll", { added: ["another"] })],
    [polls("Roll", { added: [] }), apart],
  ] as const) {
    const [last, records] = chain({ targets: [target(both[0])] }, { targets: [target(both[1])] });
    const [way] = originalsOf(records, last);
    expect(way?.polling).toMatchObject({ path: "Roll", why: apart.why });
    expect(way?.polling?.added).toContain("new.meter");
  }
});
