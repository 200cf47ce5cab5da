/**
 * The pollster catalogue is held against packages of Ceilometer as they are published. Needs Python 3 with pip and its
 * package index, and fails without them: a catalogue that nobody compared is a guess.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { differences } from "../../scripts/catalogue/merge.ts";
import { readPackage } from "../../scripts/catalogue/package.ts";
import { catalogueSchema } from "../../src/model/catalogue/schema.ts";

const root = resolve(import.meta.dirname, "../..");
/** In milliseconds, for two downloads over a slow network. */
const TIMEOUT = 500_000;

test.each([
  ["24.0.0", "2025.1"],
  ["27.0.0", "2026.2"],
])("the package %s has the pollsters of %s", { timeout: TIMEOUT }, async (version, release) => {
  const text = await readFile(resolve(root, "src/model/catalogue/pollsters.json"), "utf8");
  const snapshot = await readPackage(version, resolve(root, ".cache/catalogue"));
  expect(snapshot.release).toBe(release);
  expect([...snapshot.namespaces.keys()].toSorted()).toEqual(["central", "compute", "ipmi"]);
  expect(differences(catalogueSchema.parse(JSON.parse(text)), [snapshot])).toEqual([]);
});
