import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type Wait, WOKEN_WITHIN_MS, waitOut } from "./wait-out.ts";

let clock: FakeClock;
let life: AbortController;
let listeners: Set<() => void>;
beforeEach(() => {
  clock = new FakeClock();
  life = new AbortController();
  listeners = new Set();
});

const answers = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
const answer = (): void => {
  for (const listener of listeners) listener();
};

/** When it ended, and how: undefined while it lasts. */
function begin(wait: Partial<Wait>): { readonly end: { at: number; isCut: boolean } | undefined } {
  const seen: { end: { at: number; isCut: boolean } | undefined } = { end: undefined };
  const all = { ms: 30_000, answers, clock, random: () => 0.5, ...wait };
  void waitOut(all, life.signal).then((isCut) => {
    seen.end = { at: clock.monotonic(), isCut };
  });
  return seen;
}

function expectNothingLeft(): void {
  expect(listeners.size).toBe(0);
  expect(clock.sleeping).toBe(0);
}

test("without an answer it takes its time", async () => {
  const wait = begin({});
  await clock.advance(29_999);
  expect(wait.end).toBeUndefined();
  await clock.advance(1);
  expect(wait.end).toEqual({ at: 30_000, isCut: false });
  expectNothingLeft();
});

test("an answer cuts it short, to some part of a second, and more of them to no less", async () => {
  const wait = begin({});
  await clock.advance(10_000);
  answer();
  await clock.advance(499);
  answer();
  expect(wait.end).toBeUndefined();
  await clock.advance(1);
  expect(wait.end).toEqual({ at: 10_500, isCut: true });
  expectNothingLeft();
});

test("what would end within that second by itself is left to itself", async () => {
  const short = begin({ ms: WOKEN_WITHIN_MS, random: () => 0 });
  const long = begin({ random: () => 0 });
  await clock.advance(500);
  expect(listeners.size).toBe(1);
  await clock.advance(28_500);
  answer();
  await clock.advance(1_000);
  expect(short.end).toEqual({ at: 1_000, isCut: false });
  expect(long.end).toEqual({ at: 30_000, isCut: false });
  expectNothingLeft();
});

test("what the API server has asked for is waited for, whatever it answers to others", async () => {
  const wait = begin({ leastMs: 5_000, random: () => 0 });
  await clock.advance(4_999);
  answer();
  await clock.advance(1);
  expect(wait.end).toBeUndefined();
  await clock.advance(2_000);
  answer();
  await clock.advance(0);
  expect(wait.end).toEqual({ at: 7_000, isCut: true });
  const asked = begin({ ms: 8_000, leastMs: 8_000 });
  await clock.advance(8_000);
  expect(asked.end).toEqual({ at: 15_000, isCut: false });
  expectNothingLeft();
});

test("without anybody who tells of answers it is a plain wait", async () => {
  const wait = begin({ answers: undefined });
  await clock.advance(30_000);
  expect(wait.end).toEqual({ at: 30_000, isCut: false });
});

test.each([0, 10_000, 10_200])("the end of the process ends it at once, after %d ms", async (ms) => {
  const wait = begin({});
  if (ms === 0) life.abort();
  await clock.advance(Math.min(ms, 10_000));
  if (ms > 10_000) answer();
  await clock.advance(ms - Math.min(ms, 10_000));
  life.abort();
  await clock.advance(0);
  expect(wait.end?.at).toBe(ms);
  expectNothingLeft();
});

test("a hundred that are woken by one answer come one by one, all over a second", async () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const waits = Array.from({ length: 100 }, () => begin({ random }));
  await clock.advance(3_000);
  answer();
  await clock.advance(WOKEN_WITHIN_MS);
  const ends = waits.map(({ end }) => end?.at ?? Number.NaN).toSorted((a, b) => a - b);
  expect(ends.every((at) => at >= 3_000 && at <= 4_000)).toBe(true);
  expect(new Set(ends).size).toBe(100);
  const most = Math.max(...ends.map((from) => ends.filter((at) => at >= from && at < from + 100).length));
  expect(most).toBeLessThan(25);
  expectNothingLeft();
});
