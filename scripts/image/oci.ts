/**
 * Layers as an OCI image (https://github.com/opencontainers/image-spec, v1.1): a folder in OCI layout that any tool pushes, with one
 * image index over all platforms, and for each platform an archive that `docker load`, `ctr` and `kind load` take.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Layer } from "./layer.ts";
import { archiveOf, digestOf, type Entry, textFile } from "./layer.ts";
import type { Architecture } from "./lock.ts";

const TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

/** How the image runs; the same as in the Dockerfile. */
export interface RunConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: "linux"; readonly architecture: Architecture };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One platform's image. */
export interface PlatformImage {
  readonly architecture: Architecture;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export function platformImage(
  architecture: Architecture,
  layers: readonly Layer[],
  config: RunConfig,
  created: Date,
): PlatformImage {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const descriptors = layers.map(({ blob }) => add(TYPES.layer, blob));
  const at = created.toISOString();
  const configuration = add(
    TYPES.config,
    json({
      created: at,
      architecture,
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ tells }) => ({ created: at, created_by: tells })),
    }),
  );
  const manifest = add(
    TYPES.manifest,
    json({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: configuration,
      layers: descriptors,
      annotations: config.Labels,
    }),
  );
  return {
    architecture,
    manifest: { ...manifest, platform: { os: "linux", architecture } },
    config: configuration,
    layers: descriptors,
    blobs,
  };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const blobPath = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
const LAYOUT = JSON.stringify({ imageLayoutVersion: "1.0.0" });

/** Bytes that a registry sends to a node of this platform. */
export const compressedSize = ({ manifest, config, layers }: PlatformImage): number =>
  [manifest, config, ...layers].reduce((sum, { size }) => sum + size, 0);

/** Writes the folder anew, and answers the digest of the image index: what a registry will call the image. */
export async function writeLayout(
  directory: string,
  images: readonly PlatformImage[],
  tag: string,
  annotations: Readonly<Record<string, string>>,
): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  const index = json({
    schemaVersion: 2,
    mediaType: TYPES.index,
    manifests: images.map(({ manifest }) => manifest),
    annotations,
  });
  const descriptor = { mediaType: TYPES.index, digest: digestOf(index), size: index.length };
  const blobs = new Map([...images.flatMap((image) => [...image.blobs]), [descriptor.digest, index]]);
  for (const [digest, content] of blobs) await writeFile(join(directory, blobPath(digest)), content);
  await writeFile(join(directory, "oci-layout"), LAYOUT);
  await writeFile(
    join(directory, "index.json"),
    json({
      schemaVersion: 2,
      mediaType: TYPES.index,
      manifests: [{ ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } }],
    }),
  );
  return descriptor.digest;
}

/** An image, and the whole references that it is to be known by, such as docker.io/library/operator:0.1.0. */
export interface NamedImage {
  readonly image: PlatformImage;
  readonly names: readonly string[];
}

export async function writeArchive(path: string, named: readonly NamedImage[]): Promise<void> {
  const files = new Map<string, Entry>();
  for (const { image } of named)
    for (const [digest, content] of image.blobs) files.set(blobPath(digest), { type: "file", mode: 0o644, content });
  files.set("oci-layout", textFile(LAYOUT));
  const manifests = named.flatMap(({ image, names }) =>
    names.map((name) => ({
      ...image.manifest,
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
      },
    })),
  );
  files.set("index.json", textFile(JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests })));
  // For engines that do not read the layout, and for kind, which takes the names from here.
  const legacy = named.map(({ image, names }) => ({
    Config: blobPath(image.config.digest),
    RepoTags: names,
    Layers: image.layers.map(({ digest }) => blobPath(digest)),
  }));
  files.set("manifest.json", textFile(JSON.stringify(legacy)));
  await writeFile(path, await archiveOf(files));
}
