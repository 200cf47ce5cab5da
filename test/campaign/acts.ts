/** What other people and other controllers do in the middle of an upgrade, how it is put right, and what of the end is theirs. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Workload, workloadsOf } from "../e2e/fixtures/topology.ts";
import { conditionOf, eventually } from "../e2e/resource.ts";
import { collectionOf, createObject, type Scene } from "../e2e/scene.ts";
import { mergePatch, read } from "../e2e/shared-cluster.ts";
import type { Hidden } from "../support/watch-valve.ts";
import type { ActName, PlannedAct } from "./act-names.ts";

/** Where it happens. */
interface Place {
  readonly scene: Scene;
  /** Name of a workload or file; empty where the act is about neither. */
  readonly on: string;
}

interface Made {
  /** What somebody has to do where the upgrade is held by it. */
  readonly undo?: () => Promise<void>;
  /** The second half, once the operator has seen the first. */
  readonly back?: () => Promise<void>;
  /** Ends what goes on. */
  readonly stop?: () => Promise<void>;
}

export interface Performed extends Made {
  readonly planned: PlannedAct;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const PREFIX = "ceilometer.openstack.org";
/** Milliseconds; the operator waits for the answer to its write meanwhile. */
const SOON = 20_000;
const CATCH_UP = 5000;
/** Questions are asked anew of agents that have just been replaced. */
const REPLANNING = 60_000;
/** Milliseconds between two looks of a controller that reverts what others do. */
const HEALING = 100;

const doers: Readonly<Record<ActName, (place: Place) => Promise<Made | undefined>>> = {
  async scaled(place) {
    const { replicas = 1 } = fixture(place).spec;
    await mergePatch(place.scene.cluster, `${pathOf(place)}/scale`, { spec: { replicas: replicas + 1 } });
    return undefined;
  },
  async imageBack(place) {
    await setImage(place, oldImage(place));
    return { undo: () => setImage(place, targetImage(place.scene)) };
  },
  async undone(place) {
    const revisions = async (): Promise<boolean> => (await live(place)).metadata.annotations[REVISION] !== "1";
    await eventually(revisions, () => `${place.on} has one revision only`, SOON);
    await place.scene.kubectl("rollout", "undo", named(place));
    return { undo: () => setImage(place, targetImage(place.scene)) };
  },
  async paused(place) {
    await place.scene.kubectl("rollout", "pause", named(place));
    return { undo: () => ignoring(place.scene.kubectl("rollout", "resume", named(place))) };
  },
  async templateLabelled(place) {
    await mergePatch(place.scene.cluster, pathOf(place), {
      spec: { template: { metadata: { labels: { somebody: "was-here" } } } },
    });
    return undefined;
  },
  async unlabelled(place) {
    await mergePatch(place.scene.cluster, pathOf(place), { metadata: { labels: null } });
    return undefined;
  },
  async unpinned(place) {
    const nodeSelector = { [`${PREFIX}/offline`]: null, "kubernetes.io/hostname": null };
    await mergePatch(place.scene.cluster, pathOf(place), { spec: { template: { spec: { nodeSelector } } } });
    return undefined;
  },
  async claimRemoved(place) {
    await annotate(place, ["claim"], null);
    return undefined;
  },
  async marksWiped(place) {
    await annotate(place, MARKS, null);
    return undefined;
  },
  async marksGarbled(place) {
    await annotate(place, MARKS, '{"rubbish":');
    return undefined;
  },
  async podsDeleted(place) {
    const selector = labelsOf(place);
    const before = await podsOf(place);
    await place.scene.kubectl("delete", "pods", "-l", selector, "--wait=false");
    const back = async (): Promise<boolean> => {
      const now = await podsOf(place);
      return !now.some(({ uid }) => before.some((each) => each.uid === uid)) && isServing(await live(place));
    };
    await eventually(back, () => `pods of ${place.on} do not come back`, SOON);
    return undefined;
  },
  async recreated(place) {
    const { cluster, namespace } = place.scene;
    await cluster.api.request("DELETE", pathOf(place), { propagationPolicy: "Foreground" });
    await gone(place.scene, pathOf(place));
    await createObject(cluster, namespace, fixture(place));
    return { undo: () => setImage(place, targetImage(place.scene)) };
  },
  async healed(place) {
    return heal(place, { image: true });
  },
  async healedWhole(place) {
    return heal(place, { image: true, replicas: true });
  },
  async recordDeleted({ scene }) {
    for (const path of await records(scene)) await askToGo(scene, path);
    return undefined;
  },
  async recordForced({ scene }) {
    for (const path of await records(scene)) await removeHeld(scene, path);
    return { undo: () => mountOriginals(scene) };
  },
  async recordDisowned({ scene }) {
    return changeRecords(scene, { metadata: { ownerReferences: null } });
  },
  async recordUnlabelled({ scene }) {
    return changeRecords(scene, { metadata: { labels: null } });
  },
  async recordGarbled({ scene }) {
    const annotations = Object.fromEntries(RECORD_MARKS.map((key) => [`${PREFIX}/${key}`, '{"rubbish":']));
    await changeRecords(scene, { metadata: { annotations } });
    return undefined;
  },
  async endForged({ scene }) {
    const ended = JSON.stringify({ state: "Completed", at: new Date().toISOString(), retry: 0 });
    await changeRecords(scene, { metadata: { annotations: { [`${PREFIX}/ended`]: ended } } });
    return undefined;
  },
  async jobDeleted({ scene }) {
    for (const path of await migrations(scene)) await remove(scene, path);
    return undefined;
  },
  async jobDisowned({ scene }) {
    const paths = await migrations(scene);
    for (const path of paths) await mergePatch(scene.cluster, path, { metadata: { ownerReferences: null } });
    return { undo: () => removeAll(scene, paths) };
  },
  async jobGone({ scene }) {
    for (const path of await migrations(scene)) {
      const ended = async (): Promise<boolean> => jobSchema.parse(await read(scene.cluster, path)).status.succeeded > 0;
      await eventually(ended, () => `${path} does not end`, SOON);
      await remove(scene, path);
    }
    return undefined;
  },
  async groupDeleted({ scene }) {
    for (const path of await groups(scene)) await remove(scene, path);
    return undefined;
  },
  async groupDisowned({ scene }) {
    const paths = await groups(scene);
    for (const path of paths) await mergePatch(scene.cluster, path, { metadata: { ownerReferences: null } });
    return { undo: () => removeAll(scene, paths) };
  },
  async groupStopped({ scene }) {
    for (const path of await groups(scene)) await mergePatch(scene.cluster, `${path}/scale`, { spec: { replicas: 0 } });
    return undefined;
  },
  async retargeted({ scene }) {
    const { image } = scene.topology.spec.target;
    await scene.edit({ target: { image: `${image}-r2` } });
    return { back: () => scene.edit({ target: { image } }) };
  },
  async fileChanged(place) {
    const file = fileOf(place);
    const data = z.record(z.string(), z.string()).parse(file["data"]);
    const changed = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, `${text}# changed\n`]));
    await replaceFile(place, changed);
    return { back: () => replaceFile(place, data) };
  },
  async fileDeleted(place) {
    await remove(place.scene, filePath(place));
    return { undo: () => createObject(place.scene.cluster, place.scene.namespace, fileOf(place)) };
  },
};

