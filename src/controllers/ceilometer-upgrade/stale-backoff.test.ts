import { expect, test } from "vitest";
import { inVain, isFailing, isStuck, type Vain } from "./stale-backoff.ts";

const none = (): Map<string, Vain> => new Map<string, Vain>();

/** Milliseconds from the first of these stale writes until it is told, if each is decided anew when its wait is over. */
function toldAfter(kind: "create" | "patch", counts = none()): number {
  let waited = 0;
  for (let looks = 0; looks < 100; looks += 1) {
    const vain = inVain(counts, "a", "stale");
    if (isStuck({ kind }, vain)) return waited;
    waited += vain.waitMs;
  }
  throw new Error("never told");
}

test("a name that is taken is told after some seconds", () => {
  expect(toldAfter("create")).toBe(5100);
});

test("what a watch has not told is waited for almost two minutes, longer than a watch is away after an outage", () => {
  expect(toldAfter("patch")).toBe(110_100);
});

test("waits grow, up to five seconds, and begin anew for what has been done", () => {
  const counts = none();
  const waits = Array.from({ length: 11 }, () => inVain(counts, "a", "stale").waitMs);
  expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
  counts.delete("a");
  expect(inVain(counts, "a", "stale").waitMs).toBe(20);
  expect(inVain(counts, "b", "stale").waitMs).toBe(20);
});

test("an outage, however long, is no stale write: its waits are the longest, and what is stale after it is counted from there", () => {
  const counts = none();
  for (let looks = 0; looks < 40; looks += 1) inVain(counts, "a", "unknown");
  expect(inVain(counts, "a", "unknown").waitMs).toBe(5000);
  expect(toldAfter("patch", counts)).toBe(29 * 5000);
});

test("a write that fails again and again is told after three minutes, and not in an outage of two", () => {
  const counts = none();
  let waited = 0;
  for (let vain = inVain(counts, "a", "unknown"); !isFailing(vain); vain = inVain(counts, "a", "unknown"))
    waited += vain.waitMs;
  expect(waited).toBeGreaterThan(180_000);
  expect(waited).toBeLessThan(240_000);
});

test("and then once a minute", () => {
  const counts = none();
  let told = 0;
  for (let looks = 0; looks < 45 + 36; looks += 1) if (isFailing(inVain(counts, "a", "unknown"))) told += 1;
  expect(told).toBe(4);
});

test.each(["stale", "refused"] as const)("an answer that is %s ends what nobody knew of", (what) => {
  const counts = none();
  for (let looks = 0; looks < 44; looks += 1) inVain(counts, "a", "unknown");
  inVain(counts, "a", what);
  expect(isFailing(inVain(counts, "a", "unknown"))).toBe(false);
});
