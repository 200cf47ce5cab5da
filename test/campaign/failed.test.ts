import { expect, test } from "vitest";
import { allPlans } from "./campaigns.ts";
import { type Failed, failedBefore, withPlayed } from "./failed.ts";
import { idOf, type Plan } from "./plan.ts";
import type { Result } from "./results.ts";

const [first, other] = allPlans();
if (first === undefined || other === undefined) throw new Error("there are too few plans");

function result(plan: Plan, second: number, message?: string): Result {
  const findings = message === undefined ? [] : [{ oracle: "end", message }];
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  return { id: idOf(plan), plan, at, revision: `at ${second}`, seconds: 1, tried: 1, committed: 1, findings };
}

test("a plan that fails is kept, and what it passes since is counted once however often it is asked", () => {
  const played = [result(first, 1), result(first, 2, "it never ended\nat all"), result(first, 3), result(other, 4)];
  const kept = withPlayed([], played);
  expect(kept).toEqual([
    {
      id: idOf(first),
      found: "end: it never ended",
      failed: 1,
      revision: "at 2",
      passed: 1,
      until: "2026-01-01T00:00:03.000Z",
    },
  ] satisfies readonly Failed[]);
  expect(withPlayed(kept, played)).toEqual(kept);
});

test("what another machine has counted goes on being counted", () => {
  const kept = withPlayed([], [result(first, 1, "slow"), result(first, 2)]);
  expect(withPlayed(kept, [])).toEqual(kept);
  expect(withPlayed(kept, [result(first, 5)])).toMatchObject([{ failed: 1, revision: "at 1", passed: 2 }]);
  expect(withPlayed(kept, [result(first, 5, "wrong"), result(first, 6)])).toMatchObject([
    { found: "end: wrong", failed: 2, revision: "at 5", passed: 1 },
  ]);
});

test("each plan that is kept is one of the lists of now, or of an earlier one, and is kept once", async () => {
  const ids = (await failedBefore()).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const now = new Set(allPlans().map(idOf));
  expect(ids.filter((id) => now.has(id)).length).toBeGreaterThan(0);
});