/** What the act changes is hidden from the operator until it is done, where the plan says so: these collections. */
const COLLECTIONS: Readonly<Partial<Record<ActName, RegExp>>> = {
  jobGone: /\/jobs\?/,
  podsDeleted: /\/(?:pods|deployments|daemonsets)\?/,
  recreated: /\/(?:pods|deployments|daemonsets)\?/,
  retargeted: /\/ceilometerupgrades\?/,
  fileChanged: /\/configmaps\?/,
};

/** @throws where it cannot be done. */
export async function perform(scene: Scene, planned: PlannedAct): Promise<Performed> {
  const place = { scene, on: planned.on ?? "" };
  const at = Date.now();
  const { unseen } = planned;
  if (unseen === undefined) return { planned, at, ...(await doers[planned.act](place)) };
  const collection = COLLECTIONS[planned.act];
  if (collection === undefined) throw new Error(`nothing can be hidden of ${planned.act}`);
  const cover = scene.proxy.valve.hide((path) => collection.test(path));
  try {
    const { back, ...made } = (await doers[planned.act](place)) ?? {};
    await back?.();
    await eventually(
      () => isKept(scene, cover),
      () => `the watches do not tell of ${planned.act}`,
      CATCH_UP,
    );
    return { planned, at, ...made };
  } finally {
    cover.release(unseen);
  }
}

