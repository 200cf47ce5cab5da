/**
 * The invariants of a partial upgrade at every state and an end in every story, over random Ceilometers, interleavings, stale
 * reads, crashes and edits. A failure prints its seed and its shrunk story; `PROPERTY_SEED=… PROPERTY_RUNS=…` replays it or
 * looks longer.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Weather } from "./cast.ts";
import { PartialSafety } from "./partial-safety.ts";
import { partialStories } from "./partial-topologies.ts";
import { play } from "./story.ts";

const SCRIPT = 500;
const seed = Number(process.env["PROPERTY_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["PROPERTY_RUNS"] ?? 1);

const seasons: readonly { readonly name: string; readonly runs: number; readonly weather: Weather }[] = [
  {
    name: "any order of steps, with late watches",
    runs: 40,
    weather: { chaos: false, deletion: false, retarget: false },
  },
  {
    name: "crashes, late writes, edits, evictions and lost hosts",
    runs: 35,
    weather: { chaos: true, deletion: false, retarget: false },
  },
  {
    name: "somebody edits the workloads all the time",
    runs: 30,
    weather: { chaos: true, deletion: false, retarget: false, storm: true },
  },
  {
    name: "another target, or another part of it, in the middle",
    runs: 30,
    weather: { chaos: true, deletion: false, retarget: true },
  },
  {
    name: "the resource deleted in the middle",
    runs: 30,
    weather: { chaos: true, deletion: true, retarget: true },
  },
];

test.each(seasons)(
  "a partial upgrade is safe at every state and comes to rest: $name",
  { timeout: 120_000 },
  (season) => {
    const { weather, runs } = season;
    const phases = new Map<string, number>();
    fc.assert(
      fc.property(partialStories(SCRIPT), (story) => {
        const ending = play(story, decide, weather, (cluster) => new PartialSafety(cluster));
        phases.set(ending.phase, (phases.get(ending.phase) ?? 0) + 1);
        expect(ending.breaches).toEqual([]);
      }),
      { seed, numRuns: runs * factor },
    );
    const ends = [...phases].map(([phase, count]) => `${count} ${phase}`).join(", ");
    console.log(`seed ${seed}: ${runs * factor} stories of at most ${SCRIPT} steps and a fair end: ${ends}`);
    // A property over upgrades that never get under way would prove nothing.
    expect(phases.get("Completed") ?? 0).toBeGreaterThan((runs * factor) / 4);
  },
);
