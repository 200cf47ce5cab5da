/**
 * A sample of campaign C8 (`npm run campaign -- --only C8` plays it whole): what may be written into a resource that has not begun,
 * and taken back. The seed is printed (E2E_SEED sets it); E2E_FULL=1 takes a larger sample.
 */
import { expect, test } from "vitest";
import { startInputPlayer } from "../campaign/input-play.ts";
import { inputPlans } from "../campaign/inputs.ts";
import { idOf } from "../campaign/plan.ts";
import { FULL, SEED, sample } from "./sampling.ts";
import { sharedCluster } from "./shared-cluster.ts";

const SAMPLE = FULL ? 120 : 12;

test("whatever is written into a resource and taken back, everything is as it was", {
  timeout: FULL ? 3_600_000 : 300_000,
}, async () => {
  await using player = startInputPlayer(await sharedCluster());
  const plans = inputPlans().filter(({ scene, input }) => scene === "classic" && input?.state === "before");
  const drawn = sample(SAMPLE, plans.length, SEED).flatMap((n) => plans[n - 1] ?? []);
  console.info(`inputs: a sample with E2E_SEED=${SEED}: ${drawn.map(idOf).join(", ")}`);
  const failures: string[] = [];
  for (const plan of drawn) {
    if (plan.input === undefined) continue;
    const { findings } = await player.play(plan, plan.input);
    for (const { oracle, message } of findings) failures.push(`${JSON.stringify(plan)}: ${oracle}: ${message}`);
  }
  expect(failures).toEqual([]);
});
