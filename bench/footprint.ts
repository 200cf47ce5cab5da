/** What the operator weighs: the heap of what it caches, its image, and what is in its bundle. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { buildImage } from "../scripts/image/build.ts";
import { VERSION } from "../src/version.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import type { Cluster } from "../tools/control-plane/cluster.ts";
import { run } from "../tools/control-plane/process.ts";
import { bundleDirectory } from "./operator.ts";
import { eventually, must } from "./scene.ts";

const heapSchema = z.object({ count: z.int(), textBytes: z.number(), kept: z.number(), whole: z.number() });
export type Heap = z.infer<typeof heapSchema>;

/** A Deployment of the example of a whole Ceilometer, after its controller has been at it. */
const EXAMPLE = "examples/classic/ceilometer.yaml";
const NAMESPACE = "openstack-classic";

const deploymentsSchema = z.object({
  items: z.array(
    z.looseObject({
      spec: z.looseObject({ replicas: z.int() }),
      status: z.looseObject({ availableReplicas: z.int().default(0) }),
    }),
  ),
});

export async function heapOfDeployments(cluster: Cluster, root: string): Promise<Heap> {
  const applied = await cluster.kubectl(["apply", "-f", join(root, EXAMPLE)]);
  if (applied.code !== 0) throw new Error(`the example cannot be applied: ${applied.stderr}`);
  let sample: unknown;
  const available = async (): Promise<boolean> => {
    const text = await must(cluster, "GET", `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`);
    const { items } = deploymentsSchema.parse(JSON.parse(text));
    [sample] = items;
    return items.length > 0 && items.every(({ spec, status }) => status.availableReplicas === spec.replicas);
  };
  await eventually(available, "the example does not start");
  const directory = join(cacheRoot, "bench");
  await mkdir(directory, { recursive: true });
  const file = join(directory, "deployment.json");
  await writeFile(file, JSON.stringify(sample));
  const args = ["--expose-gc", join(root, "bench", "heap.ts"), file];
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: root });
  if (code !== 0) throw new Error(`the heap could not be measured:\n${stderr}`);
  return heapSchema.parse(JSON.parse(stdout));
}

export interface Image {
  /** Bytes, compressed; undefined where no image can be made here. */
  readonly compressed: number | undefined;
  /** Of the npm registry, in the operator's bundle. */
  readonly packages: readonly string[];
  /** Of Debian, below Node. */
  readonly debian: number | undefined;
}

const listSchema = z.object({
  components: z.array(z.object({ name: z.string(), version: z.string().default(""), purl: z.string().default("") })),
});

export async function imageFigures(say: (line: string) => void): Promise<Image> {
  const list = async (path: string) => listSchema.parse(JSON.parse(await readFile(path, "utf8"))).components;
  const bundled = await list(join(bundleDirectory, "sbom.cdx.json"));
  const packages = bundled.map(({ name, version }) => `${name} ${version}`);
  try {
    const directory = join(cacheRoot, "bench", "image");
    const options = { architectures: ["amd64"], version: VERSION, created: new Date(0), directory } as const;
    const { platforms } = await buildImage({ ...options, orNewest: say });
    const [built] = platforms;
    if (built === undefined) throw new Error("no platform");
    const debian = (await list(built.softwareList)).filter(({ purl }) => purl.startsWith("pkg:deb/"));
    return { compressed: built.compressed, packages, debian: debian.length };
  } catch (error) {
    say(`left out: the image: ${error instanceof Error ? error.message : String(error)}`);
    return { compressed: undefined, packages, debian: undefined };
  }
}
