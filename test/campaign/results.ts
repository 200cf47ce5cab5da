/** What has been run: one line of JSON for each plan, appended when it has ended. */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { planSchema } from "./plan.ts";

const resultSchema = z.object({
  id: z.string(),
  plan: planSchema,
  at: z.iso.datetime(),
  /** Of the sources that were run. */
  revision: z.string(),
  seconds: z.number(),
  tried: z.int(),
  committed: z.int(),
  /** Of inputs, what became of each. */
  outcomes: z.array(z.string()).readonly().optional(),
  theirs: z.array(z.string()).readonly().optional(),
  findings: z.array(z.object({ oracle: z.string(), message: z.string() })).readonly(),
});
export type Result = z.infer<typeof resultSchema>;

export const RESULTS = ".cache/campaign/results.jsonl";

export async function append(result: Result): Promise<void> {
  await mkdir(dirname(RESULTS), { recursive: true });
  await appendFile(RESULTS, `${JSON.stringify(result)}\n`);
}

/** The last result of each plan, by its name. */
export async function results(): Promise<ReadonlyMap<string, Result>> {
  return new Map((await everyResult()).map((result) => [result.id, result]));
}

/** Every time that a plan was played, in their order. A line that was cut off by the end of a run is none. */
export async function everyResult(): Promise<readonly Result[]> {
  const text = await readFile(RESULTS, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line) => {
    const result = parsed(line);
    return result === undefined ? [] : [result];
  });
}

function parsed(line: string): Result | undefined {
  try {
    return resultSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
