import { expect, test } from "vitest";
import { largestLook } from "../../../test/support/largest-look.ts";
import { decideOrPlan, deciding } from "../../plan/decide-or-plan.ts";
import { inTurns } from "./in-turns.ts";

test("a plan that takes its time is made over many turns, and is the same", async () => {
  const look = largestLook(7);
  const { metadata, spec } = look.upgrade;
  const seen = { ...look, upgrade: { metadata, spec: { ...spec, mode: "Plan" as const } } };
  let now = 0;
  let turns = 0;
  // As if each look took 15 ms.
  const clock = { monotonic: () => (now += 15) };
  const turn = () => {
    turns += 1;
    return Promise.resolve();
  };
  const decision = await inTurns(deciding(seen), clock, turn);
  expect(decision.plan?.steps.length).toBeGreaterThan(16);
  expect(turns).toBeGreaterThan(16);
  expect(decision).toEqual(decideOrPlan(seen));
}, 60_000);

test("what is decided in no time waits for nothing", async () => {
  const late = () => Promise.reject(new Error("it waits"));
  const { plan } = await inTurns(deciding(largestLook(8)), { monotonic: () => 0 }, late);
  expect(plan).toBeUndefined();
});
