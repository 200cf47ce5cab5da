/**
 * What the image is made of besides the bundle: Debian packages and Node's own binary, each by version and digest. The file is
 * in the repository, so that a commit has one image, whoever builds it and when.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** As Debian and OCI call them. */
export const ARCHITECTURES = ["amd64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const debianPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Of the package file. */
  sha256,
});
export type DebianPackage = z.infer<typeof debianPackage>;

const nodePackage = z.strictObject({
  /** On npm, where Node's release binaries are packages. */
  name: z.string(),
  version: z.string(),
  /** Subresource integrity of the tarball, as in a package-lock. */
  integrity: z.string().startsWith("sha512-"),
});
export type NodePackage = z.infer<typeof nodePackage>;

const parts = z.strictObject({ debian: z.array(debianPackage), node: nodePackage });
export type Parts = z.infer<typeof parts>;

const lockSchema = z.strictObject({
  suite: z.string(),
  /** When the versions were the newest ones: where Debian's snapshots still have them when the archive has not. */
  snapshot: z.string().regex(/^\d{8}T\d{6}Z$/),
  parts: z.record(z.enum(ARCHITECTURES), parts),
});
export type Lock = z.infer<typeof lockSchema>;

const file = join(import.meta.dirname, "lock.json");

export async function readLock(): Promise<Lock> {
  return lockSchema.parse(JSON.parse(await readFile(file, "utf8")));
}

export async function writeLock(lock: Lock): Promise<void> {
  await writeFile(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
