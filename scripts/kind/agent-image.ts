/** Images for a Ceilometer on real kubelets, under the names that its manifests use, so that no registry is asked. */
import { join } from "node:path";
import { build } from "esbuild";
import { baseLayers, cache, root } from "../image/build.ts";
import { type Entry, layerOf, textFile } from "../image/layer.ts";
import { type Architecture, readLock } from "../image/lock.ts";
import { platformImage, writeArchive } from "../image/oci.ts";

/** What the examples and the migration Jobs call. */
const PROGRAMS = [
  "ceilometer-agent-notification",
  "ceilometer-api",
  "ceilometer-collector",
  "ceilometer-dbsync",
  "ceilometer-polling",
  "ceilometer-upgrade",
  "kubernetes-entrypoint",
];

/** Every image that these objects name. */
export function imagesIn(objects: unknown): readonly string[] {
  return [...new Set([...JSON.stringify(objects).matchAll(/"image":"([^"]+)"/g)].map(([, image = ""]) => image))];
}

/** Writes an archive with an image for each reference. */
export async function writeAgentImages(
  path: string,
  architecture: Architecture,
  references: readonly string[],
): Promise<void> {
  const { base } = await baseLayers(await readLock(), architecture);
  const bundled = await build({
    entryPoints: [join(root, "scripts", "kind", "agent.ts")],
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "cjs",
    banner: { js: "#!/nodejs/bin/node" },
  });
  const content = Buffer.from(bundled.outputFiles[0]?.contents ?? []);
  const programs = PROGRAMS.map((name): [string, Entry] => [
    `usr/local/bin/${name}`,
    { type: "symlink", target: "/agent/agent.cjs" },
  ]);
  const named = [];
  for (const reference of references) {
    const files = new Map<string, Entry>([
      ["agent/agent.cjs", { type: "file", mode: 0o755, content }],
      ["agent/image", textFile(reference)],
      ...programs,
    ]);
    const layers = [...base, await layerOf(`in place of ${reference}`, files, join(cache, "layers"))];
    const config = {
      User: "0:0",
      Env: ["PATH=/usr/local/bin:/nodejs/bin"],
      Entrypoint: [],
      ExposedPorts: {},
      WorkingDir: "/",
      Labels: {},
    };
    named.push({ image: platformImage(architecture, layers, config, new Date(0)), names: [reference] });
  }
  await writeArchive(path, named);
}
