/**
 * Which object backs a file in an agent's container, as the kubelet mounts it: the mount with the longest path counts, a key by
 * subPath, a whole object as directory, `items`, projected volumes. What lies in a volume that is neither ConfigMap nor
 * Secret cannot be seen from here, and is unknown instead of absent.
 */
import type { Container, KeyToPath, PodTemplate, Volume, VolumeMount } from "./pod-template.ts";

export interface ObjectName {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
}

export type FileSource =
  | {
      readonly kind: "object";
      readonly object: "ConfigMap" | "Secret";
      readonly name: string;
      readonly key: string;
      /** By subPath: fixed when the container starts, and a directory where the key is missing. */
      readonly subPath: boolean;
    }
  /** No volume covers the path: what the image has there, if it has anything. */
  | { readonly kind: "image" }
  /** A volume covers the path, and surely has no such file. */
  | { readonly kind: "absent"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/** `/a//b/../c` as `["a", "c"]`. */
function segments(path: string): readonly string[] {
  const found: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") found.pop();
    else if (segment !== "" && segment !== ".") found.push(segment);
  }
  return found;
}

const isWithin = (path: readonly string[], directory: readonly string[]): boolean =>
  directory.length <= path.length && directory.every((segment, index) => segment === path[index]);

/** An absolute path without detours. */
export const plainPath = (path: string): string => `/${segments(path).join("/")}`;

interface Cover {
  readonly mount: VolumeMount;
  readonly volume: Volume | undefined;
  /** The path in the volume. */
  readonly inner: string;
}

function coverOf(template: PodTemplate, container: Container, path: string): Cover | undefined {
  const wanted = segments(path);
  let best: { readonly mount: VolumeMount; readonly depth: number } | undefined;
  for (const mount of container.volumeMounts ?? []) {
    const at = segments(mount.mountPath);
    if (isWithin(wanted, at) && (best === undefined || at.length >= best.depth)) best = { mount, depth: at.length };
  }
  if (best === undefined) return undefined;
  const { mount, depth } = best;
  const inner = [...segments(mount.subPath ?? ""), ...wanted.slice(depth)].join("/");
  return { mount, volume: template.spec.volumes?.find(({ name }) => name === mount.name), inner };
}

interface Part extends ObjectName {
  readonly items: readonly KeyToPath[] | undefined;
}

/** The objects that make up a volume, in the order in which they are laid over each other. */
function partsOf({ configMap, secret, projected }: Volume): readonly Part[] {
  if (configMap !== undefined) return [{ kind: "ConfigMap", name: configMap.name, items: configMap.items }];
  if (secret !== undefined) return [{ kind: "Secret", name: secret.secretName, items: secret.items }];
  return (projected?.sources ?? []).flatMap((source): readonly Part[] => {
    if (source.configMap !== undefined)
      return [{ kind: "ConfigMap", ...source.configMap, items: source.configMap.items }];
    return source.secret === undefined ? [] : [{ kind: "Secret", ...source.secret, items: source.secret.items }];
  });
}

/** An emptyDir that nobody else mounts holds only what the agent itself writes. */
function isEmptyDirectory(template: PodTemplate, container: Container, volume: Volume): boolean {
  if (volume["emptyDir"] === undefined) return false;
  const others = [...(template.spec.initContainers ?? []), ...template.spec.containers];
  return others.every(
    (other) => other.name === container.name || !other.volumeMounts?.some(({ name }) => name === volume.name),
  );
}

/** What is known of a volume before its objects are looked at: nothing, that it is empty, or why it cannot be seen. */
function unseen(template: PodTemplate, container: Container, cover: Cover): FileSource | undefined {
  const { mount, volume } = cover;
  const where = `the volume ${mount.name}`;
  if (mount.subPathExpr !== undefined) return { kind: "unknown", why: `${where} is mounted by subPathExpr` };
  if (volume === undefined) return { kind: "unknown", why: `${where} is not one of the template's` };
  if (partsOf(volume).length > 0) return undefined;
  if (isEmptyDirectory(template, container, volume)) return { kind: "absent", why: `${where} is an empty directory` };
  const type = Object.keys(volume).find((field) => field !== "name") ?? "of no type";
  return { kind: "unknown", why: `${where} is ${type}, whose files cannot be seen` };
}

