/** Random stories in each kind of weather: no breach at any state, an end in every story, and enough of them that got anywhere. */
import fc from "fast-check";
import { expect } from "vitest";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Weather } from "./cast.ts";
import { play, type Story } from "./story.ts";

/** How many steps a story has at the most, before its fair end. */
const SCRIPT = 500;
const seed = Number(process.env["PROPERTY_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["PROPERTY_RUNS"] ?? 1);

export interface Season {
  readonly name: string;
  readonly runs: number;
  readonly weather: Weather;
}

/** A failure prints its seed and its shrunk story; `PROPERTY_SEED=… PROPERTY_RUNS=…` replays it or looks longer. */
export function expectSafe(
  { runs, weather }: Season,
  stories: (script: number) => fc.Arbitrary<Story>,
  judge?: Parameters<typeof play>[3],
): void {
  const phases = new Map<string, number>();
  fc.assert(
    fc.property(stories(SCRIPT), (story) => {
      const ending = play(story, decide, weather, judge);
      phases.set(ending.phase, (phases.get(ending.phase) ?? 0) + 1);
      expect(ending.breaches).toEqual([]);
    }),
    { seed, numRuns: runs * factor },
  );
  const ends = [...phases].map(([phase, count]) => `${count} ${phase}`).join(", ");
  console.log(`seed ${seed}: ${runs * factor} stories of at most ${SCRIPT} steps and a fair end: ${ends}`);
  // A property over upgrades that never get under way would prove nothing.
  expect(phases.get("Completed") ?? 0).toBeGreaterThan((runs * factor) / 4);
}
