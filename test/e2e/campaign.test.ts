/**
 * A sample of the campaigns (`npm run campaign` plays them all): of each of them, as many kinds of fault as there is time for, each
 * at a write that is drawn. The seed is printed (E2E_SEED sets it); E2E_FULL=1 takes a larger sample.
 */
import { expect, test } from "vitest";
import { allPlans, isAlone, stratified } from "../campaign/campaigns.ts";
import { references } from "../campaign/ground.ts";
import { durationOf, idOf, type Plan, type PlannedFault } from "../campaign/plan.ts";
import { play } from "../campaign/play.ts";
import { generator } from "../campaign/random.ts";
import { eachOf, FULL, SEED } from "./sampling.ts";
import { sharedCluster } from "./shared-cluster.ts";

const SAMPLE = FULL ? 120 : 40;
const AT_ONCE = 3;

/** What lasts for minutes is left to the whole campaigns. */
const isShort = (plan: Plan): boolean => durationOf(plan) < 30_000 && !plan.steps.some(({ fault }) => isSlow(fault));
/** What is late by so much is late again and again. */
const isSlow = (fault: PlannedFault): boolean => fault.kind === "watchesLate" && fault.milliseconds >= 10_000;

test("whatever goes wrong, an upgrade ends as if nothing had", { timeout: FULL ? 3_600_000 : 1_200_000 }, async () => {
  const cluster = await sharedCluster();
  const reference = references(cluster);
  const plans = stratified(
    allPlans().filter((plan) => plan.input === undefined && !isAlone(plan) && (FULL || isShort(plan))),
    SAMPLE,
    generator(SEED),
  );
  console.info(`campaign: a sample with E2E_SEED=${SEED}: ${plans.map(idOf).join(", ")}`);
  const failures: string[] = [];
  await eachOf(plans, AT_ONCE, async (plan) => {
    const { findings } = await play(plan, await reference(plan.scene), cluster);
    for (const { oracle, message } of findings) failures.push(`${JSON.stringify(plan)}: ${oracle}: ${message}`);
  });
  expect(failures).toEqual([]);
});
