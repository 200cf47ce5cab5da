/**
 * What an upgrade leaves behind, without what no two runs have in common: names of namespaces, uids, hashes and times. Two
 * runs that end in the same state answer equal values. Generations are kept: they count the writes on each workload.
 */
import { z } from "zod";
import { eventually, readResource, tell, type Wanted } from "./resource.ts";
import type { Scene } from "./scene.ts";
import { read } from "./shared-cluster.ts";

const FIELD_MANAGER = "ceilometer-upgrade-operator";

const listSchema = z.object({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({
        name: z.string(),
        generation: z.int().optional(),
        annotations: z.record(z.string(), z.string()).default({}),
        managedFields: z.array(z.object({ manager: z.string() })).default([]),
        ownerReferences: z.array(z.object({ kind: z.string(), name: z.string(), uid: z.string() })).default([]),
      }),
      spec: z.unknown().optional(),
      status: z.looseObject({ succeeded: z.int().optional(), failed: z.int().optional() }).optional(),
      immutable: z.boolean().optional(),
    }),
  ),
});
type Item = z.infer<typeof listSchema>["items"][number];

type Place = Pick<Scene, "cluster" | "namespace">;

async function list(scene: Place, collection: string): Promise<readonly Item[]> {
  const [group = "", plural = ""] = collection.split(":");
  const { items } = listSchema.parse(await read(scene.cluster, `${group}/namespaces/${scene.namespace}/${plural}`));
  return items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Hashes end names and fill annotations; a run's own are of no interest. */
export const anonymous = (scene: Pick<Place, "namespace">, text: string): string =>
  text
    .replaceAll(scene.namespace, "NAMESPACE")
    .replaceAll(/-[0-9a-f]{8}\b/g, "-HASH")
    .replaceAll(/\b[0-9a-f]{16}\b/g, "HASH");

/** Its resource was made anew: the garbage collector removes it when it comes by, soon or late. */
const isGarbage = ({ metadata }: Item, uid: string | undefined): boolean =>
  uid !== undefined &&
  metadata.ownerReferences.some((owner) => owner.kind === "CeilometerUpgrade" && owner.uid !== uid);

/** Not by their names, of which several may differ in a hash alone. */
const ordered = <T>(list: readonly T[]): readonly T[] =>
  list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

export async function endState(scene: Place): Promise<unknown> {
  const resource = await readResource(scene.cluster, scene.namespace, "ceilometer");
  const workloads = await Promise.all(
    ["deployments", "daemonsets", "statefulsets"].map(async (plural) =>
      (await list(scene, `/apis/apps/v1:${plural}`)).map(({ metadata, spec }) => ({
        workload: `${plural}/${metadata.name}`,
        generation: metadata.generation,
        annotations: metadata.annotations,
        ours: metadata.managedFields.some(({ manager }) => manager === FIELD_MANAGER),
        spec,
      })),
    ),
  );
  const uid = resource?.metadata.uid;
  const kept = async (collection: string): Promise<readonly Item[]> =>
    (await list(scene, collection)).filter((item) => !isGarbage(item, uid));
  const jobs = (await kept("/apis/batch/v1:jobs")).map(({ metadata, status }) => ({
    job: anonymous(scene, metadata.name),
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
  }));
  const configMaps = (await kept("/api/v1:configmaps")).map(({ metadata, immutable }) => ({
    configMap: anonymous(scene, metadata.name),
    immutable: immutable ?? false,
    annotations: Object.keys(metadata.annotations).toSorted(),
    owners: metadata.ownerReferences.map(({ kind, name }) => ({ kind, name })),
  }));
  const status = {
    finalizers: resource?.metadata.finalizers,
    conditions: resource?.status.conditions.map(({ type, status: value, reason, message }) => [
      type,
      value,
      reason,
      message,
    ]),
    steps: resource?.status.steps.map(({ name, state, message }) => ({ name, state, message })),
    history: resource?.status.history,
  };
  const text = JSON.stringify({
    workloads: workloads.flat(),
    jobs: ordered(jobs),
    configMaps: ordered(configMaps),
    status,
  });
  const state: unknown = JSON.parse(anonymous(scene, text));
  return state;
}

interface Settling {
  readonly timeout?: number;
  /** What it says in the end. Default: that it has succeeded. */
  readonly says?: Wanted;
}

/** Waits until a resource has nothing more to write: it says that it has ended, and holds no finalizer. */
export async function settledState(
  scene: Scene,
  { says = { type: "Succeeded", status: "True" }, ...waiting }: Settling = {},
): Promise<unknown> {
  await scene.until(says, waiting);
  const done = async (): Promise<boolean> => (await scene.resource())?.metadata.finalizers.length === 0;
  await eventually(done, async () => `the finalizer stays\n${tell(await scene.resource())}`, waiting.timeout ?? 30_000);
  return endState(scene);
}
