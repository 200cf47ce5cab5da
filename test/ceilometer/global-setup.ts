/** Ceilometer is installed before any test begins, so that no test's time limit has to allow for it. */
import { sweepSites } from "./agents.ts";
import { ensureCeilometer } from "./environment.ts";

export async function setup(): Promise<void> {
  await sweepSites();
  await ensureCeilometer();
}
