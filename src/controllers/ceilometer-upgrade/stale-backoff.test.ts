import { expect, test } from "vitest";
import { backoffAfter, isStuck, notStale } from "./stale-backoff.ts";

/** Milliseconds from the first of these stale writes until it is told, if each is decided anew when its wait is over. */
function toldAfter(kind: "create" | "patch"): number {
  const counts = new Map<string, number>();
  const again = backoffAfter(counts, "a");
  let waited = 0;
  for (let looks = 0; looks < 100; looks += 1) {
    const wait = again();
    if (isStuck({ kind }, counts.get("a") ?? 0)) return waited;
    waited += wait;
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
  const counts = new Map<string, number>();
  const again = backoffAfter(counts, "a");
  expect(Array.from({ length: 11 }, again)).toEqual([20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
  counts.delete("a");
  expect(again()).toBe(20);
  expect(backoffAfter(counts, "b")()).toBe(20);
});

test("an outage, however long, is no stale write, and its waits stay the longest", () => {
  const counts = new Map<string, number>();
  const again = backoffAfter(counts, "a");
  const waits = Array.from({ length: 40 }, () => {
    const wait = again();
    notStale(counts, "a");
    return wait;
  });
  expect(waits.at(-1)).toBe(5000);
  again();
  expect(isStuck({ kind: "patch" }, counts.get("a") ?? 0)).toBe(false);
});
