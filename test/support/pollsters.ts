/**
 * Which pollsters each release has. The data is the operator's own catalogue, which was taken from the entry points in
 * Ceilometer's setup.cfg; what is made of it here is not the operator's.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { releaseOf } from "./audited-release.ts";

/** From a release on, and in none from another on. What a builder makes counts as the namespace's own. */
const pollster = z.object({ name: z.string(), since: z.string(), removed: z.string().optional() });
const catalogueSchema = z.object({ namespaces: z.record(z.string(), z.array(pollster)) });
const file = new URL("../../src/model/catalogue/pollsters.json", import.meta.url);
const { namespaces } = catalogueSchema.parse(JSON.parse(readFileSync(file, "utf8")));
const known = new Map<string, readonly string[]>();

export function pollstersOf(namespace: string, major: number): readonly string[] {
  const key = `${namespace} ${major}`;
  const found =
    known.get(key) ??
    (namespaces[namespace] ?? [])
      .filter(({ since, removed }) => majorOf(since) <= major && (removed === undefined || major < majorOf(removed)))
      .map(({ name }) => name);
  known.set(key, found);
  return found;
}

function majorOf(name: string): number {
  const release = releaseOf(name, name);
  if (release === undefined) throw new Error(`no release is called ${name}`);
  return release.major;
}
