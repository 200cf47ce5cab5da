import { expect, test } from "vitest";
import { ACTS } from "./act-names.ts";
import { actsOf } from "./among-others.ts";
import { allPlans, stratified } from "./campaigns.ts";
import { CAMPAIGNS, idOf, planSchema, stratumOf } from "./plan.ts";
import { generator } from "./random.ts";

const plans = allPlans();

test("no two plans have one name, and each is the same when it comes back from JSON", () => {
  expect(new Set(plans.map(idOf)).size).toBe(plans.length);
  expect(plans.map((plan) => planSchema.parse(JSON.parse(JSON.stringify(plan))))).toEqual(plans);
});

test("a plan that names a moment or a fault that is not known is refused", () => {
  const step = { write: { of: "effect", n: 1 }, phase: "before", fault: { kind: "crash" } };
  const plan = (changed: object): unknown => ({ campaign: "C1", scene: "modern", steps: [{ ...step, ...changed }] });
  expect(planSchema.safeParse(plan({})).success).toBe(true);
  expect(planSchema.safeParse(plan({ write: { of: "effect", n: 0 } })).success).toBe(false);
  expect(planSchema.safeParse(plan({ fault: { kind: "flood" } })).success).toBe(false);
  expect(planSchema.safeParse(plan({ phase: "during" })).success).toBe(false);
});

test("each act of others is in some plan, and what is hidden is hidden in no other campaign", () => {
  const acts = plans.flatMap((plan) => actsOf(plan).map((act) => ({ ...act, campaign: plan.campaign })));
  expect(new Set(acts.map(({ act }) => act))).toEqual(new Set(ACTS));
  expect(acts.filter(({ campaign, unseen }) => (campaign === "C4") !== (unseen !== undefined))).toEqual([]);
});

test("a sample is the same for one seed, has as much of each campaign, and each kind of fault before any comes twice", () => {
  const some = stratified(plans, 3 * CAMPAIGNS.length, generator(7));
  for (const campaign of CAMPAIGNS) {
    const strata = new Set(plans.filter((plan) => plan.campaign === campaign).map(stratumOf));
    const drawn = some.filter((plan) => plan.campaign === campaign);
    expect(drawn).toHaveLength(3);
    expect(new Set(drawn.map(stratumOf)).size).toBe(Math.min(3, strata.size));
  }
  expect(stratified(plans, some.length, generator(7))).toEqual(some);
  expect(stratified(plans, some.length, generator(8))).not.toEqual(some);
});

test("a sample as large as all has every plan", () => {
  expect(new Set(stratified(plans, plans.length, generator(7)))).toEqual(new Set(plans));
});
