/** What is installed is what was read: exact versions, each with its digest, and no script of a package that nobody named. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "..", "..");
const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions, allowScripts: z.record(z.string(), z.boolean()) })
  .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
const locked = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string(),
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        dev: z.boolean().optional(),
        optional: z.boolean().optional(),
        devOptional: z.boolean().optional(),
      }),
    ),
  })
  .parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
const packages = Object.entries(locked.packages).filter(([path]) => path !== "");

test("every dependency is one version", () => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

/**
 * What our own dependencies bring with them, most of it client-node's; fewer than half of them are in the bundle of the image. Why
 * each of ours is there: docs/adr/0012-dependencies.md. One more is a decision, not an accident.
 */
const RUNTIME_PACKAGES = 94;

test("what runs in production brings no more packages than were decided on", () => {
  const runtime = packages.filter(([, { dev, optional, devOptional }]) => ![dev, optional, devOptional].includes(true));
  expect(runtime.length, runtime.map(([path]) => path).join(" ")).toBeLessThanOrEqual(RUNTIME_PACKAGES);
});

test("every package of the lock has its digest", () => {
  expect(packages.length).toBeGreaterThan(0);
  expect(packages.filter(([, { integrity }]) => integrity?.startsWith("sha512-") !== true)).toEqual([]);
});

test("a package with a script for its installation is one that was decided on", () => {
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
  expect(names.toSorted()).toEqual(Object.keys(manifest.allowScripts).toSorted());
});
