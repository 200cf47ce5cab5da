/** Two ways to build the image, and a lock of what goes into it: they must not say different things. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runConfig } from "../../scripts/image/build.ts";
import { PACKAGES } from "../../scripts/image/debian-archive.ts";
import { ARCHITECTURES, readLock } from "../../scripts/image/lock.ts";
import { developmentVersion } from "../../scripts/image/node-package.ts";

const root = join(import.meta.dirname, "..", "..");
const dockerfile = await readFile(join(root, "Dockerfile"), "utf8");
const config = runConfig({ version: "1.2.3", created: new Date(0), revision: "abc", source: "https://example.org" });
/** What stands behind the last instruction of that name. */
const instruction = (name: string): string => {
  const lines = dockerfile.replaceAll("\\\n", " ").split("\n");
  return (lines.findLast((line) => line.startsWith(`${name} `)) ?? "").slice(name.length + 1);
};

test("the Dockerfile runs the operator as the assembled image does", () => {
  expect(JSON.parse(instruction("ENTRYPOINT"))).toEqual(config.Entrypoint);
  expect(instruction("USER")).toBe(config.User);
  expect(config.Env).toEqual(expect.arrayContaining(instruction("ENV").split(" ")));
  expect(
    instruction("EXPOSE")
      .split(" ")
      .map((port) => `${port}/tcp`),
  ).toEqual(Object.keys(config.ExposedPorts));
});

test("the Dockerfile has the labels of the assembled image, but for its time, which the builder sets", () => {
  const labels = [...instruction("LABEL").matchAll(/([\w.]+)="/g)].map(([, name]) => name);
  const { "org.opencontainers.image.created": _, ...wanted } = config.Labels;
  expect(new Set(labels)).toEqual(new Set(Object.keys(wanted)));
});

test("the lock names every package for every architecture, and the Node that the tests run with", async () => {
  const lock = await readLock();
  const version = await developmentVersion(root);
  for (const architecture of ARCHITECTURES) {
    const { debian, node } = lock.parts[architecture];
    expect(debian.map(({ name }) => name)).toEqual([...PACKAGES]);
    expect(node.version, "npm run image -- --refresh").toBe(version);
  }
});
