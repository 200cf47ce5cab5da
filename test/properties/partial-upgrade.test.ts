/**
 * The invariants of a partial upgrade at every state and an end in every story, over random Ceilometers, interleavings, stale
 * reads, crashes and edits.
 */
import { test } from "vitest";
import { PartialSafety } from "./partial-safety.ts";
import { partialStories } from "./partial-topologies.ts";
import { expectSafe, type Season } from "./seasons.ts";

const seasons: readonly Season[] = [
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
  (season) => expectSafe(season, partialStories, (cluster) => new PartialSafety(cluster)),
);
