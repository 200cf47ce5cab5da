/** The operator's image, assembled without a container engine (docs/image.md). */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../tools/control-plane/process.ts";
import { ArchiveError, fetchPackages, resolveNewest } from "./debian-archive.ts";
import { type Entry, type Files, type Layer, layerOf, textFile } from "./layer.ts";
import { type Architecture, type Lock, type Parts, readLock } from "./lock.ts";
import { developmentVersion, fetchNode } from "./node-package.ts";
import { compressedSize, platformImage, type RunConfig, writeArchive, writeLayout } from "./oci.ts";
import { debianFiles, nodeFiles, USER } from "./root-file-system.ts";
import { softwareList } from "./software-list.ts";

export const root = join(import.meta.dirname, "..", "..");
/** What was fetched or compressed once, safe to delete. */
export const cache = join(root, ".cache", "image");
export const NAME = "ceilometer-upgrade-operator";

export interface ImageOptions {
  readonly architectures: readonly Architecture[];
  readonly version: string;
  /** Time of the image: that of its sources. */
  readonly created: Date;
  readonly revision?: string;
  /** Where the sources are, as people reach them. */
  readonly source?: string;
  /** The folder that is written. */
  readonly directory: string;
  /** Takes the newest packages where those of the lock are to be had nowhere any more; the digest is then another one. */
  readonly orNewest?: (complaint: string) => void;
}

export interface BuiltImage {
  /** Of the image index. */
  readonly digest: string;
  /** A folder in OCI layout. */
  readonly layout: string;
  readonly platforms: readonly {
    readonly architecture: Architecture;
    readonly archive: string;
    readonly softwareList: string;
    /** Bytes. */
    readonly compressed: number;
    readonly layers: readonly Layer[];
  }[];
}

export async function buildImage(options: ImageOptions): Promise<BuiltImage> {
  const { architectures, version, directory } = options;
  const lock = await readLock();
  const app = await bundle();
  const config = runConfig(options);
  await mkdir(directory, { recursive: true });
  const platforms = [];
  const images = [];
  for (const architecture of architectures) {
    const { parts, base } = await baseLayers(lock, architecture, options.orNewest);
    const list = softwareList(app.softwareList, lock.suite, architecture, parts);
    const files = new Map<string, Entry>([...app.files, ["app/sbom.cdx.json", textFile(list)]]);
    const layers = [...base, await layerOf("the operator's bundle", files, join(cache, "layers"))];
    const image = platformImage(architecture, layers, config, options.created);
    images.push(image);
    const named = join(directory, `${NAME}-${version}-linux-${architecture}`);
    await writeArchive(`${named}.tar`, [{ image, names: [`docker.io/library/${NAME}:${version}`] }]);
    await writeFile(`${named}.cdx.json`, list);
    platforms.push({
      architecture,
      archive: `${named}.tar`,
      softwareList: `${named}.cdx.json`,
      compressed: compressedSize(image),
      layers,
    });
  }
  const layout = join(directory, "oci");
  return { digest: await writeLayout(layout, images, version, config.Labels), layout, platforms };
}

/** What lies below any program of ours: Debian's libraries and Node. */
export async function baseLayers(
  lock: Lock,
  architecture: Architecture,
  orNewest?: ImageOptions["orNewest"],
): Promise<{ readonly parts: Parts; readonly base: readonly Layer[] }> {
  let parts = lock.parts[architecture];
  const debs = join(cache, "debian");
  const version = await developmentVersion(root);
  if (parts.node.version !== version)
    throw new Error(
      `scripts/image/lock.json has Node ${parts.node.version}, package.json ${version}: run npm run image -- --refresh`,
    );
  const tarball = await fetchNode(join(cache, "node"), parts.node);
  const fetchLocked = (): Promise<string[]> => fetchPackages(debs, lock, architecture, parts.debian);
  const packages = await fetchLocked().catch(async (error: unknown) => {
    if (!(error instanceof ArchiveError) || orNewest === undefined) throw error;
    orNewest(error.message);
    parts = { ...parts, debian: await resolveNewest(debs, lock.suite, architecture) };
    return fetchLocked();
  });
  const layers = join(cache, "layers");
  return {
    parts,
    base: [
      await layerOf(`Debian ${lock.suite}: what Node is linked against`, await debianFiles(packages), layers),
      await layerOf(`Node ${parts.node.version}`, await nodeFiles(tarball), layers),
    ],
  };
}

async function bundle(): Promise<{ files: Files; softwareList: string }> {
  await using stack = new AsyncDisposableStack();
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "app-"));
  stack.defer(() => rm(outdir, { recursive: true, force: true }));
  const { code, stderr } = await run(process.execPath, ["scripts/bundle.ts", "--outdir", outdir], { cwd: root });
  if (code !== 0) throw new Error(`the bundle could not be made:\n${stderr.trim()}`);
  const files = new Map<string, Entry>();
  for (const name of await readdir(outdir))
    files.set(`app/${name}`, { type: "file", mode: 0o644, content: await readFile(join(outdir, name)) });
  return { files, softwareList: await readFile(join(outdir, "sbom.cdx.json"), "utf8") };
}

export function runConfig({
  version,
  created,
  revision,
  source,
}: Omit<ImageOptions, "architectures" | "directory">): RunConfig {
  const labels = {
    title: NAME,
    description: "A Kubernetes operator for rolling upgrades of OpenStack Ceilometer",
    licenses: "Apache-2.0",
    version,
    created: created.toISOString(),
    ...(revision === undefined ? {} : { revision }),
    ...(source === undefined ? {} : { source }),
  };
  return {
    User: `${USER}:${USER}`,
    Env: ["PATH=/nodejs/bin", "NODE_ENV=production", "NODE_OPTIONS=--max-semi-space-size=2"],
    Entrypoint: ["/nodejs/bin/node", "/app/operator.mjs"],
    ExposedPorts: { "8080/tcp": {}, "8081/tcp": {} },
    WorkingDir: "/",
    Labels: Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [`org.opencontainers.image.${name}`, value]),
    ),
  };
}
