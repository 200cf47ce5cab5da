/**
 * From the template that a workload has to the one that it should have, as operations of a JSON Patch: the agent's image, the
 * files that are mounted into its container, and a snippet at the end of its command line. Each value that is replaced is
 * tested first, and nothing else is touched.
 */
import { type Agent, APPENDED_DIRECTORY, appendedFiles, type Undone, type WantedMount } from "../../model/agent.ts";
import { canonicalJson } from "../../model/digest.ts";
import { type KubePatchOperation, pointer } from "../../model/patch.ts";
import type { Volume, VolumeMount } from "../../model/pod-template.ts";

export const containerPath = (agent: Agent, ...rest: readonly (string | number)[]): string =>
  pointer("spec", "template", "spec", "containers", agent.containerIndex, ...rest);

/** A list of the template that is changed entry by entry, with the indices that it has after what was changed before. */
class ListChanges<T> {
  readonly operations: KubePatchOperation[] = [];
  readonly #path: string;
  readonly #key: (entry: T) => string;
  readonly #field: string;
  readonly #entries: T[];
  #exists: boolean;

  constructor(path: string, list: readonly T[] | undefined, field: string, key: (entry: T) => string) {
    this.#path = path;
    this.#key = key;
    this.#field = field;
    this.#entries = [...(list ?? [])];
    this.#exists = list !== undefined;
  }

  set(entry: T): void {
    const at = this.#find(this.#key(entry));
    if (at >= 0 && canonicalJson(this.#entries[at]) === canonicalJson(entry)) return;
    if (!this.#exists) this.operations.push({ op: "add", path: this.#path, value: [] });
    this.#exists = true;
    if (at < 0) {
      this.operations.push({ op: "add", path: `${this.#path}/-`, value: entry });
      this.#entries.push(entry);
      return;
    }
    this.#test(at);
    this.operations.push({ op: "replace", path: `${this.#path}/${at}`, value: entry });
    this.#entries[at] = entry;
  }

  drop(key: string): void {
    const at = this.#find(key);
    if (at < 0) return;
    this.#test(at);
    this.operations.push({ op: "remove", path: `${this.#path}/${at}` });
    this.#entries.splice(at, 1);
  }

  #find(key: string): number {
    return this.#entries.findIndex((entry) => this.#key(entry) === key);
  }

  #test(at: number): void {
    const entry = this.#entries[at];
    if (entry === undefined) return;
    this.operations.push({ op: "test", path: `${this.#path}/${at}/${this.#field}`, value: this.#key(entry) });
  }
}

const volumeOf = ({ volume: name, kind, object }: WantedMount): Volume =>
  kind === "ConfigMap" ? { name, configMap: { name: object } } : { name, secret: { secretName: object } };

const mountOf = ({ volume: name, path, key }: WantedMount): VolumeMount => ({
  name,
  mountPath: path,
  subPath: key,
  readOnly: true,
});

/** Whether the volume that is there takes its files from the wanted object: what the API server defaulted is left as it is. */
function isSame(volume: Volume | undefined, { kind, object }: WantedMount): boolean {
  return kind === "ConfigMap" ? volume?.configMap?.name === object : volume?.secret?.secretName === object;
}

/** Image and configuration that are wanted, in the agent's container. */
export function setTemplate(agent: Agent): KubePatchOperation[] {
  const { wanted, container, workload } = agent;
  const volumes = new ListChanges<Volume>(
    "/spec/template/spec/volumes",
    workload.template.spec.volumes,
    "name",
    ({ name }) => name,
  );
  const mounts = new ListChanges<VolumeMount>(
    containerPath(agent, "volumeMounts"),
    container.volumeMounts,
    "mountPath",
    ({ mountPath }) => mountPath,
  );
  const put = (mount: WantedMount): void => {
    const there = workload.template.spec.volumes?.find(({ name }) => name === mount.volume);
    if (!isSame(there, mount)) volumes.set(volumeOf(mount));
    mounts.set(mountOf(mount));
  };
  for (const mount of wanted.mounts) put(mount);
  if (wanted.appended !== undefined) put(wanted.appended);
  for (const undone of [...wanted.undone, ...leftSnippets(agent)]) {
    if (undone.before.mount === undefined) mounts.drop(undone.path);
    else mounts.set(undone.before.mount);
    if (undone.before.volume === undefined) volumes.drop(undone.volume);
    else volumes.set(undone.before.volume);
  }
  return [...setImage(agent), ...volumes.operations, ...mounts.operations, ...setCommandLine(agent)];
}

function setImage(agent: Agent): KubePatchOperation[] {
  const { wanted, container } = agent;
  if (container.image === wanted.image) return [];
  const path = containerPath(agent, "image");
  return [
    { op: "test", path, value: container.image },
    { op: "replace", path, value: wanted.image },
  ];
}

/** Mounts of snippets that are on the command line and are not wanted there any more. */
function leftSnippets({ container, wanted }: Agent): readonly Undone[] {
  const paths = appendedFiles(container).filter((path) => path !== wanted.appended?.path);
  return paths.flatMap((path) => {
    const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
    return mount === undefined ? [] : [{ path, volume: mount.name, before: {} }];
  });
}

/** The snippet goes to the end, where it wins over the files before it; the words of the agent's own stay as they are. */
function setCommandLine(agent: Agent): KubePatchOperation[] {
  const { wanted, container } = agent;
  const field = container.args === undefined ? "command" : "args";
  const before = container[field];
  const own = withoutSnippets(before ?? []);
  const after = wanted.appended === undefined ? own : [...own, "--config-file", wanted.appended.path];
  if (canonicalJson(before ?? []) === canonicalJson(after)) return [];
  const path = containerPath(agent, field);
  if (before === undefined) return [{ op: "add", path, value: after }];
  return [
    { op: "test", path, value: before },
    { op: "replace", path, value: after },
  ];
}

function withoutSnippets(words: readonly string[]): readonly string[] {
  const isSnippet = (word: string | undefined): boolean => word?.startsWith(`${APPENDED_DIRECTORY}/`) === true;
  return words.filter((word, index) => !isSnippet(word) && !(word === "--config-file" && isSnippet(words[index + 1])));
}
