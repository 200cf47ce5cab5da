/** An image as a container runtime would run it, without one: its layers unpacked into a folder that becomes the root. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../tools/control-plane/process.ts";

export interface UnpackedImage {
  readonly root: string;
  /** Runs the entry point with these arguments behind it, as the user and in the environment that the image names. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly labels: Readonly<Record<string, string>>;
}

const descriptor = z.object({ digest: z.string() });
const indexSchema = z.object({ manifests: z.array(descriptor).length(1) });
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const configSchema = z.object({
  config: z.object({
    User: z.string().regex(/^\d+:\d+$/, "a numeric user, or Kubernetes cannot verify runAsNonRoot"),
    Env: z.array(z.string()),
    Entrypoint: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
  }),
});

/** `layout` is a folder in OCI layout with an image of one platform. */
export async function unpackImage(layout: string, root: string): Promise<UnpackedImage> {
  const blob = (digest: string): string => join(layout, "blobs", digest.replace(":", "/"));
  const read = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(JSON.parse(await readFile(path, "utf8")));
  const layoutIndex = await read(join(layout, "index.json"), indexSchema);
  const imageIndex = await read(blob(layoutIndex.manifests[0]?.digest ?? ""), indexSchema);
  const manifest = await read(blob(imageIndex.manifests[0]?.digest ?? ""), manifestSchema);
  const { config } = await read(blob(manifest.config.digest), configSchema);
  await mkdir(root, { recursive: true });
  for (const layer of manifest.layers) {
    const { code, stderr } = await run("tar", ["-xzf", blob(layer.digest), "-C", root]);
    if (code !== 0) throw new Error(`layer ${layer.digest}: ${stderr}`);
  }
  return {
    root,
    command: [...enter(root, config.User), ...config.Entrypoint],
    env: Object.fromEntries(
      config.Env.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]),
    ),
    labels: config.Labels,
  };
}

/** Who is not root is root in a user namespace of their own, and the image's user has to be left out. */
function enter(root: string, user: string): readonly string[] {
  if (process.getuid?.() === 0) return ["/usr/sbin/chroot", `--userspec=${user}`, root];
  return ["/usr/bin/unshare", "--user", "--map-root-user", `--root=${root}`];
}
