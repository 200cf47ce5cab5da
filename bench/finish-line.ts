/** The same end of the same work for every driver, seen by a watch that none of them has a part in. */
import { z } from "zod";
import type { Cluster } from "../tools/control-plane/cluster.ts";
import { type Watch, watchCollection } from "../tools/control-plane/watch.ts";
import { RUN_LABEL } from "./scene.ts";

const count = z.int().default(0);
export const deploymentSchema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string(), generation: z.int() }),
  spec: z.object({
    replicas: z.int(),
    template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  }),
  status: z
    .object({ observedGeneration: count, replicas: count, updatedReplicas: count, availableReplicas: count })
    .prefault({}),
});

export interface Wanted {
  readonly run: string;
  readonly image: string;
  readonly replicas: number;
  /** How many Deployments have to be as wanted. */
  readonly deployments: number;
}

export interface Finish {
  /** `performance.now()` of the moment when the last one was as wanted. */
  readonly at: number;
  /** The same of each Deployment, by name; of the last namespace, where there are several. */
  readonly parts: ReadonlyMap<string, number>;
}

export interface FinishLine extends AsyncDisposable {
  readonly crossed: Promise<Finish>;
}

/** Milliseconds in which anything must be done, and what each Deployment may add to it. */
const PATIENCE = 600_000;
const PATIENCE_EACH = 500;

export async function finishLine(cluster: Cluster, wanted: Wanted): Promise<FinishLine> {
  const timeout = PATIENCE + wanted.deployments * PATIENCE_EACH;
  const { promise, resolve, reject } = Promise.withResolvers<Finish>();
  // Whoever fails before is not to be told twice.
  promise.catch(() => undefined);
  const done = new Set<string>();
  const parts = new Map<string, number>();
  const path = `/apis/apps/v1/deployments?labelSelector=${RUN_LABEL}%3D${wanted.run}`;
  const watch: Watch = watchCollection(cluster.api, path, deploymentSchema, ({ object }) => {
    const { namespace, name } = object.metadata;
    const key = `${namespace}/${name}`;
    // Arrived once is arrived: a driver that then lets its Deployments go writes to them again, and changes no pod by it.
    if (done.has(key) || !isAsWanted(object, wanted)) return;
    done.add(key);
    parts.set(name, performance.now());
    if (done.size === wanted.deployments) resolve({ at: performance.now(), parts });
  });
  const timer = setTimeout(() => {
    reject(
      new Error(`${done.size} of ${wanted.deployments} Deployments of ${wanted.run} are as wanted after ${timeout} ms`),
    );
  }, timeout);
  await watch.synced;
  return {
    crossed: promise,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await watch.stop();
    },
  };
}

export function isAsWanted(
  { metadata, spec, status }: z.infer<typeof deploymentSchema>,
  { image, replicas }: Pick<Wanted, "image" | "replicas">,
): boolean {
  const counts = [spec.replicas, status.replicas, status.updatedReplicas, status.availableReplicas];
  return (
    spec.template.spec.containers.every((container) => container.image === image) &&
    status.observedGeneration >= metadata.generation &&
    counts.every((each) => each === replicas)
  );
}
