/**
 * How long the slowest poll of an attempt's polling agents takes, in seconds: a verification that waits for less fails agents that are
 * merely waiting (clause F4). It is read off the file that each of them polls by, whoever gave it: the resource, or what it mounts anyway.
 */
import type { Agent } from "../model/agent.ts";
import type { RecordedTarget } from "../model/attempt.ts";
import type { World } from "../model/observation.ts";
import { longestInterval, type PollingFile } from "../model/polling-file.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { renderedOriginal } from "./assess-polling.ts";
import { configurationOf, renderedNow, withMount } from "./configuration-of.ts";
import type { Inputs } from "./inputs.ts";
import { fileOf, nextFile } from "./pollster-change.ts";

/** What packaged files and the usual charts poll at, where no file can be read: to Newton, and slower than later ones. */
const USUAL_INTERVAL_SECONDS = 600;

/** @param otherwise seconds, where what an agent polls by cannot be read. */
function longestOf(files: readonly (PollingFile | undefined)[], otherwise = USUAL_INTERVAL_SECONDS): number {
  const known = files.map((file) => (file === undefined ? otherwise : longestInterval(file)));
  return known.length === 0 ? otherwise : Math.max(...known);
}

/** A file that an abandoned attempt has derived lacks the sources of what is new, which this attempt will poll. */
export const intervalThere = (world: World, agents: readonly Agent[], inputs: Inputs, to: Release): number =>
  longestOf(agents.map((agent) => nextFile({ world, agent, inputs, to }, renderedOriginal(world, agent, to))?.file));

/** On a way back the old agents poll by what was mounted before; `there`: seconds, what held for the new ones. */
export function intervalBack(
  world: World,
  agents: readonly Agent[],
  originals: readonly RecordedTarget[],
  there: number,
): number {
  const files = agents.map((agent) => {
    const original = originals.find(({ uid }) => uid === agent.workload.metadata.uid);
    const release = parseRelease(original?.release ?? "");
    if (original === undefined || release === undefined) return undefined;
    const rendered = (original.before ?? []).reduce(
      (now, { path, volume, before }) => withMount(now, path, volume, before),
      renderedNow(agent),
    );
    return fileOf(configurationOf(world, agent, release, rendered), release);
  });
  return longestOf(files, Math.max(there, USUAL_INTERVAL_SECONDS));
}
