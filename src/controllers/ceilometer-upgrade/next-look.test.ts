import { expect, test } from "vitest";
import { nextLook } from "./next-look.ts";

const AWAIT = { kind: "awaitChange" };
const after = (afterMs: number) => ({ kind: "recheck", afterMs });

test.each([
  ["nothing is due", undefined, 1000, undefined, AWAIT],
  ["a time to come", 1500, 1000, undefined, after(500)],
  ["a time to come, as seen after the report was stored", 1500, 1200, undefined, after(300)],
  ["a time far ahead, which a clock that is set may bring nearer", 86_400_000, 1000, undefined, after(600_000)],
  ["a time that has come while it was decided and reported", 1500, 1700, undefined, after(0)],
  ["a time that was over when it was decided", 1000, 1200, undefined, AWAIT],
  ["a report that was held back", undefined, 1000, 40.2, after(41)],
  ["a report that is due before the time", 1500, 1000, 40, after(40)],
  ["a time that comes before the report is due", 1010, 1000, 40, after(10)],
])("the next look: %s", (_, recheckAt, now, heldBackMs, next) => {
  expect(nextLook({ recheckAt, decidedAt: 1000, now, heldBackMs })).toEqual(next);
});
