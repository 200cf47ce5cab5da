/** Who can bring scenes to the new release, each made ready before the clock starts. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import { type Watch, watchCollection } from "../tools/control-plane/watch.ts";
import type { Asked } from "./audit-log.ts";
import type { Ground } from "./ground.ts";
import { kubectlScript } from "./kubectl-script.ts";
import type { Order } from "./lower-bound.ts";
import { nameOf, type OperatorProcess, startOperator, type Variant } from "./operator.ts";
import { cpuOf, type Memory, memoryOf } from "./process-figures.ts";
import { must, RUN_LABEL, type Scene, upgradeResource, upgradesPath } from "./scene.ts";

export interface Prepared extends AsyncDisposable {
  /** Begins at once; resolves when the driver itself says that it has finished. */
  begin(): Promise<void>;
  /** Milliseconds of CPU so far; undefined where the driver is no one process. */
  cpu(): Promise<number | undefined>;
  memory(): Promise<Memory | undefined>;
  readonly operator?: OperatorProcess;
}

export interface Driver {
  readonly name: string;
  /** Whether a request to the API server was this driver's. */
  mine(asked: Asked): boolean;
  /** For scenes of one run. */
  prepare(ground: Ground, scenes: readonly Scene[]): Promise<Prepared>;
}

export const lowerBound: Driver = {
  name: "lower bound",
  mine: ({ agent }) => agent === "lower-bound",
  async prepare({ cluster }, scenes) {
    const [first] = scenes;
    if (first === undefined) throw new Error("no scene");
    const { server, ca, cert, key } = cluster.api.access;
    const { run, replicas } = first;
    const tls = { ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    const order: Order = { server, ...tls, run, replicas, namespaces: scenes.map(({ namespace }) => namespace) };
    const child = fork(join(import.meta.dirname, "lower-bound.ts"));
    const { pid } = child;
    if (pid === undefined) throw new Error("the lower-bound driver did not start");
    const failed = once(child, "exit").then(() => {
      throw new Error("the lower-bound driver ended before its work was done");
    });
    failed.catch(() => undefined);
    child.send(order);
    await Promise.race([once(child, "message"), failed]);
    return {
      async begin() {
        const done = once(child, "message");
        child.send("begin");
        await Promise.race([done, failed]);
      },
      cpu: () => cpuOf(pid),
      memory: () => memoryOf(pid),
      async [Symbol.asyncDispose]() {
        if (child.exitCode !== null) return;
        const ended = once(child, "close");
        child.kill();
        await ended;
      },
    };
  },
};

export const kubectl: Driver = {
  name: "kubectl script",
  mine: ({ agent }) => agent.startsWith("kubectl/"),
  prepare: ({ cluster }, scenes) =>
    Promise.resolve({
      async begin() {
        await Promise.all(scenes.map((scene) => kubectlScript(cluster, scene)));
      },
      cpu: () => Promise.resolve(undefined),
      memory: () => Promise.resolve(undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

export function operator(variant: Variant): Driver {
  return {
    name: `operator (${nameOf(variant)})`,
    mine: isOperator,
    async prepare(ground, scenes) {
      // A Role in each namespace for a few; for many a ClusterRole and one watch of each kind, as the chart does it.
      const namespaces = scenes.length === 1 ? scenes.map(({ namespace }) => namespace) : [];
      await using stack = new AsyncDisposableStack();
      const process_ = stack.use(await startOperator(ground, variant, namespaces));
      await process_.leads();
      const owned = stack.move();
      return {
        operator: process_,
        begin: () => askFor(ground, scenes),
        cpu: () => process_.cpu(),
        memory: () => process_.memory(),
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      };
    },
  };
}

export const isOperator = ({ agent }: Asked): boolean => agent.startsWith("ceilometer-upgrade-operator/");

const upgradeSchema = z.object({
  metadata: z.object({ namespace: z.string() }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .prefault({}),
});

/** Creates the resources of the scenes, and resolves when each of them says that it has succeeded. */
export async function askFor({ cluster }: Ground, scenes: readonly Scene[]): Promise<void> {
  const left = new Set(scenes.map(({ namespace }) => namespace));
  const { promise, resolve } = Promise.withResolvers<void>();
  const path = `/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades?labelSelector=${RUN_LABEL}%3D${scenes[0]?.run}`;
  // Created before anybody watches, so that the clock starts with the first of them.
  const created = Promise.all(
    scenes.map((scene) => must(cluster, "POST", upgradesPath(scene.namespace), upgradeResource(scene))),
  );
  const watch: Watch = watchCollection(cluster.api, path, upgradeSchema, ({ object: { metadata, status } }) => {
    if (!status.conditions.some((each) => each.type === "Succeeded" && each.status === "True")) return;
    left.delete(metadata.namespace);
    if (left.size === 0) resolve();
  });
  try {
    await created;
    await promise;
  } finally {
    await watch.stop();
  }
}
