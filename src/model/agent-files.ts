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

/**
 * Mounts of a container, volumes of its template, what is laid together in these, and the letters of all their paths: more than
 * anybody has. Each is looked at for each file, and each object is watched: a megabyte of them, which the API server takes, would
 * hold everybody's upgrades for minutes and open ten thousand watches. Where there are more, nothing of the container is seen.
 */
const MOST_ENTRIES = 128;
const MOST_LETTERS = 64 * MOST_ENTRIES;
/** Files of one directory: each is read. */
const MOST_FILES = 128;
const TOO_MUCH = `more is mounted than is looked at (${MOST_ENTRIES} mounts, volumes or files)`;

type Source = { readonly items?: readonly KeyToPath[] } | undefined;

/** How many objects and files a volume names, and the letters of their paths. */
function contentOf({ configMap, secret, projected: { sources = [] } = {} }: Volume): readonly string[] {
  const parts: readonly Source[] = [configMap, secret, ...sources.flatMap((each) => [each.configMap, each.secret])];
  return [...sources.map(() => ""), ...parts.flatMap((part) => part?.items?.map(({ path }) => path) ?? [])];
}

const areFew = (texts: readonly string[]): boolean =>
  texts.length <= MOST_ENTRIES && texts.reduce((sum, text) => sum + text.length, 0) <= MOST_LETTERS;

/** A directory below which something is mounted, or a mount. */
interface Place {
  mount?: VolumeMount;
  readonly below: Map<string, Place>;
}

/** Where a container has which mount; undefined where it has too many. Of several at one path the last counts. */
function treeOf(mounts: readonly VolumeMount[]): Place | undefined {
  if (!areFew(mounts.map(({ mountPath, subPath = "" }) => mountPath + subPath))) return undefined;
  const root: Place = { below: new Map() };
  for (const mount of mounts) {
    let place = root;
    for (const segment of segments(mount.mountPath)) {
      const next = place.below.get(segment) ?? { below: new Map() };
      place.below.set(segment, next);
      place = next;
    }
    place.mount = mount;
  }
  return root;
}

/** A template is asked for many files in one look. */
const trees = new WeakMap<readonly VolumeMount[], Place | "many">();
const few = new WeakMap<readonly Volume[], boolean>();
const NO_MOUNTS: readonly VolumeMount[] = [];
const NO_VOLUMES: readonly Volume[] = [];

function placesOf({ spec }: PodTemplate, { volumeMounts = NO_MOUNTS }: Container): Place | undefined {
  const { volumes = NO_VOLUMES } = spec;
  const isFew = few.get(volumes) ?? (volumes.length <= MOST_ENTRIES && areFew(volumes.flatMap(contentOf)));
  few.set(volumes, isFew);
  const tree = trees.get(volumeMounts) ?? treeOf(volumeMounts) ?? "many";
  trees.set(volumeMounts, tree);
  return isFew && tree !== "many" ? tree : undefined;
}

function placeAt(root: Place, path: readonly string[]): Place | undefined {
  let place: Place | undefined = root;
  for (const segment of path) place = place?.below.get(segment);
  return place;
}

interface Cover {
  readonly mount: VolumeMount;
  readonly volume: Volume | undefined;
  /** The path in the volume. */
  readonly inner: string;
}

function coverOf(template: PodTemplate, root: Place, path: string): Cover | undefined {
  const wanted = segments(path);
  let best: { readonly mount: VolumeMount; readonly depth: number } | undefined;
  let place: Place | undefined = root;
  for (let depth = 0; place !== undefined; depth += 1) {
    if (place.mount !== undefined) best = { mount: place.mount, depth };
    place = place.below.get(wanted[depth] ?? "");
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
  return [...(usersOf(template).get(volume.name) ?? [])].every((name) => name === container.name);
}

const users = new WeakMap<PodTemplate, ReadonlyMap<string, ReadonlySet<string>>>();

/** Which containers mount each volume: a template may have ten thousand of them. */
function usersOf(template: PodTemplate): ReadonlyMap<string, ReadonlySet<string>> {
  const known = users.get(template);
  if (known !== undefined) return known;
  const found = new Map<string, Set<string>>();
  for (const { name, volumeMounts = NO_MOUNTS } of [
    ...(template.spec.initContainers ?? []),
    ...template.spec.containers,
  ])
    for (const mount of volumeMounts) found.set(mount.name, (found.get(mount.name) ?? new Set()).add(name));
  users.set(template, found);
  return found;
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
  const root = placesOf(template, container);
  if (root === undefined) return { kind: "unknown", why: TOO_MUCH };
  const cover = coverOf(template, root, path);
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
  const root = placesOf(template, container);
  if (root === undefined) return { files: [], unknown: TOO_MUCH };
  const here = segments(directory);
  const cover = coverOf(template, root, directory);
  const hidden = cover === undefined ? undefined : unseen(template, container, cover);
  const volume = cover === undefined || hidden !== undefined ? NOTHING : inVolume(cover, keysOf);
  const mounted = [...(placeAt(root, here)?.below ?? [])].flatMap(([name, { mount }]) =>
    mount === undefined ? [] : [name],
  );
  const names = new Set([...mounted, ...volume.names]);
  const files = [...names].toSorted().map((name) => {
    const path = plainPath([...here, name].join("/"));
    return { path, source: fileAt(template, container, path) };
  });
  const why = hidden?.kind === "unknown" ? hidden.why : volume.unknown;
  return { files, ...(why === undefined ? {} : { unknown: why }) };
}

interface Listed {
  readonly names: readonly string[];
  readonly unknown?: string | undefined;
}
const NOTHING: Listed = { names: [] };

/** The names that the volume itself brings into the directory which it covers. */
function inVolume({ volume, inner }: Cover, keysOf: KeysOf): Listed {
  const directory = segments(inner);
  const unknown: string[] = [];
  const names = (volume === undefined ? [] : partsOf(volume)).flatMap((part) => {
    const paths = pathsOf(part, keysOf);
    if (paths === undefined) unknown.push(`the keys of ${part.kind}/${part.name} could not be read`);
    else if (paths.length > MOST_FILES) unknown.push(`${part.kind}/${part.name} has more files than are looked at`);
    else return paths.flatMap((path) => childOf(segments(path), directory) ?? []);
    return [];
  });
  return { names, unknown: unknown[0] };
}

const pathsOf = (part: Part, keysOf: KeysOf): readonly string[] | undefined =>
  part.items?.map(({ path }) => path) ?? keysOf(part);

/** The name of a path that stands directly in the directory. */
const childOf = (path: readonly string[], directory: readonly string[]): string | undefined =>
  path.length === directory.length + 1 && isWithin(path, directory) ? path.at(-1) : undefined;

/** All ConfigMaps and Secrets that are mounted into the container, each once; none where they are more than are looked at. */
export function objectsMounted(template: PodTemplate, container: Container): readonly ObjectName[] {
  if (placesOf(template, container) === undefined) return [];
  const found = new Map<string, ObjectName>();
  for (const mount of container.volumeMounts ?? []) {
    const volume = template.spec.volumes?.find(({ name }) => name === mount.name);
    for (const { kind, name } of volume === undefined ? [] : partsOf(volume)) {
      found.set(`${kind}/${name}`, { kind, name });
    }
  }
  return [...found.values()];
}
