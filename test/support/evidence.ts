/** What a test saw when it found something wrong, in a file: what comes once in a hundred runs cannot be understood from one line. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const DIRECTORY = join(".cache", "evidence");

/** Answers the path of the file, under a name of its own for each time. */
export async function keepEvidence(name: string, evidence: unknown): Promise<string> {
  await mkdir(DIRECTORY, { recursive: true });
  const path = join(DIRECTORY, `${name.replaceAll("/", "_")}-${Date.now()}.json`);
  await writeFile(path, JSON.stringify(evidence));
  return path;
}
