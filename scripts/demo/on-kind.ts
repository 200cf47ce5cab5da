/** What the demo needs on real kubelets: the operator's image, and stand-ins for the images that the sample names. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { VERSION } from "../../src/version.ts";
import { buildImage } from "../image/build.ts";
import { imagesIn, writeAgentImages } from "../kind/agent-image.ts";
import { architecture } from "../kind/cluster.ts";
import { exampleFile, root } from "./installation.ts";
import type { Example } from "./options.ts";

export { startKindCluster } from "../kind/cluster.ts";

/** Paths of archives, which go with the stack. */
export async function images(example: Example, stack: AsyncDisposableStack): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), "demo-images-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const texts = await Promise.all(
    (["ceilometer", "upgrade"] as const).map((file) => readFile(join(root, exampleFile(example, file)), "utf8")),
  );
  const objects = texts.flatMap((text) => parseAllDocuments(text));
  const agents = join(directory, "agents.tar");
  await writeAgentImages(agents, architecture, imagesIn(objects));
  const built = await buildImage({ architectures: [architecture], version: VERSION, created: new Date(0), directory });
  return [agents, ...built.platforms.map(({ archive }) => archive)];
}
