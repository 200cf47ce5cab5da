/**
 * Brings the pollster catalogue, `src/model/catalogue/pollsters.json`, in line with published packages of Ceilometer:
 *
 *     npm run catalogue -- 24.0.0 25.0.0            writes what these packages have
 *     npm run catalogue -- --check 24.0.0 25.0.0    says where they differ from the catalogue, and then exits 1
 *
 * For a new release: add it to `src/api/v1alpha1/releases.ts`, run this with its first version, look at the difference that
 * git shows, and let `src/model/pollsters.test.ts` say what was added and removed. Releases that are not named stay as they
 * are. Needs Python 3 with pip, and its package index; wheels are kept in `.cache/catalogue`. There are none before 9.0.7 and
 * none of 10.x: what the catalogue says of those releases was read from the tags of the source.
 */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { catalogueSchema } from "../src/model/catalogue/schema.ts";
import { catalogueText, differences, merged } from "./catalogue/merge.ts";
import { readPackage } from "./catalogue/package.ts";

const root = resolve(import.meta.dirname, "..");
const file = resolve(root, "src/model/catalogue/pollsters.json");
const { values, positionals: versions } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } },
});

async function main(): Promise<number> {
  if (versions.length === 0) throw new Error("name the versions to read: npm run catalogue -- 24.0.0 25.0.0");
  const before = await readFile(file, "utf8");
  const catalogue = catalogueSchema.parse(JSON.parse(before));
  const cache = resolve(root, ".cache/catalogue");
  const snapshots = await Promise.all(versions.map((version) => readPackage(version, cache)));
  const found = differences(catalogue, snapshots);
  for (const difference of found) console.info(difference);
  if (values.check) {
    console.info(found.length === 0 ? "the catalogue agrees" : "run it without --check");
    return found.length === 0 ? 0 : 1;
  }
  const after = catalogueText(merged(catalogue, snapshots));
  if (after !== before) await writeFile(file, after);
  console.info(after === before ? "nothing to change" : `wrote ${file}`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});