/** What is kept is what there is: the last event of each object has come. */
async function isKept({ cluster }: Scene, cover: Hidden): Promise<boolean> {
  const watches = cover.kept();
  if (watches.every(({ objects }) => objects.length === 0)) return false;
  for (const { path, objects } of watches) {
    const url = new URL(path, cluster.server);
    for (const key of ["watch", "resourceVersion", "allowWatchBookmarks", "timeoutSeconds"])
      url.searchParams.delete(key);
    const { items } = listSchema.parse(await read(cluster, `${url.pathname}${url.search}`));
    const now = new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
    const behind = objects.some(({ name, resourceVersion, isGone }) =>
      isGone ? now.has(name) : now.get(name) !== resourceVersion,
    );
    if (behind) return false;
  }
  return true;
}

const MARKS = ["claim", "borrowed", "phase", "completed-plan"] as const;
const RECORD_MARKS = ["ended", "clock", "verbs", "gates"] as const;
const REVISION = "deployment.kubernetes.io/revision";

const workloadSchema = z.object({
  metadata: z.object({ generation: z.int(), annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    replicas: z.int().optional(),
    template: z.object({ spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string() })) }) }),
  }),
  status: z
    .object({
      observedGeneration: z.int().default(0),
      readyReplicas: z.int().default(0),
      desiredNumberScheduled: z.int().optional(),
      numberReady: z.int().default(0),
    })
    .prefault({}),
});
type Live = z.infer<typeof workloadSchema>;
const jobSchema = z.object({ status: z.object({ succeeded: z.int().default(0) }).prefault({}) });
const listSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        resourceVersion: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    }),
  ),
});

function fixture({ scene, on }: Place): Workload {
  const found = workloadsOf(scene.topology).find(({ metadata }) => metadata.name === on);
  if (found === undefined) throw new Error(`${scene.topology.name} has no workload ${on}`);
  return found;
}

