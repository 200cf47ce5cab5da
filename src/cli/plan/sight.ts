/** What a plan is made from: one look at manifests, as if everything in them ran, or at a cluster as it is. */
import { KIND } from "../../api/v1alpha1/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject, StoredObject } from "../../kube/object.ts";
import type { Observation, OperatorSettings, Workload } from "../../model/observation.ts";
import { atRest } from "../../plan/ideal-cluster.ts";
import { filesWanted } from "../../reconcilers/files-wanted.ts";
import { chooseUpgrade } from "../choose-upgrade.ts";
import { type Place, withCluster } from "../connection.ts";
import { UsageError } from "../failures.ts";
import { readNamed, readNamespace } from "../objects/from-cluster.ts";
import { readFileObjects, readFolder, stored } from "../objects/manifests.ts";
import { observed } from "../objects/still-cluster.ts";
import type { Surroundings } from "../surroundings.ts";

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

export async function lookAt(wish: Wish, env: Surroundings["env"], now: number): Promise<Observation> {
  const { file, manifests, place, settings } = wish;
  const applied = file === undefined ? [] : await readFileObjects(file);
  const resource = file === undefined ? undefined : resourceIn(file, applied);
  if (manifests !== undefined && resource !== undefined) {
    const namespace = namespaceOf(resource, place.namespace, "default");
    return planned(
      [...(await readFolder(manifests)), ...applied],
      { settings, name: resource.metadata.name, namespace },
      now,
    );
  }
  return withCluster(place, env, async ({ client, namespace: fallback }) => {
    const namespace = resource === undefined ? fallback : namespaceOf(resource, place.namespace, fallback);
    const name = resource?.metadata.name ?? (await chooseUpgrade(client, namespace, wish.name)).metadata.name;
    return fromCluster(client, { settings, applied, name, namespace }, now);
  });
}

function resourceIn(file: string, objects: readonly KubeObject[]): KubeObject {
  const [resource, second] = objects.filter((object) => object.kind === KIND);
  if (resource === undefined) throw new UsageError(`${file} holds no ${KIND}`);
  if (second !== undefined) throw new UsageError(`${file} holds more than one ${KIND}; a plan is of one`);
  return resource;
}

function namespaceOf({ metadata }: KubeObject, wanted: string | undefined, fallback: string): string {
  if (metadata.namespace !== undefined && wanted !== undefined && metadata.namespace !== wanted) {
    throw new UsageError(`the resource is in namespace ${metadata.namespace}, not in ${wanted} as --namespace says`);
  }
  return metadata.namespace ?? wanted ?? fallback;
}

/** The later of two objects of one kind and name counts, as it would if both were applied. */
function together(objects: readonly StoredObject[]): readonly StoredObject[] {
  return [...new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object])).values()];
}

/** No manifest says how many hosts there are: one of them gets the first agent, another one stands for the rest. */
const unseenHosts = ({ metadata: { name } }: Workload): readonly string[] => [
  `a-host-of-${name}`,
  `other-hosts-of-${name}`,
];

interface Asked {
  readonly settings: OperatorSettings;
  readonly applied: readonly KubeObject[];
  readonly name: string;
  readonly namespace: string;
}

/** What is planned from objects that are taken to run, all of them. */
export function planned(all: readonly KubeObject[], asked: Omit<Asked, "applied">, now: number): Observation {
  const { settings, name, namespace } = asked;
  const inside = all.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace);
  const others = inside.filter(({ kind, metadata }) => kind !== KIND || metadata.name === name);
  const objects = together(others.map((object) => stored(object, namespace)));
  return atRest(observed(objects, name, settings, now), unseenHosts);
}

async function fromCluster(client: KubeClient, asked: Asked, now: number): Promise<Observation> {
  const { settings, applied, name, namespace } = asked;
  const running = await readNamespace(client, namespace);
  const look = (there: readonly StoredObject[]): Observation => {
    const objects = together([...there, ...applied.map((object) => over(there, stored(object, namespace)))]);
    return observed(objects, name, settings, now);
  };
  const first = look(running);
  const workloads = first.workloads.seen === "present" ? first.workloads.value : [];
  const records = first.records.seen === "present" ? first.records.value : [];
  const files = await readNamed(client, namespace, filesWanted(first.upgrade, workloads, settings, records));
  return look([...running, ...files]);
}

/** What is applied over an object that exists keeps its identity: a plan's hash is made of it. */
function over(there: readonly StoredObject[], object: StoredObject): StoredObject {
  const { kind, metadata } = object;
  const before = there.find((each) => each.kind === kind && each.metadata.name === metadata.name);
  return before === undefined ? object : { ...object, metadata: before.metadata };
}
