/** The one control plane that all drivers run on, with what the operator needs to run beside it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { installChart, successful } from "../scripts/demo/installation.ts";
import { type Cluster, startCluster } from "../tools/control-plane/cluster.ts";
import type { Speed } from "../tools/control-plane/cluster-configuration.ts";
import { startPodLogs } from "../tools/control-plane/pod-logs.ts";
import { finishLine } from "./finish-line.ts";
import { eventually, must, oldImage, PARTS, POLLED, placeScene, type Scene } from "./scene.ts";

const NAME = "ceilometer-upgrade-operator";

export interface Ground extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly auditLog: string;
  /** With a token of the chart's ServiceAccount and no other credentials. */
  readonly kubeconfig: string;
  /** The same token as a pod finds it: `token`, `ca.crt`, `namespace`. */
  readonly serviceAccountDir: string;
  /** Where every process of the operator leaves a profile of its CPU; undefined: no profiles. */
  readonly profiles: string | undefined;
}

export async function openGround(speed: Speed, nodes: number, profiles?: string): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const auditPolicy = join(import.meta.dirname, "audit-policy.yaml");
  const cluster = stack.use(await startCluster({ speed, nodes, auditPolicy }));
  stack.use(await startPodLogs(cluster));
  await installChart(cluster, undefined);
  const serviceAccountDir = join(cluster.dir, "bench", "serviceaccount");
  const kubeconfig = await credentials(cluster, NAME, NAME, serviceAccountDir);
  const { auditLog } = cluster;
  if (auditLog === undefined) throw new Error("the cluster writes no audit log");
  const owned = stack.move();
  return {
    cluster,
    auditLog,
    kubeconfig,
    serviceAccountDir,
    profiles,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A kubeconfig with a token of a ServiceAccount and nothing else; beside it the same token as a pod would find it. */
export async function credentials(
  cluster: Cluster,
  namespace: string,
  account: string,
  directory: string,
): Promise<string> {
  const token = await successful(
    "kubectl create token",
    cluster.kubectl(["-n", namespace, "create", "token", account, "--duration=24h"]),
  );
  const { ca } = cluster.api.access;
  const kubeconfig = join(directory, "..", `${account}.kubeconfig.json`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "token"), token, { mode: 0o600 });
  await writeFile(join(directory, "ca.crt"), ca);
  await writeFile(join(directory, "namespace"), namespace);
  const authority = Buffer.from(ca).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server: cluster.server, "certificate-authority-data": authority } }],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: account, namespace } }],
    "current-context": "bench",
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return kubeconfig;
}

/** Scenes that run the old release, every pod available and every agent's first poll to be read in its log. */
export async function openScenes(ground: Ground, scenes: readonly Scene[]): Promise<void> {
  const [first] = scenes;
  if (first === undefined) return;
  const { cluster } = ground;
  const wanted = {
    run: first.run,
    image: oldImage(first.strategy),
    replicas: first.replicas,
    deployments: scenes.length * PARTS.length,
  };
  await using line = await finishLine(cluster, wanted);
  for (const scene of scenes) await placeScene(cluster, scene);
  await line.crossed;
  for (const scene of scenes) await agentsPoll(ground, scene);
}

const podsSchema = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

/** The operator refuses a verification that sees nothing on the old agents: what it reads has to be there when it begins. */
export async function agentsPoll({ cluster }: Ground, { namespace, replicas }: Scene): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const polling = async (): Promise<boolean> => {
    const listed = await must(cluster, "GET", `${pods}?labelSelector=component%3Dcentral`);
    const { items } = podsSchema.parse(JSON.parse(listed));
    const logs = await Promise.all(
      items.map(({ metadata }) => cluster.api.request("GET", `${pods}/${metadata.name}/log`)),
    );
    return logs.length === replicas && logs.every(({ status, text }) => status === 200 && text.includes(POLLED));
  };
  await eventually(polling, `the old agents of ${namespace} do not poll`);
}