const pathOf = (place: Place): string => `${collectionOf(fixture(place).kind, place.scene.namespace)}/${place.on}`;
const named = (place: Place): string => `${fixture(place).kind.toLowerCase()}/${place.on}`;
const labelsOf = (place: Place): string =>
  Object.entries(fixture(place).spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

const live = async (place: Place): Promise<Live> =>
  workloadSchema.parse(await read(place.scene.cluster, pathOf(place)));

function isServing({ metadata, spec, status }: Live): boolean {
  const { observedGeneration, desiredNumberScheduled, numberReady, readyReplicas } = status;
  const serves =
    desiredNumberScheduled === undefined
      ? readyReplicas === (spec.replicas ?? 1)
      : numberReady === desiredNumberScheduled;
  return observedGeneration >= metadata.generation && serves;
}

async function listed(scene: Scene, collection: string, selector: string) {
  const path = `${collection}?labelSelector=${encodeURIComponent(selector)}`;
  const { items } = listSchema.parse(await read(scene.cluster, path));
  return items.map(({ metadata }) => metadata);
}

const podsOf = (place: Place) =>
  listed(place.scene, `/api/v1/namespaces/${place.scene.namespace}/pods`, labelsOf(place));

async function made(scene: Scene, collection: string, purpose: string): Promise<readonly string[]> {
  const found = await listed(scene, collection, `${PREFIX}/purpose=${purpose}`);
  if (found.length === 0) throw new Error(`there is no ${purpose} in ${collection}`);
  return found.map(({ name }) => `${collection}/${name}`);
}
const records = (scene: Scene) => made(scene, collectionOf("ConfigMap", scene.namespace), "attempt");
const groups = (scene: Scene) => made(scene, collectionOf("Deployment", scene.namespace), "isolated");
const migrations = (scene: Scene) => made(scene, `/apis/batch/v1/namespaces/${scene.namespace}/jobs`, "migration");

async function changeRecords(scene: Scene, change: unknown): Promise<Made> {
  const paths = await records(scene);
  for (const path of paths) await mergePatch(scene.cluster, path, change);
  const undo = async (): Promise<void> => {
    for (const path of paths) await removeHeld(scene, path);
  };
  return { undo };
}

async function gone(scene: Scene, path: string): Promise<void> {
  const isGone = async (): Promise<boolean> => (await read(scene.cluster, path)) === undefined;
  await eventually(isGone, () => `${path} is still there`, SOON);
}

async function askToGo(scene: Scene, path: string): Promise<void> {
  const { status, text } = await scene.cluster.api.request("DELETE", path, { propagationPolicy: "Background" });
  if (status !== 200 && status !== 202) throw new Error(`DELETE ${path}: ${status} ${text}`);
}

async function remove(scene: Scene, path: string): Promise<void> {
  await askToGo(scene, path);
  await gone(scene, path);
}

async function removeHeld(scene: Scene, path: string): Promise<void> {
  await mergePatch(scene.cluster, path, { metadata: { finalizers: null } });
  await remove(scene, path);
}

async function removeAll(scene: Scene, paths: readonly string[]): Promise<void> {
  for (const path of paths) await remove(scene, path);
}

async function annotate(place: Place, keys: readonly string[], value: string | null): Promise<void> {
  const annotations = Object.fromEntries(keys.map((key) => [`${PREFIX}/${key}`, value]));
  await mergePatch(place.scene.cluster, pathOf(place), { metadata: { annotations } });
}

function oldImage(place: Place): string {
  return fixture(place).spec.template.spec.containers.map(({ image }) => image)[0] ?? "";
}
const targetImage = ({ topology }: Scene): string => topology.spec.target.image;

async function setImage(place: Place, image: string): Promise<void> {
  const containers = fixture(place).spec.template.spec.containers.map(({ name }) => `${name}=${image}`);
  await place.scene.kubectl("set", "image", named(place), ...containers);
}

/** What polling agents mounted before, as the remedy asks for. */
async function mountOriginals(scene: Scene): Promise<void> {
  for (const { name = "" } of scene.topology.spec.components.polling?.targets ?? []) {
    const place = { scene, on: name };
    const { containers, ...pod } = fixture(place).spec.template.spec;
    const change = [
      { op: "replace", path: "/spec/template/spec/containers/0/volumeMounts", value: containers[0]?.["volumeMounts"] },
      { op: "replace", path: "/spec/template/spec/volumes", value: pod["volumes"] },
    ];
    const contentType = "application/json-patch+json";
    const { status, text } = await scene.cluster.api.request("PATCH", pathOf(place), change, { contentType });
    if (status !== 200) throw new Error(`PATCH ${pathOf(place)}: ${status} ${text}`);
  }
}

/** Somebody may have done it already. */
const ignoring = (done: Promise<unknown>): Promise<void> =>
  done.then(
    () => undefined,
    () => undefined,
  );

/** Until somebody says otherwise to it: and then a retry is asked for, as the remedy says. */
function heal(place: Place, what: { readonly image: boolean; readonly replicas?: boolean }): Made {
  const life = new AbortController();
  const { replicas = 1 } = fixture(place).spec;
  const look = async (): Promise<void> => {
    const { spec } = await live(place);
    const old = oldImage(place);
    const containers = spec.template.spec.containers.filter(({ image }) => image !== old);
    const isScaled = what.replicas === true && spec.replicas !== undefined && spec.replicas !== replicas;
    if (containers.length === 0 && !isScaled) return;
    const patch = {
      spec: {
        ...(isScaled ? { replicas } : {}),
        template: { spec: { containers: containers.map(({ name }) => ({ name, image: old })) } },
      },
    };
    const contentType = "application/strategic-merge-patch+json";
    await place.scene.cluster.api.request("PATCH", pathOf(place), patch, { contentType });
  };
  const running = (async () => {
    while (!life.signal.aborted) {
      await look();
      await pause(HEALING, undefined, { signal: life.signal }).catch(() => undefined);
    }
  })();
  const stop = async (): Promise<void> => {
    life.abort();
    await running;
  };
  return {
    stop,
    async undo() {
      await stop();
      await place.scene.edit({ retryAttempt: 1 });
    },
  };
}

const fileOf = ({ scene, on }: Place) => {
  const found = scene.topology.objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === on);
  if (found === undefined) throw new Error(`${scene.topology.name} has no ConfigMap ${on}`);
  return found;
};
const filePath = (place: Place): string => `${collectionOf("ConfigMap", place.scene.namespace)}/${place.on}`;

/** It is immutable, so it is made anew under its name. */
async function replaceFile(place: Place, data: Readonly<Record<string, string>>): Promise<void> {
  const { cluster, namespace } = place.scene;
  await remove(place.scene, filePath(place));
  await createObject(cluster, namespace, { ...fileOf(place), data });
}

/** The operator goes on from the first half of an act: by its next write, or it says why there is none. */
export async function isSeen(scene: Scene, before: number): Promise<void> {
  const stalled = async (): Promise<boolean> => conditionOf(await scene.resource(), "Stalled")?.status === "True";
  const goesOn = async (): Promise<boolean> => scene.effects().length > before + 1 || (await stalled());
  await eventually(goesOn, () => "nothing follows from the first half", REPLANNING);
}
