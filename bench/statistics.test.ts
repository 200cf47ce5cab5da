import { expect, it } from "vitest";
import { quantile, slope, spread } from "./statistics.ts";

it("tells the middle and both ends", () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 });
  expect(quantile([1, 2], 0.5)).toBe(1.5);
});

it("has nothing to tell of no figures", () => {
  expect(() => spread([])).toThrow("no figures");
});

it("finds the rise of a line, whatever lies beside it in equal parts", () => {
  expect(slope([0, 1, 2, 3].map((at) => [at, 2 * at + 5] as const))).toBeCloseTo(2);
  expect(slope([0, 1, 2, 3].map((at) => [at, 7 + (at === 0 || at === 3 ? 1 : -1)] as const))).toBeCloseTo(0);
  expect(slope([[1, 5]])).toBe(0);
});
