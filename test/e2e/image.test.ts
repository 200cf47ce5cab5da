/** The image, assembled and run: its own root, its own Node, its own user, and an upgrade by it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type BuiltImage, buildImage, type ImageOptions } from "../../scripts/image/build.ts";
import { VERSION } from "../../src/version.ts";
import { run } from "../../tools/control-plane/process.ts";
import { modern } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";
import { type UnpackedImage, unpackImage } from "./unpacked-image.ts";

const architecture = process.arch === "arm64" ? "arm64" : "amd64";
/** Milliseconds; the first time Debian's packages and Node are fetched and compressed. */
const BUILD = 240_000;

let directory: string;
let options: ImageOptions;
let built: BuiltImage;
let image: UnpackedImage;
/** Why this machine cannot run an image. */
let obstacle: string | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "image-"));
  options = {
    architectures: [architecture],
    version: VERSION,
    created: new Date("2026-11-22T00:00:00Z"),
    directory: join(directory, "built"),
    orNewest: (complaint) => console.info(`the image is built of newer packages than those of the lock:\n${complaint}`),
  };
  if (process.platform !== "linux" || (await run("dpkg-deb", ["--version"])).code !== 0) {
    obstacle = "an image is assembled and run on Debian or Ubuntu only";
    return;
  }
  built = await buildImage(options);
  image = await unpackImage(built.layout, join(directory, "root"));
  const { code, stderr } = await execute("--version");
  if (code !== 0 && process.getuid?.() !== 0 && /unshare/.test(stderr))
    obstacle = `only root, or who may create user namespaces, can change the root: ${stderr.trim()}`;
}, BUILD);

afterAll(() => rm(directory, { recursive: true, force: true }));

const execute = (...args: readonly string[]) => {
  const [program = "", ...rest] = image.command;
  return run(program, [...rest, ...args], { env: image.env });
};

test("has one digest, however often it is built", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  const again = await buildImage({ ...options, directory: join(directory, "again") });
  expect(again.digest).toBe(built.digest);
  const [archive = "", twin = ""] = [built, again].map(({ platforms }) => platforms[0]?.archive ?? "");
  expect((await readFile(twin)).equals(await readFile(archive))).toBe(true);
});

test("says its version, and how it is told what to do", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  expect(await execute("--version")).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  expect((await execute("--help")).stdout).toContain("--leader-elect");
  expect(image.labels["org.opencontainers.image.version"]).toBe(VERSION);
});

test("lists its own software, and Debian's and Node's with it", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  const schema = z.object({ components: z.array(z.object({ name: z.string(), version: z.string().optional() })) });
  const { components } = schema.parse(JSON.parse(await readFile(join(image.root, "app", "sbom.cdx.json"), "utf8")));
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["zod", "pino", "node", "libc6", "libstdc++6"]));
  expect(names).not.toContain("vitest");
});

test("upgrades a Ceilometer", async (context) => {
  if (obstacle !== undefined) return context.skip(obstacle);
  await inScene({ topology: modern(), image }, async (scene) => {
    await scene.apply();
    await scene.succeed();
  });
});
