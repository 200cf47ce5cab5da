import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { createQueue, type WorkQueue } from "./queue.ts";

let clock: FakeClock;
let queue: WorkQueue;
let life: AbortController;
beforeEach(() => {
  clock = new FakeClock();
  queue = createQueue({ clock, random: () => 0 });
  life = new AbortController();
});

/** Takes without waiting: what a worker would get at this very moment. */
async function takeNow(): Promise<string | undefined> {
  const hurry = new AbortController();
  const taken = queue.take(hurry.signal);
  await clock.advance(0);
  hurry.abort();
  return taken;
}

test("a key added twice is handed out once", async () => {
  queue.add("a");
  queue.add("a");
  expect(queue.depth).toBe(1);
  expect(await takeNow()).toBe("a");
  queue.done("a");
  expect(await takeNow()).toBeUndefined();
});

describe("the earliest time wins", () => {
  test("a later wish does not postpone an earlier one", async () => {
    queue.add("a", 10);
    queue.add("a", 1_000);
    await clock.advance(10);
    expect(await takeNow()).toBe("a");
  });
  test("an earlier wish brings a later one forward, also for a worker that already sleeps", async () => {
    queue.add("a", 1_000);
    const taken = queue.take(life.signal);
    await clock.advance(1);
    queue.add("a", 4);
    await clock.advance(5);
    expect(await taken).toBe("a");
    expect(clock.monotonic()).toBe(6);
    expect(queue.depth).toBe(0);
  });
});

test("keys come out in the order in which they are due", async () => {
  queue.add("late", 20);
  queue.add("first", 5);
  queue.add("second", 10);
  await clock.advance(30);
  expect([await takeNow(), await takeNow(), await takeNow()]).toEqual(["first", "second", "late"]);
});

test("a key re-added while it is worked on is not given to a second worker, and is worked on again afterwards", async () => {
  queue.add("a");
  expect(await takeNow()).toBe("a");
  queue.add("a");
  const second = queue.take(life.signal);
  await clock.advance(60_000);
  expect(queue.depth).toBe(1);
  queue.done("a");
  expect(await second).toBe("a");
});

test("a busy key does not block the others", async () => {
  queue.add("a");
  await takeNow();
  queue.add("a");
  queue.add("b");
  expect(await takeNow()).toBe("b");
});

test("rate-limited re-adds back off per key until forgotten", async () => {
  expect([1, 2, 3].map(() => queue.addRateLimited("a"))).toEqual([5, 10, 20]);
  expect(queue.addRateLimited("b")).toBe(5);
  queue.forget("a");
  expect(queue.addRateLimited("a")).toBe(5);
});

test("the delay between failures never exceeds a minute", () => {
  for (let i = 0; i < 50; i++) queue.addRateLimited("a");
  expect(queue.addRateLimited("a")).toBe(60_000);
});

test("aborting lets waiting workers go and leaves no timer", async () => {
  queue.add("later", 5_000);
  const taken = [queue.take(life.signal), queue.take(life.signal)];
  await clock.advance(0);
  life.abort();
  expect(await Promise.all(taken)).toEqual([undefined, undefined]);
  expect(clock.sleeping).toBe(0);
});

test("under any interleaving: one worker a key, and every add is followed by a run that began after it", async () => {
  const command = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    after: fc.integer({ min: 0, max: 20 }),
    pause: fc.integer({ min: 0, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(command, { size: "max", maxLength: 30 }), async (commands) => {
      clock = new FakeClock();
      queue = createQueue({ clock });
      const stop = new AbortController();
      const running = new Set<string>();
      const lastStart = new Map<string, number>();
      let overlaps = 0;
      const worker = async (): Promise<void> => {
        for (let key = await queue.take(stop.signal); key !== undefined; key = await queue.take(stop.signal)) {
          if (running.has(key)) overlaps += 1;
          running.add(key);
          lastStart.set(key, clock.monotonic());
          await clock.sleep(7);
          running.delete(key);
          queue.done(key);
        }
      };
      const workers = [worker(), worker()];
      const lastAdd = new Map<string, number>();
      for (const { key, after, pause } of commands) {
        queue.add(key, after);
        lastAdd.set(key, clock.monotonic());
        await clock.advance(pause);
      }
      await clock.advance(200);
      stop.abort();
      await clock.advance(10);
      await Promise.all(workers);
      expect(overlaps).toBe(0);
      expect(queue.depth).toBe(0);
      for (const [key, at] of lastAdd) expect(lastStart.get(key)).toBeGreaterThanOrEqual(at);
    }),
    { numRuns: 60 },
  );
});
