/** Files as a layer of an image: the same files always make the same bytes, whoever packs them, when, and in which order. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { packTar } from "modern-tar";

export type Entry =
  | { readonly type: "file"; readonly mode: number; readonly content: Buffer }
  | { readonly type: "directory"; readonly mode: number }
  | { readonly type: "symlink"; readonly target: string };

/** Paths without a slash at either end. Everything belongs to root, so that the process cannot change what it runs. */
export type Files = ReadonlyMap<string, Entry>;

export interface Layer {
  /** What it holds, for the image's history. */
  readonly tells: string;
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
  /** Digest of `blob`. */
  readonly digest: string;
  /** A gzipped tar archive. */
  readonly blob: Buffer;
}

export const digestOf = (content: Buffer | string): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

export const textFile = (text: string): Entry => ({ type: "file", mode: 0o644, content: Buffer.from(text) });

/** Compressing Node takes seconds, and it is the same each time: `cache` keeps what was compressed. */
export async function layerOf(tells: string, files: Files, cache: string): Promise<Layer> {
  const archive = await archiveOf(files);
  const diffId = digestOf(archive);
  // gzip, because every registry, mirror, scanner and runtime reads it (docs/adr/0028).
  const path = join(cache, `${diffId.replace(":", "-")}.tar.gz`);
  const kept = await readFile(path).catch(() => undefined);
  const blob = kept ?? (await promisify(gzip)(archive, { level: 9 }));
  if (kept === undefined) {
    await mkdir(cache, { recursive: true });
    await writeFile(`${path}.${process.pid}`, blob);
    await rename(`${path}.${process.pid}`, path);
  }
  return { tells, diffId, digest: digestOf(blob), blob };
}

export async function archiveOf(files: Files): Promise<Buffer> {
  const all = [...withParents(files)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const entries = all.map(([name, entry]) => {
    // The time of a file says nothing that its content does not, and would make each build another.
    const common = { mtime: new Date(0), uid: 0, gid: 0, size: 0 };
    const { type } = entry;
    if (type === "directory") return { header: { ...common, name: `${name}/`, type, mode: entry.mode } };
    if (type === "symlink") return { header: { ...common, name, type, mode: 0o777, linkname: entry.target } };
    return { header: { ...common, name, type, mode: entry.mode, size: entry.content.length }, body: entry.content };
  });
  return Buffer.from(await packTar(entries));
}

function withParents(files: Files): ReadonlyMap<string, Entry> {
  const all = new Map<string, Entry>(files);
  for (const path of files.keys()) {
    for (let parent = dirname(path); parent !== "."; parent = dirname(parent))
      if (!all.has(parent)) all.set(parent, { type: "directory", mode: 0o755 });
  }
  return all;
}
