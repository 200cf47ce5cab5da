/** What a command works on: a resource with the objects around it, from manifests as if everything in them ran, or from a cluster. */
import { KIND } from "../../api/v1alpha1/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject, StoredObject } from "../../kube/object.ts";
import type { OperatorSettings } from "../../model/observation.ts";
import { filesWanted } from "../../reconcilers/files-wanted.ts";
import { chooseUpgrade } from "../choose-upgrade.ts";
import { type Place, withCluster } from "../connection.ts";
import { UsageError } from "../failures.ts";
import type { Connecting } from "../surroundings.ts";
import { readNamed, readNamespace } from "./from-cluster.ts";
import { readFileObjects, readFolder, stored } from "./manifests.ts";
import { observed } from "./still-cluster.ts";

export interface Wish {
  /** Of a resource in the cluster; with neither name nor file the only one of the namespace. */
  readonly name: string | undefined;
  /** The file with the resource. */
  readonly file: string | undefined;
  /** A folder with everything that the cluster would hold; undefined: ask a cluster. */
  readonly manifests: string | undefined;
  readonly place: Place;
  readonly settings: OperatorSettings;
}

export interface Taken {
  readonly namespace: string;
  /** Of the resource, which is among the objects. */
  readonly name: string;
  readonly objects: readonly StoredObject[];
  readonly from: "manifests" | "cluster";
}

/** @throws UsageError where flags exclude each other, or a file cannot be used. */
export async function take(wish: Wish, around: Connecting, now: number): Promise<Taken> {
  const { file, manifests, place, settings } = wish;
  refuseContradictions(wish);
  const applied = file === undefined ? [] : await readFileObjects(file);
  const resource = file === undefined ? undefined : resourceIn(file, applied);
  if (manifests !== undefined && resource !== undefined) {
    const namespace = namespaceOf(resource, place.namespace, "default");
    const { name } = resource.metadata;
    return taken([...(await readFolder(manifests)), ...applied], namespace, name);
  }
  return withCluster(place, around, async ({ client, namespace: fallback }) => {
    const namespace = resource === undefined ? fallback : namespaceOf(resource, place.namespace, fallback);
    const name = resource?.metadata.name ?? (await chooseUpgrade(client, namespace, wish.name)).metadata.name;
    const asked = { settings, applied: inNamespace(applied, namespace), name, namespace };
    const objects = await fromCluster(client, asked, now);
    return { namespace, name, objects, from: "cluster" };
  });
}

function refuseContradictions({ name, file, manifests, place: { kubeconfig, context } }: Wish): void {
  if (file !== undefined && name !== undefined) throw new UsageError("give NAME or -f FILE, not both");
  if (manifests === undefined) return;
  if (file === undefined) throw new UsageError("-f FILE is missing: --manifests needs it");
  if ((kubeconfig ?? context) !== undefined) {
    throw new UsageError(
      "--manifests excludes --kubeconfig and --context: objects are taken from a folder or from a cluster",
    );
  }
}

function resourceIn(file: string, objects: readonly KubeObject[]): KubeObject {
  const [resource, second] = objects.filter((object) => object.kind === KIND);
  if (resource === undefined) throw new UsageError(`${file} holds no ${KIND}`);
  if (second !== undefined) throw new UsageError(`${file} holds more than one ${KIND}; it must be one`);
  return resource;
}

function namespaceOf({ metadata }: KubeObject, wanted: string | undefined, fallback: string): string {
  if (metadata.namespace !== undefined && wanted !== undefined && metadata.namespace !== wanted) {
    throw new UsageError(`the resource is in namespace ${metadata.namespace}, not in ${wanted} as --namespace says`);
  }
  return metadata.namespace ?? wanted ?? fallback;
}

/** Objects that are taken to run, all of them that are in the namespace. */
export function taken(all: readonly KubeObject[], namespace: string, name: string): Taken {
  const others = inNamespace(all, namespace).filter(({ kind, metadata }) => kind !== KIND || metadata.name === name);
  return { namespace, name, objects: together(others.map((object) => stored(object, namespace))), from: "manifests" };
}

const inNamespace = (objects: readonly KubeObject[], namespace: string): readonly KubeObject[] =>
  objects.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace);

/** The later of two objects of one kind and name counts, as it would if both were applied. */
function together(objects: readonly StoredObject[]): readonly StoredObject[] {
  return [...new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object])).values()];
}

interface Asked {
  readonly settings: OperatorSettings;
  readonly applied: readonly KubeObject[];
  readonly name: string;
  readonly namespace: string;
}

async function fromCluster(client: KubeClient, asked: Asked, now: number): Promise<readonly StoredObject[]> {
  const { settings, applied, name, namespace } = asked;
  const running = await readNamespace(client, namespace);
  const over = applied.map((object) => asApplied(running, stored(object, namespace)));
  const first = observed(together([...running, ...over]), name, settings, now);
  const workloads = first.workloads.seen === "present" ? first.workloads.value : [];
  const records = first.records.seen === "present" ? first.records.value : [];
  const files = await readNamed(client, namespace, filesWanted(first.upgrade, workloads, settings, records));
  const there = [...running, ...files];
  return together([...there, ...applied.map((object) => asApplied(there, stored(object, namespace)))]);
}

/**
 * What is applied over an object that exists keeps its identity, which a plan's hash is made of, and who holds it; its labels and
 * annotations are those of both, the file's where both have one.
 */
export function asApplied(there: readonly StoredObject[], object: StoredObject): StoredObject {
  const { kind, metadata } = object;
  const before = there.find((each) => each.kind === kind && each.metadata.name === metadata.name)?.metadata;
  if (before === undefined) return object;
  const labels = { ...before.labels, ...metadata.labels };
  const annotations = { ...before.annotations, ...metadata.annotations };
  return { ...object, metadata: { ...before, labels, annotations } };
}
