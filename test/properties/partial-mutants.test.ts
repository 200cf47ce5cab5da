/** Each mistake that an operator of partial upgrades could make is noticed, and by the invariant that it breaks. */
import fc from "fast-check";
import { afterAll, test } from "vitest";
import { Killed } from "./killed.ts";
import { partialMutants } from "./partial-mutants.ts";
import { PartialSafety } from "./partial-safety.ts";
import { partialStories, partitionedStories } from "./partial-topologies.ts";
import type { Story } from "./story.ts";

const SCRIPT = 300;
const RUNS = 300;
/** The same stories for every mutant, so that a change of the table is a change of the code. */
const SEED = 20_260_101;
const STORIES: readonly Story[] = fc.sample(partialStories(SCRIPT), { seed: SEED, numRuns: RUNS });
const GROUPS: readonly Story[] = fc.sample(partitionedStories(SCRIPT), { seed: SEED, numRuns: RUNS });

const killed = new Killed();

test.each(partialMutants)(
  "an operator that $mistake is noticed",
  { timeout: 60_000 },
  ({ mistake, breaks, decide, onlyOutcome = false, isOfGroups = false }) =>
    killed.expectNoticed({
      mistake,
      breaks,
      decide,
      stories: isOfGroups ? GROUPS : STORIES,
      weather: { chaos: !isOfGroups, deletion: true, retarget: true, onlyOutcome, storm: onlyOutcome },
      judge: (cluster) => new PartialSafety(cluster),
    }),
);

test("every invariant is broken by some mutant", () => {
  killed.expectEach(["I1", "I5", "I6", "I7", "I8", "I9", "I10", "I11"]);
});

afterAll(() => console.log(killed.text));