export function fileAt(template: PodTemplate, container: Container, path: string): FileSource {
  const cover = coverOf(template, container, path);
  if (cover === undefined) return { kind: "image" };
  const hidden = unseen(template, container, cover);
  if (hidden !== undefined || cover.volume === undefined) return hidden ?? { kind: "image" };
  const { inner, mount, volume } = cover;
  const candidates = partsOf(volume).flatMap((part): readonly FileSource[] => {
    const key = part.items === undefined ? keyNamed(inner) : part.items.find((item) => same(item.path, inner))?.key;
    if (key === undefined) return [];
    return [{ kind: "object", object: part.kind, name: part.name, key, subPath: mount.subPath !== undefined }];
  });
  const [only, second] = candidates;
  if (second !== undefined) {
    return { kind: "unknown", why: `the projected volume ${mount.name} may have it from more than one object` };
  }
  return only ?? { kind: "absent", why: `the volume ${mount.name} has no file ${inner}` };
}

const same = (path: string, inner: string): boolean => segments(path).join("/") === inner;
/** Keys have no slash, so without `items` there is nothing in deeper directories. */
const keyNamed = (inner: string): string | undefined => (inner === "" || inner.includes("/") ? undefined : inner);

export interface DirectoryFile {
  readonly path: string;
  readonly source: FileSource;
}

/** The keys of an object; undefined where it could not be read. */
export type KeysOf = (object: ObjectName) => readonly string[] | undefined;

/**
 * The files in a directory that volumes bring, sorted by name as `--config-dir` reads them, and why there may be more. What the
 * image has there is not seen.
 */
export function filesIn(
  template: PodTemplate,
  container: Container,
  directory: string,
  keysOf: KeysOf,
): { readonly files: readonly DirectoryFile[]; readonly unknown?: string } {
  const here = segments(directory);
  const cover = coverOf(template, container, directory);
  const hidden = cover === undefined ? undefined : unseen(template, container, cover);
  const unknown: string[] = hidden?.kind === "unknown" ? [hidden.why] : [];
  const mounted = (container.volumeMounts ?? []).map(({ mountPath }) => childOf(segments(mountPath), here));
  const names = new Set(mounted);
  const seen = hidden === undefined ? cover : undefined;
  const inner = segments(seen?.inner ?? "");
  for (const part of seen?.volume === undefined ? [] : partsOf(seen.volume)) {
    const paths = pathsOf(part, keysOf);
    if (paths === undefined) unknown.push(`the keys of ${part.kind}/${part.name} could not be read`);
    for (const path of paths ?? []) names.add(childOf(segments(path), inner));
  }
  const files = [...names]
    .filter((name) => name !== undefined)
    .toSorted()
    .map((name) => {
      const path = plainPath([...here, name].join("/"));
      return { path, source: fileAt(template, container, path) };
    });
  const [why] = unknown;
  return { files, ...(why === undefined ? {} : { unknown: why }) };
}

const pathsOf = (part: Part, keysOf: KeysOf): readonly string[] | undefined =>
  part.items?.map(({ path }) => path) ?? keysOf(part);

/** The name of a path that stands directly in the directory. */
const childOf = (path: readonly string[], directory: readonly string[]): string | undefined =>
  path.length === directory.length + 1 && isWithin(path, directory) ? path.at(-1) : undefined;

/** All ConfigMaps and Secrets that are mounted into the container, each once. */
export function objectsMounted(template: PodTemplate, container: Container): readonly ObjectName[] {
  const found = new Map<string, ObjectName>();
  for (const mount of container.volumeMounts ?? []) {
    const volume = template.spec.volumes?.find(({ name }) => name === mount.name);
    for (const { kind, name } of volume === undefined ? [] : partsOf(volume)) {
      found.set(`${kind}/${name}`, { kind, name });
    }
  }
  return [...found.values()];
}
