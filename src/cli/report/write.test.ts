import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeReport } from "./write.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "report-"));
});
afterAll(() => rm(folder, { recursive: true }));

const files = new Map([
  ["a.txt", "ä\n"],
  [`operator/${"long".repeat(40)}.log`, "b"],
]);

test("an archive holds every file below one folder, whatever the length of its name, and is for its owner alone", async () => {
  const to = join(folder, "one.tar.gz");
  const size = await writeReport(to, files, 0);
  expect((await stat(to)).size).toBe(size);
  expect((await stat(to)).mode & 0o777).toBe(0o600);
  const entries = await unpackTar(gunzipSync(await readFile(to)));
  const decoder = new TextDecoder();
  expect(entries.map(({ header, data }) => [header.name, decoder.decode(data)])).toEqual(
    [...files].map(([path, text]) => [`one/${path}`, text]),
  );
});

test("a folder holds the same", async () => {
  const to = join(folder, "two");
  await writeReport(to, files, 0);
  for (const [path, text] of files) expect(await readFile(join(to, path), "utf8")).toBe(text);
});

test("nothing is written over", async () => {
  const archive = join(folder, "three.tgz");
  await writeReport(archive, files, 0);
  await expect(writeReport(archive, files, 0)).rejects.toThrow("three.tgz cannot be written");
  await expect(writeReport(folder, files, 0)).rejects.toThrow("is not empty");
});
