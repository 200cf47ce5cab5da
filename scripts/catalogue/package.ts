/** The pollsters that a published Ceilometer package has: its wheel is fetched by pip once, and kept. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { RELEASES } from "../../src/api/v1alpha1/releases.ts";
import type { ReleaseName } from "../../src/model/catalogue/schema.ts";
import type { Pollster, Snapshot } from "./merge.ts";

const run = promisify(execFile);
/** In milliseconds. A wheel has half a megabyte. */
const TIMEOUT = 240_000;

export function releaseOfVersion(version: string): ReleaseName {
  const major = /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version) ? Number.parseInt(version, 10) : undefined;
  const known = RELEASES.find(([, number]) => number === major);
  if (known === undefined) {
    throw new Error(`${version} is no version of a known release: add the release to src/api/v1alpha1/releases.ts`);
  }
  return known[0];
}

/** The folder with the unpacked wheel of a version. */
async function unpacked(version: string, cache: string): Promise<string> {
  const folder = join(cache, version);
  // Renamed into place when complete: what is there is whole.
  if (existsSync(folder)) return folder;
  const work = join(cache, `${version}.${process.pid}`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  // No dependencies and no build; the Python that runs pip need not be one that could run the agents.
  const only = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--disable-pip-version-check"];
  const download = ["-m", "pip", "download", "--quiet", ...only, "--dest", work, `ceilometer==${version}`];
  await run("python3", download, { timeout: TIMEOUT });
  const wheel = (await readdir(work)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip fetched no wheel of ceilometer ${version}`);
  await run("python3", ["-m", "zipfile", "-e", join(work, wheel), join(work, "wheel")], { timeout: TIMEOUT });
  await rename(join(work, "wheel"), folder).catch((error: unknown) => {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  });
  await rm(work, { recursive: true, force: true });
  return folder;
}

/** The names in each group of an entry_points.txt. */
export function entryPoints(text: string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  let names: string[] = [];
  for (const line of text.split("\n").map((each) => each.trim())) {
    const group = /^\[(.+)\]$/.exec(line)?.[1];
    if (group !== undefined) {
      names = groups.get(group) ?? [];
      groups.set(group, names);
    } else if (line.includes("=") && !line.startsWith("#") && !line.startsWith(";")) {
      names.push(line.slice(0, line.indexOf("=")).trim());
    }
  }
  return groups;
}

const SNMP = "hardware.snmp";
const snmpSchema = z.object({ metric: z.array(z.object({ name: z.string() })) });

/** What a builder makes; there has only ever been the one for SNMP, which reads a file of the package. */
async function builtBy(builder: string, folder: string): Promise<readonly Pollster[]> {
  if (builder !== SNMP) throw new Error(`the builder ${builder} is new: teach ${import.meta.filename} what it makes`);
  const text = await readFile(join(folder, "ceilometer/hardware/pollsters/data/snmp.yaml"), "utf8");
  return snmpSchema.parse(parse(text)).metric.map(({ name }) => ({ name, builder }));
}

export async function readPackage(version: string, cache: string): Promise<Snapshot> {
  const release = releaseOfVersion(version);
  const folder = await unpacked(version, cache);
  const metadata = (await readdir(folder)).find((name) => name.endsWith(".dist-info"));
  if (metadata === undefined) throw new Error(`the wheel of ceilometer ${version} has no metadata`);
  const groups = entryPoints(await readFile(join(folder, metadata, "entry_points.txt"), "utf8"));
  const namespaces = new Map<string, Pollster[]>();
  for (const [group, names] of groups) {
    const [, builds, namespace] = /^ceilometer\.(builder\.)?poll\.([\w-]+)$/.exec(group) ?? [];
    if (namespace === undefined) continue;
    const found = namespaces.get(namespace) ?? [];
    namespaces.set(namespace, found);
    for (const name of names) found.push(...(builds === undefined ? [{ name }] : await builtBy(name, folder)));
  }
  if (namespaces.size === 0) throw new Error(`the wheel of ceilometer ${version} has no pollsters`);
  return { release, namespaces };
}
