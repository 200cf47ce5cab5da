/** The one control plane that all drivers run on, with what the operator needs to run beside it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { installChart, successful } from "../scripts/demo/installation.ts";
import { type Cluster, startCluster } from "../tools/control-plane/cluster.ts";
import type { Speed } from "../tools/control-plane/cluster-configuration.ts";
import { startPodLogs } from "../tools/control-plane/pod-logs.ts";
import { finishLine } from "./finish-line.ts";
import { eventually, must, OLD_IMAGE, PARTS, POLLED, placeScene, type Scene } from "./scene.ts";

const NAME = "ceilometer-upgrade-operator";

export interface Ground extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly auditLog: string;
  /** With a token of the chart's ServiceAccount and no other credentials. */
  readonly kubeconfig: string;
  /** The same token as a pod finds it: `token`, `ca.crt`, `namespace`. */
  readonly serviceAccountDir: string;
}

export async function openGround(speed: Speed, nodes: number): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster({ speed, nodes, auditPolicy: true }));
  stack.use(await startPodLogs(cluster));
  await installChart(cluster, undefined);
  const { kubeconfig, serviceAccountDir } = await credentials(cluster);
  const { auditLog } = cluster;
  if (auditLog === undefined) throw new Error("the cluster writes no audit log");
  const owned = stack.move();
  return { cluster, auditLog, kubeconfig, serviceAccountDir, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function credentials(cluster: Cluster): Promise<Pick<Ground, "kubeconfig" | "serviceAccountDir">> {
  const token = await successful(
    "kubectl create token",
    cluster.kubectl(["-n", NAME, "create", "token", NAME, "--duration=24h"]),
  );
  const { ca } = cluster.api.access;
  const directory = join(cluster.dir, "bench");
  const serviceAccountDir = join(directory, "serviceaccount");
  const kubeconfig = join(directory, "kubeconfig.json");
  await mkdir(serviceAccountDir, { recursive: true });
  await writeFile(join(serviceAccountDir, "token"), token, { mode: 0o600 });
  await writeFile(join(serviceAccountDir, "ca.crt"), ca);
  await writeFile(join(serviceAccountDir, "namespace"), NAME);
  const authority = Buffer.from(ca).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server: cluster.server, "certificate-authority-data": authority } }],
    users: [{ name: NAME, user: { token } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: NAME, namespace: NAME } }],
    "current-context": "bench",
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return { kubeconfig, serviceAccountDir };
}

/** Scenes that run the old release, every pod available and every agent's first poll to be read in its log. */
export async function openScenes(ground: Ground, scenes: readonly Scene[]): Promise<void> {
  const [first] = scenes;
  if (first === undefined) return;
  const { cluster } = ground;
  const wanted = {
    run: first.run,
    image: OLD_IMAGE,
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
