/** Each mistake that an operator could make is noticed, and by the invariant that it breaks. */
import fc from "fast-check";
import { afterAll, test } from "vitest";
import { Killed } from "./killed.ts";
import { mutants } from "./mutants.ts";
import { type Story, stories } from "./story.ts";

const SCRIPT = 300;
const RUNS = 300;
/** The same stories for every mutant, so that a change of the table is a change of the code. */
const SEED = 20_260_101;
const STORIES: readonly Story[] = fc.sample(stories(SCRIPT), { seed: SEED, numRuns: RUNS });

const killed = new Killed();

test.each(mutants)(
  "an operator that $mistake is noticed",
  { timeout: 60_000 },
  ({ mistake, breaks, decide, onlyOutcome = false }) =>
    killed.expectNoticed({
      mistake,
      breaks,
      decide,
      stories: STORIES,
      weather: { chaos: true, deletion: true, retarget: true, onlyOutcome, storm: onlyOutcome },
    }),
);

test("every invariant is broken by some mutant", () => {
  killed.expectEach(["I1", "I2", "I3", "I4", "I8", "I9", "I10", "I11", "write"]);
});

afterAll(() => console.log(killed.text));
