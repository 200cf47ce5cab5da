import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type Controller, createController, type Next, TerminalError } from "./controller.ts";
import { silentLog } from "./logger.ts";
import { createQueue } from "./queue.ts";

let clock: FakeClock;
let life: AbortController;
let results: string[];
beforeEach(() => {
  clock = new FakeClock();
  life = new AbortController();
  results = [];
});

const awaitChange: Next = { kind: "awaitChange" };

function aController(reconcile: (key: string, signal: AbortSignal) => Promise<Next>, workers = 1): Controller {
  return createController({
    name: "test",
    workers,
    reconcile,
    clock,
    queue: createQueue({ clock, random: () => 0 }),
    timeoutMs: 1_000,
    onReconcile: (name, result, seconds) => results.push(`${name} ${result} ${seconds}`),
  });
}

async function stop(running: Promise<void>): Promise<void> {
  life.abort();
  await clock.advance(0);
  await running;
  expect(clock.sleeping).toBe(0);
}

test("awaitChange is not repeated, recheck is, after its time", async () => {
  const calls: string[] = [];
  const controller = aController(async (key) => {
    calls.push(`${key}@${clock.monotonic()}`);
    return key === "again" && calls.length < 4 ? { kind: "recheck", afterMs: 50 } : awaitChange;
  });
  const running = controller.run(life.signal);
  controller.enqueue("once");
  controller.enqueue("again");
  await clock.advance(10_000);
  expect(calls).toEqual(["once@0", "again@0", "again@50", "again@100"]);
  expect(results).toEqual(["test settled 0", "test recheck 0", "test recheck 0", "test settled 0"]);
  await stop(running);
});

test("a throw is retried with growing delay, and success forgets", async () => {
  const at: number[] = [];
  const controller = aController(async () => {
    at.push(clock.monotonic());
    if (at.length === 4 || at.length > 5) return awaitChange;
    throw new Error("no");
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(100);
  expect(at).toEqual([0, 5, 15, 35]);
  controller.enqueue("a");
  await clock.advance(100);
  expect(at.slice(4)).toEqual([100, 105]);
  await stop(running);
});

test("a terminal error is counted and not retried, until something changes", async () => {
  let calls = 0;
  const controller = aController(() => {
    calls += 1;
    return Promise.reject(new TerminalError("bad spec"));
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(600_000);
  expect(calls).toBe(1);
  expect(results).toEqual(["test terminal 0"]);
  controller.enqueue("a");
  await clock.advance(0);
  expect(calls).toBe(2);
  await stop(running);
});

test("a reconcile that takes too long has its signal aborted and is retried", async () => {
  const reasons: unknown[] = [];
  const controller = aController(async (_key, signal) => {
    await clock.sleep(5_000, signal);
    reasons.push(signal.reason);
    signal.throwIfAborted();
    return awaitChange;
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(1_000);
  expect(reasons).toHaveLength(1);
  expect(results).toEqual(["test failed 1"]);
  await stop(running);
});

test("stopping aborts and waits for what is in flight, and counts it neither as success nor as failure", async () => {
  const finish = Promise.withResolvers<void>();
  let aborted = false;
  const controller = aController(async (_key, signal) => {
    await finish.promise;
    aborted = signal.aborted;
    signal.throwIfAborted();
    return awaitChange;
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(0);
  life.abort();
  let ended = false;
  void running.then(() => {
    ended = true;
  });
  await clock.advance(10);
  expect(ended).toBe(false);
  finish.resolve();
  await running;
  expect(aborted).toBe(true);
  expect(results).toEqual(["test cancelled 0.01"]);
});

test("several workers work on several keys, never on the same", async () => {
  const running = new Map<string, number>();
  let most = 0;
  let twice = false;
  const controller = aController(async (key) => {
    running.set(key, (running.get(key) ?? 0) + 1);
    twice ||= (running.get(key) ?? 0) > 1;
    most = Math.max(
      most,
      [...running.values()].reduce((a, b) => a + b, 0),
    );
    await clock.sleep(10);
    running.set(key, (running.get(key) ?? 0) - 1);
    return awaitChange;
  }, 3);
  const run = controller.run(life.signal);
  for (const key of ["a", "b", "c", "d"]) controller.enqueue(key);
  await clock.advance(5);
  for (const key of ["a", "b", "c", "d"]) controller.enqueue(key);
  await clock.advance(100);
  expect(most).toBe(3);
  expect(twice).toBe(false);
  expect(results).toHaveLength(7);
  await stop(run);
});

test("a reconcile that throws before its first await is a failure like any other", async () => {
  const controller = aController(() => {
    throw new Error("at once");
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(0);
  expect(results).toEqual(["test failed 0"]);
  await stop(running);
});

test("an error that passes by itself is a warning with what it says, any other an error with its trace", async () => {
  const told: string[] = [];
  const errors = [new RangeError("away"), new TypeError("wrong")];
  const controller = createController({
    name: "test",
    workers: 1,
    reconcile: async () => {
      const error = errors.shift();
      if (error === undefined) return awaitChange;
      throw error;
    },
    clock,
    queue: createQueue({ clock, random: () => 0 }),
    timeoutMs: 1_000,
    passing: (error) => (error instanceof RangeError ? { why: error.message } : undefined),
    log: {
      ...silentLog,
      warn: (fields, msg) => told.push(`warn ${msg} ${JSON.stringify(fields)}`),
      error: (fields, msg) => told.push(`error ${msg}${"err" in fields ? ` ${String(fields.err)}` : ""}`),
    },
  });
  const running = controller.run(life.signal);
  controller.enqueue("a");
  await clock.advance(100);
  expect(told).toEqual([
    'warn reconcile failed for now {"controller":"test","key":"a","result":"failed","seconds":0,"failure":{"why":"away"}}',
    "error reconcile failed TypeError: wrong",
  ]);
  await stop(running);
});
