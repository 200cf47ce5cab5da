import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type TarHeader, unpackTar } from "modern-tar";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveOf, digestOf, type Entry, layerOf, textFile } from "./layer.ts";

const files: readonly (readonly [string, Entry])[] = [
  ["usr/lib/libc.so.6", { type: "file", mode: 0o755, content: Buffer.from("library") }],
  ["lib", { type: "symlink", target: "usr/lib" }],
  ["tmp", { type: "directory", mode: 0o1777 }],
  ["etc/passwd", textFile("root:x:0:0\n")],
];

const headersOf = async (archive: Buffer): Promise<readonly TarHeader[]> =>
  (await unpackTar(archive, { strict: true })).map(({ header }) => header);

test("the order in which files came makes no difference", async () => {
  const archive = await archiveOf(new Map(files));
  expect((await archiveOf(new Map(files.toReversed()))).equals(archive)).toBe(true);
});

test("folders stand before what is in them, also those that nobody named", async () => {
  const names = (await headersOf(await archiveOf(new Map(files)))).map(({ name }) => name.replace(/\/$/, ""));
  expect(names).toEqual(["etc", "etc/passwd", "lib", "tmp", "usr", "usr/lib", "usr/lib/libc.so.6"]);
});

test("everything belongs to root and has no time of its own", async () => {
  for (const { name, uid, gid, mtime } of await headersOf(await archiveOf(new Map(files))))
    expect({ name, uid, gid, time: mtime?.getTime() }).toEqual({ name, uid: 0, gid: 0, time: 0 });
});

test("a sticky folder stays sticky", async () => {
  const headers = await headersOf(await archiveOf(new Map(files)));
  expect(headers.find(({ name }) => name.startsWith("tmp"))?.mode).toBe(0o1777);
});

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "layers-"));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

test("a layer is known by what it holds and by how it is sent, and is the same from the cache", async () => {
  const layer = await layerOf("files", new Map(files), cache);
  const archive = await archiveOf(new Map(files));
  expect(gunzipSync(layer.blob).equals(archive)).toBe(true);
  expect(layer.diffId).toBe(digestOf(archive));
  expect(layer.digest).toBe(digestOf(layer.blob));
  expect(await layerOf("files", new Map(files), cache)).toEqual(layer);
});
