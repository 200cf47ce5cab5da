/**
 * Plans that have failed at any time. Results are each machine's own and are lost with it; this is kept with the sources, so that what
 * failed once is played again wherever somebody asks for it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Result } from "./results.ts";

const failedSchema = z.strictObject({
  id: z.string(),
  /** What was found when it failed last. */
  found: z.string(),
  /** How often it has failed. */
  failed: z.int().positive(),
  /** Of the sources when it failed last. */
  revision: z.string(),
  /** How often it has passed since. */
  passed: z.int().nonnegative(),
  /** The last time of playing that is counted in it. */
  until: z.iso.datetime(),
});
export type Failed = z.infer<typeof failedSchema>;

export const FAILED = "test/campaign/failed-before.json";

export const failedBefore = async (): Promise<readonly Failed[]> =>
  z.array(failedSchema).parse(JSON.parse(await readFile(FAILED, "utf8")));

export const keepFailed = (failed: readonly Failed[]): Promise<void> =>
  writeFile(FAILED, `${JSON.stringify(failed, undefined, 2)}\n`);

/** What was known, with what has been played since: results that are counted already are not counted again. */
export function withPlayed(known: readonly Failed[], played: readonly Result[]): readonly Failed[] {
  const before = new Map(known.map((each) => [each.id, each]));
  const times = Map.groupBy(played, ({ id }) => id);
  const ids = [...new Set([...before.keys(), ...times.keys()])];
  return ids.flatMap((id) => counted(before.get(id), times.get(id) ?? []) ?? []);
}

/** @returns undefined where it has never failed. */
function counted(before: Failed | undefined, played: readonly Result[]): Failed | undefined {
  const since = played.filter(({ at }) => before === undefined || Date.parse(at) > Date.parse(before.until));
  const last = since.findLastIndex(({ findings }) => findings.length > 0);
  const until = since.at(-1)?.at ?? before?.until;
  const failure = since[last];
  if (until === undefined) return undefined;
  if (failure === undefined) return before && { ...before, passed: before.passed + since.length, until };
  return {
    id: failure.id,
    found: saidIn(failure),
    failed: (before?.failed ?? 0) + since.filter(({ findings }) => findings.length > 0).length,
    revision: failure.revision,
    passed: since.length - last - 1,
    until,
  };
}

/** The first line of each finding, cut to what a table holds. */
export const saidIn = ({ findings }: Result): string =>
  findings.map(({ oracle, message }) => `${oracle}: ${message.split("\n")[0]?.slice(0, 160)}`).join("; ");
