/** Who can bring scenes to the new release, each made ready before the clock starts. */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { type Watch, watchCollection } from "../tools/control-plane/watch.ts";
import type { Asked } from "./audit-log.ts";
import type { Ground } from "./ground.ts";
import { type HelmRelease, installRelease } from "./helm.ts";
import { kubectlScript } from "./kubectl-script.ts";
import type { Order } from "./lower-bound.ts";
import { nameOf, type OperatorProcess, startOperator, type Variant } from "./operator.ts";
import type { Peer } from "./peers.ts";
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
    const { run, replicas, strategy } = first;
    const tls = { ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    const namespaces = scenes.map(({ namespace }) => namespace);
    const order: Order = { server, ...tls, run, replicas, strategy, namespaces };
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
        if (child.exitCode !== null || child.signalCode !== null) return;
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

export const helm: Driver = {
  name: "helm upgrade --wait (unordered)",
  mine: ({ agent }) => agent.startsWith("Helm/"),
  async prepare({ cluster }, scenes) {
    const releases: HelmRelease[] = [];
    for (const scene of scenes) releases.push(await installRelease(cluster, scene));
    return {
      async begin() {
        await Promise.all(releases.map((release) => release.upgrade()));
      },
      cpu: () => Promise.resolve(undefined),
      memory: () => Promise.resolve(undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

/** Milliseconds in which a peer has to be ready. */
const PEER_START = 120_000;

export function peer(which: Peer, kubeconfig: string): Driver {
  return {
    name: which.name,
    mine: ({ agent }) => which.agents.some((beginning) => agent.startsWith(beginning)),
    async prepare(ground, scenes) {
      // As with the operator: one namespace, or all of them.
      const namespaces = scenes.length === 1 ? scenes.map(({ namespace }) => namespace) : [];
      const { program, args, env } = which.command(kubeconfig, namespaces, scenes);
      const options = { env: { PATH: process.env["PATH"] ?? "", HOME: ground.cluster.dir, ...env } };
      const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
      const ended = once(child, "close");
      let errors = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        errors = (errors + text).slice(-2000);
      });
      const failed = ended.then(() => {
        throw new Error(`${which.name} ended before its work was done: ${errors}`);
      });
      failed.catch(() => undefined);
      const ready = Promise.withResolvers<void>();
      const done = Promise.withResolvers<void>();
      const left = new Set(scenes.map(({ namespace }) => namespace));
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line === "ready") ready.resolve();
        const [word, namespace = ""] = line.split(" ");
        if (word === "done" && left.delete(namespace) && left.size === 0) done.resolve();
      });
      const stop = async (): Promise<void> => {
        clearTimeout(timer);
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
        await ended;
      };
      const timer = setTimeout(() => ready.reject(new Error(`${which.name} is not ready: ${errors}`)), PEER_START);
      const { pid } = child;
      try {
        await Promise.race([ready.promise, failed]);
        if (pid === undefined) throw new Error(`${which.name} did not start`);
      } catch (error) {
        await stop();
        throw error;
      }
      clearTimeout(timer);
      return {
        async begin() {
          await createUpgrades(ground, scenes);
          await Promise.race([done.promise, failed]);
        },
        cpu: () => cpuOf(pid),
        memory: () => memoryOf(pid),
        [Symbol.asyncDispose]: stop,
      };
    },
  };
}

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
export async function askFor(ground: Ground, scenes: readonly Scene[]): Promise<void> {
  const left = new Set(scenes.map(({ namespace }) => namespace));
  const { promise, resolve } = Promise.withResolvers<void>();
  const path = `/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades?labelSelector=${RUN_LABEL}%3D${scenes[0]?.run}`;
  // Created before anybody watches, so that the clock starts with the first of them.
  const created = createUpgrades(ground, scenes);
  const watch: Watch = watchCollection(ground.cluster.api, path, upgradeSchema, ({ object: { metadata, status } }) => {
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

async function createUpgrades({ cluster }: Ground, scenes: readonly Scene[]): Promise<void> {
  await Promise.all(
    scenes.map((scene) => must(cluster, "POST", upgradesPath(scene.namespace), upgradeResource(scene))),
  );
}
