/** What a plan is made from: one look at manifests, as if everything in them ran, or at a cluster as it is. */
import { FIELD_MANAGER, KIND } from "../../src/api/v1alpha1/names.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import { loadKubeConnection } from "../../src/kube/config.ts";
import type { KubeObject, StoredObject } from "../../src/kube/object.ts";
import type { Observation, OperatorSettings, Workload } from "../../src/model/observation.ts";
import { atRest } from "../../src/plan/ideal-cluster.ts";
import { filesWanted } from "../../src/reconcilers/files-wanted.ts";
import { VERSION } from "../../src/version.ts";
import { readNamed, readNamespace } from "./from-cluster.ts";
import { readFileObjects, readFolder, stored } from "./manifests.ts";
import { type PlanOptions, UsageError } from "./options.ts";
import { observed } from "./still-cluster.ts";

export async function lookAt(options: PlanOptions, env: NodeJS.ProcessEnv, now: number): Promise<Observation> {
  const applied = await readFileObjects(options.file);
  const resource = resourceIn(options.file, applied);
  if (options.manifests !== undefined) return fromManifests(options, applied, resource, now);
  const connection = await loadKubeConnection({ kubeconfig: options.kubeconfig, env }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`no cluster can be asked: ${why}; name one with --kubeconfig, or plan from --manifests`);
  });
  const client = createKubeClient(connection, {
    userAgent: `ceilometer-upgrade-plan/${VERSION}`,
    fieldManager: FIELD_MANAGER,
  });
  try {
    const namespace = namespaceOf(resource, options.namespace, connection.namespace);
    return await fromCluster(client, { options, applied, resource, namespace }, now);
  } finally {
    client.close();
  }
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

const settingsOf = ({ imagesAllowed, podLogs, providers, secrets }: PlanOptions): OperatorSettings => ({
  imagesAllowed,
  providers,
  podLogs,
  secrets,
});

/** The later of two objects of one kind and name counts, as it would if both were applied. */
function together(objects: readonly StoredObject[]): readonly StoredObject[] {
  return [...new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object])).values()];
}

/** No manifest says how many hosts there are: one of them gets the first agent, another one stands for the rest. */
const unseenHosts = ({ metadata: { name } }: Workload): readonly string[] => [
  `a-host-of-${name}`,
  `other-hosts-of-${name}`,
];

async function fromManifests(
  options: PlanOptions,
  applied: readonly KubeObject[],
  resource: KubeObject,
  now: number,
): Promise<Observation> {
  const namespace = namespaceOf(resource, options.namespace, "default");
  const all = [...(await readFolder(options.manifests ?? ".")), ...applied];
  const inside = all.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace);
  const others = inside.filter(({ kind, metadata }) => kind !== KIND || metadata.name === resource.metadata.name);
  const objects = together(others.map((object) => stored(object, namespace)));
  const seen = observed(objects, resource.metadata.name, settingsOf(options), now);
  return atRest(seen, unseenHosts);
}

interface Asked {
  readonly options: PlanOptions;
  readonly applied: readonly KubeObject[];
  readonly resource: KubeObject;
  readonly namespace: string;
}

async function fromCluster(client: KubeClient, asked: Asked, now: number): Promise<Observation> {
  const { options, applied, resource, namespace } = asked;
  const running = await readNamespace(client, namespace);
  const settings = settingsOf(options);
  const look = (there: readonly StoredObject[]): Observation => {
    const objects = together([...there, ...applied.map((object) => over(there, stored(object, namespace)))]);
    return observed(objects, resource.metadata.name, settings, now);
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
