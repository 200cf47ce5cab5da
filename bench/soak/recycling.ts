/** Resources that are upgraded, deleted and made again, some at a time, each in its turn. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Watch, watchCollection } from "../../tools/control-plane/watch.ts";
import { deploymentSchema, isAsWanted } from "../finish-line.ts";
import { agentsPoll, type Ground, openScenes } from "../ground.ts";
import {
  deploymentName,
  deploymentsPath,
  eventually,
  must,
  newImage,
  oldImage,
  PARTS,
  RUN_LABEL,
  resetScene,
  type Scene,
  upgradeResource,
  upgradesPath,
} from "../scene.ts";

export interface Recycled {
  /** Seconds of each upgrade that ended, in the order of their ends. */
  readonly seconds: readonly number[];
  /** How often the resource that came to its turn least often has been upgraded, and the one most often. */
  readonly fewest: number;
  readonly most: number;
  readonly failures: readonly string[];
}

export interface Recycling extends AsyncDisposable {
  begin(): void;
  summary(): string;
  /** Lets those under way end. */
  stop(): Promise<Recycled>;
  removeAll(): Promise<void>;
}

/** Milliseconds in which an upgrade has to end, faults and all. */
const PATIENCE = 300_000;
const RUN = "soak";
const WATCHED = `/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades?labelSelector=${RUN_LABEL}%3D${RUN}`;

const upgradeSchema = z.object({
  metadata: z.object({ namespace: z.string() }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .prefault({}),
});

export async function recycling(
  ground: Ground,
  resources: number,
  atOnce: number,
  say: (line: string) => void,
): Promise<Recycling> {
  const scenes = Array.from(
    { length: resources },
    (_, index): Scene => ({ run: RUN, namespace: `${RUN}-${index}`, replicas: 1, strategy: "Full" }),
  );
  say(`placing ${resources} Ceilometers`);
  await openScenes(ground, scenes);
  const succeeded = new Set<string>();
  const watch: Watch = watchCollection(ground.cluster.api, WATCHED, upgradeSchema, ({ type, object }) => {
    const { metadata, status } = object;
    const isDone = status.conditions.some((each) => each.type === "Succeeded" && each.status === "True");
    if (isDone && type !== "DELETED") succeeded.add(metadata.namespace);
    else succeeded.delete(metadata.namespace);
  });
  await watch.synced;
  const seconds: number[] = [];
  const failures: string[] = [];
  const times = new Map(scenes.map(({ namespace }) => [namespace, 0]));
  const placed = new Set<string>();
  const over = new AbortController();

  const cycle = async (scene: Scene): Promise<void> => {
    const { namespace } = scene;
    if (placed.has(namespace)) await backToOld(ground, scene);
    const begun = performance.now();
    await must(ground.cluster, "POST", upgradesPath(namespace), upgradeResource(scene));
    placed.add(namespace);
    await eventually(async () => succeeded.has(namespace), `${namespace} does not end`, PATIENCE);
    const took = (performance.now() - begun) / 1000;
    const images = await imagesOf(ground, scene);
    if (images.some((image) => image !== newImage("Full")))
      throw new Error(
        `${namespace} says after ${took.toFixed(2)} s that it has succeeded and runs ${images.join(", ")}`,
      );
    seconds.push(took);
    times.set(namespace, (times.get(namespace) ?? 0) + 1);
  };
  const queue = [...scenes];
  const work = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const scene = queue.shift();
      if (scene === undefined) return;
      try {
        await cycle(scene);
        queue.push(scene);
      } catch (error) {
        // It stays as it is, to be looked at, and out of the turns.
        failures.push(error instanceof Error ? error.message : String(error));
        say(`FAILED ${failures.at(-1)}`);
      }
    }
  };
  const working: Promise<void>[] = [];
  return {
    begin() {
      working.push(...Array.from({ length: atOnce }, work));
    },
    summary: () => `${seconds.length} upgrades, the last in ${seconds.at(-1)?.toFixed(1)} s, ${failures.length} failed`,
    async stop() {
      over.abort();
      await Promise.all(working);
      const counts = [...times.values()];
      return { seconds, failures, fewest: Math.min(...counts), most: Math.max(...counts) };
    },
    async removeAll() {
      for (const namespace of placed)
        await ground.cluster.api.request("DELETE", `${upgradesPath(namespace)}/ceilometer`);
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await watch.stop();
    },
  };
}

async function deploymentsOf({ cluster }: Ground, { namespace }: Scene) {
  const texts = await Promise.all(
    PARTS.map((part) => must(cluster, "GET", `${deploymentsPath(namespace)}/${deploymentName(part)}`)),
  );
  return texts.map((text) => deploymentSchema.parse(JSON.parse(text)));
}

async function imagesOf(ground: Ground, scene: Scene): Promise<readonly string[]> {
  const deployments = await deploymentsOf(ground, scene);
  return deployments.flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image));
}

async function backToOld(ground: Ground, scene: Scene): Promise<void> {
  await resetScene(ground.cluster, scene);
  const isBack = async (): Promise<boolean> => {
    await pause(200);
    const gone =
      (await ground.cluster.api.request("GET", `${upgradesPath(scene.namespace)}/ceilometer`)).status === 404;
    const deployments = await deploymentsOf(ground, scene);
    return gone && deployments.every((each) => isAsWanted(each, { image: oldImage("Full"), replicas: scene.replicas }));
  };
  await eventually(isBack, `${scene.namespace} does not come back to the old release`);
  await agentsPoll(ground, scene);
}
