import { expect, test } from "vitest";
import { inVain, isStuck, type Vain } from "./stale-backoff.ts";

const none = (): Map<string, Vain> => new Map<string, Vain>();

/** Milliseconds from the first of these stale writes until it is told, if each is decided anew when its wait is over. */
function toldAfter(kind: "create" | "patch", counts = none(), isUndone = false): number {
  let waited = 0;
  for (let looks = 0; looks < 100; looks += 1) {
    const vain = inVain(counts, "a", "stale", 0);
    if (isStuck({ kind }, vain, isUndone)) return waited;
    waited += vain.waitMs;
  }
  throw new Error("never told");
}

test("a name that is taken is told after some seconds", () => {
  expect(toldAfter("create")).toBe(5100);
});

test("so is a write that is answered as done and changes nothing", () => {
  expect(toldAfter("patch", none(), true)).toBe(5100);
});

test("what a watch has not told is waited for almost two minutes, longer than a watch is away after an outage", () => {
  expect(toldAfter("patch")).toBe(110_100);
});

test("waits grow, up to five seconds, and begin anew for what has been done", () => {
  const counts = none();
  const waits = Array.from({ length: 11 }, () => inVain(counts, "a", "stale", 0).waitMs);
  expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
  counts.delete("a");
  expect(inVain(counts, "a", "stale", 0).waitMs).toBe(20);
  expect(inVain(counts, "b", "stale", 0).waitMs).toBe(20);
});

test("an outage, however long, is no stale write: its waits are the longest, and what is stale after it is counted from there", () => {
  const counts = none();
  for (let looks = 0; looks < 40; looks += 1) inVain(counts, "a", "unknown", 0);
  expect(inVain(counts, "a", "unknown", 0).waitMs).toBe(5000);
  expect(toldAfter("patch", counts)).toBe(29 * 5000);
});

/** Milliseconds after the first failure at which it is told, each tried anew when its wait is over, or at once by other news. */
function toldOf(counts: Map<string, Vain>, until: number, news?: number): readonly number[] {
  const told: number[] = [];
  for (let now = 0; now < until; ) {
    const vain = inVain(counts, "a", "unknown", now);
    if (vain.isFailing) told.push(now);
    now += Math.min(vain.waitMs, news ?? vain.waitMs);
  }
  return told;
}

test("a write that fails again and again is told after three minutes, not in an outage of two, and then once a minute", () => {
  const told = toldOf(none(), 400_000);
  expect(told[0]).toBeGreaterThanOrEqual(180_000);
  expect(told[0]).toBeLessThan(190_000);
  expect(told).toHaveLength(4);
});

test("other news makes it no older", () => {
  expect(toldOf(none(), 20_000, 100)).toEqual([]);
});

test.each(["stale", "refused"] as const)("an answer that is %s ends what nobody knew of", (what) => {
  const counts = none();
  toldOf(counts, 170_000);
  inVain(counts, "a", what, 175_000);
  expect(inVain(counts, "a", "unknown", 185_000).isFailing).toBe(false);
});
