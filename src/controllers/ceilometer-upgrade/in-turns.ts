/** Leases are renewed, and other resources looked at, while the plan of a large one is made: it is a decision for each write to come. */
import { setImmediate } from "node:timers/promises";
import type { InSteps } from "../../plan/in-steps.ts";
import type { Clock } from "../../runtime/clock.ts";

/** As long as nobody notices. Milliseconds. */
const LONGEST_MS = 20;

export async function inTurns<T>(
  steps: InSteps<T>,
  clock: Pick<Clock, "monotonic">,
  turn: () => Promise<unknown> = setImmediate,
): Promise<T> {
  let began = clock.monotonic();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (clock.monotonic() - began < LONGEST_MS) continue;
    await turn();
    began = clock.monotonic();
  }
}
