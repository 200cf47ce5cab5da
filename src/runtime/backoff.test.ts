import fc from "fast-check";
import { expect, test } from "vitest";
import { delay } from "./backoff.ts";

const limits = { baseMs: 5, capMs: 60_000 };
const never = (): number => 0;

test("doubles from the base up to the cap", () => {
  expect([1, 2, 3, 4, 14, 15, 100, 10_000].map((failures) => delay(failures, never, limits))).toEqual([
    5, 10, 20, 40, 40_960, 60_000, 60_000, 60_000,
  ]);
});

test("no failure means no delay", () => {
  expect(delay(0, never, limits)).toBe(0);
});

test("jitter takes up to half and never exceeds the cap", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, r) => {
        const full = delay(failures, never, limits);
        const actual = delay(failures, () => r, limits);
        expect(actual).toBeGreaterThanOrEqual(full / 2);
        expect(actual).toBeLessThanOrEqual(Math.min(full, limits.capMs));
      },
    ),
  );
});
