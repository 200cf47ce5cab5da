/**
 * `npm run image`: the operator's image for Linux on amd64 and arm64, without a container engine and without a registry
 * (docs/image.md).
 *
 *     npm run image -- [--platform linux/amd64,linux/arm64] [--source URL] [--out dist/image]
 *     npm run image -- --refresh      brings scripts/image/lock.json in line with the newest packages
 */
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { VERSION } from "../src/version.ts";
import { run } from "../tools/control-plane/process.ts";
import { buildImage, root } from "./image/build.ts";
import { resolveNewest } from "./image/debian-archive.ts";
import { ARCHITECTURES, type Architecture, type Lock, readLock, writeLock } from "./image/lock.ts";
import { developmentVersion, resolveNode } from "./image/node-package.ts";

const { values } = parseArgs({
  options: {
    platform: { type: "string", default: ARCHITECTURES.map((architecture) => `linux/${architecture}`).join(",") },
    source: { type: "string" },
    out: { type: "string", default: "dist/image" },
    refresh: { type: "boolean", default: false },
  },
});

function architecturesOf(platforms: string): readonly Architecture[] {
  return platforms.split(",").map((platform) => {
    const known = ARCHITECTURES.find((architecture) => platform === `linux/${architecture}`);
    const possible = ARCHITECTURES.map((architecture) => `linux/${architecture}`).join(", ");
    if (known === undefined) throw new Error(`--platform ${platform}: possible are ${possible}`);
    return known;
  });
}

const git = async (...args: readonly string[]): Promise<string | undefined> => {
  const { code, stdout } = await run("git", args, { cwd: root });
  return code === 0 ? stdout.trim() : undefined;
};

/** Seconds since the epoch, as https://reproducible-builds.org/specs/source-date-epoch/ has it; default: the commit's time. */
async function sourceDate(): Promise<Date> {
  const epoch = process.env["SOURCE_DATE_EPOCH"] ?? (await git("log", "-1", "--format=%ct"));
  if (epoch === undefined || !/^\d+$/.test(epoch))
    throw new Error("the image's time is that of its commit; outside of git set SOURCE_DATE_EPOCH, in seconds");
  return new Date(Number(epoch) * 1000);
}

async function refresh(): Promise<void> {
  const { suite } = await readLock();
  const version = await developmentVersion(root);
  const parts = { amd64: await newest("amd64"), arm64: await newest("arm64") } satisfies Lock["parts"];
  const snapshot = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  await writeLock({ suite, snapshot, parts });
  process.stdout.write("scripts/image/lock.json has the newest packages\n");

  async function newest(architecture: Architecture) {
    return {
      debian: await resolveNewest(`${root}/.cache/image/debian`, suite, architecture),
      node: await resolveNode(version, architecture),
    };
  }
}

async function build(): Promise<void> {
  const revision = await git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*");
  const built = await buildImage({
    architectures: architecturesOf(values.platform),
    version: VERSION,
    created: await sourceDate(),
    ...(revision === undefined ? {} : { revision }),
    ...(values.source === undefined ? {} : { source: values.source }),
    directory: resolve(root, values.out),
  });
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  for (const { architecture, archive, compressed, layers } of built.platforms) {
    process.stdout.write(`linux/${architecture}  ${megabytes(compressed)} compressed  ${relative(root, archive)}\n`);
    for (const { tells, blob } of layers) process.stdout.write(`    ${megabytes(blob.length).padStart(8)}  ${tells}\n`);
  }
  process.stdout.write(`${relative(root, built.layout)}  ${built.digest}\n`);
}

try {
  await (values.refresh ? refresh() : build());
} catch (error) {
  process.stderr.write(`image: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
