/** Each mistake that an operator of partial upgrades could make is noticed, and by the invariant that it breaks. */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Invariant } from "./judge.ts";
import { partialMutants } from "./partial-mutants.ts";
import { PartialSafety } from "./partial-safety.ts";
import { partialStories, partitionedStories } from "./partial-topologies.ts";
import { type Ending, play, type Story } from "./story.ts";

const SCRIPT = 300;
const RUNS = 300;
/** The same stories for every mutant, so that a change of the table is a change of the code. */
const SEED = 20_260_101;
const STORIES: readonly Story[] = fc.sample(partialStories(SCRIPT), { seed: SEED, numRuns: RUNS });
const GROUPS: readonly Story[] = fc.sample(partitionedStories(SCRIPT), { seed: SEED, numRuns: RUNS });

const killed: { readonly mistake: string; readonly by: string; readonly after: number }[] = [];

test.each(partialMutants)(
  "an operator that $mistake is noticed",
  { timeout: 60_000 },
  ({ mistake, breaks, decide, onlyOutcome = false, isOfGroups = false }) => {
    let ending: Ending | undefined;
    const after = (isOfGroups ? GROUPS : STORIES).findIndex((story) => {
      const chaos = !isOfGroups;
      const weather = { chaos, deletion: true, retarget: true, onlyOutcome, storm: onlyOutcome };
      ending = play(story, decide, weather, (cluster) => new PartialSafety(cluster));
      return ending.breaches.length > 0;
    });
    const by = ending?.breaches[0];
    expect(after, "no story has noticed it").toBeGreaterThanOrEqual(0);
    expect(breaks).toContain(by?.invariant);
    killed.push({ mistake, by: `${by?.invariant}: ${by?.message}`, after: after + 1 });
  },
);

test("every invariant is broken by some mutant", () => {
  const all: readonly Invariant[] = ["I1", "I5", "I6", "I7", "I8", "I9", "I10", "I11"];
  const killers = new Set(killed.map(({ by }) => by.split(":")[0] ?? ""));
  expect(all.filter((each) => !killers.has(each))).toEqual([]);
});

afterAll(() => {
  const lines = killed.map(({ mistake, by, after }) => `  ${mistake}\n    story ${after}: ${by}`);
  console.log(`mutants and what killed them\n${lines.join("\n")}`);
});
