import { expect, test } from "vitest";
import { downtimeOf, type Moved } from "./downtime.ts";

const move = (object: string, before: number, after: number, more: Partial<Moved> = {}): Moved => ({
  object,
  before,
  after,
  replaced: "none",
  waited: [],
  ...more,
});
const ONE = "one stop and one start of its pods";

test("nothing is said of a write that takes nothing down", () => {
  const moves = [move("a", 0, 2), move("a", 2, 1), move("a", 2, 2, { replaced: "besideOld" }), move("a", 0, 0)];
  expect(moves.map((_, index) => downtimeOf(moves, index))).toEqual([undefined, undefined, undefined, undefined]);
});

test("from the write that takes it down to the one that starts it", () => {
  expect(downtimeOf([move("a", 2, 0), move("b", 2, 0), move("b", 0, 2), move("a", 0, 2)], 0)).toBe(
    `until step 4: ${ONE}`,
  );
});

test("a Deployment that replaces itself is down for that one write", () => {
  expect(downtimeOf([move("a", 2, 2, { replaced: "withoutOverlap" })], 0)).toBe(ONE);
});

test("what nothing starts again is down for good", () => {
  expect(downtimeOf([move("a", 2, 0), move("b", 0, 1)], 0)).toBe("for good: nothing starts it again");
});

test("known waits are said, those between and those before all of its pods run", () => {
  const moves = [
    move("a", 3, 0),
    move("a", 0, 1, { waited: [{ reason: "Draining", length: 30_000, atMost: false }] }),
    move("a", 1, 3, { waited: [{ reason: "Verifying", length: 900_000, atMost: true }] }),
  ];
  expect(downtimeOf(moves, 0)).toBe(
    `until step 2: ${ONE}, 30 s of waiting; all of its pods run again with step 3, 15 min at most to verify`,
  );
});
