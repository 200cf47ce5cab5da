/**
 * One Ceilometer to upgrade, the same for every driver: four Deployments of the time when there were a collector and an API,
 * whose image alone changes. No configuration files, because no driver but the operator would look at them.
 */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Cluster } from "../tools/control-plane/cluster.ts";

export const STRATEGIES = ["Full", "Partial"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Of a partial upgrade is asked that pipelines are known and stay, so it is one for which files need no change. */
const RELEASES = { Full: { from: "ocata", to: "pike" }, Partial: { from: "newton", to: "ocata" } } as const;
const imageOf = (release: string): string => `quay.io/example/ceilometer:${release}`;
export const oldImage = (strategy: Strategy): string => imageOf(RELEASES[strategy].from);
export const newImage = (strategy: Strategy): string => imageOf(RELEASES[strategy].to);

/** On everything of one run: by it watches and the finish line tell runs apart. */
export const RUN_LABEL = "bench-run";
/** What an agent of Pike logs when it polls; up to 2023.1 that is the line that proves it. */
export const POLLED = "Polling pollster ";

export const PROGRAMS = {
  collector: ["ceilometer-collector"],
  notification: ["ceilometer-agent-notification"],
  central: ["ceilometer-polling", "--polling-namespaces", "central"],
  api: ["ceilometer-api", "--port", "8777"],
} as const;
export type Part = keyof typeof PROGRAMS;
/** In the order in which the documents want them upgraded. */
export const PARTS: readonly Part[] = ["collector", "notification", "central", "api"];
export const MIGRATION = ["ceilometer-upgrade"] as const;

export const deploymentName = (part: Part): string => `ceilometer-${part}`;

export interface Scene {
  readonly run: string;
  readonly namespace: string;
  readonly replicas: number;
  readonly strategy: Strategy;
}

export const deploymentsPath = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;
export const upgradesPath = (namespace: string): string =>
  `/apis/ceilometer.openstack.org/v1alpha1/namespaces/${namespace}/ceilometerupgrades`;

export function deployment({ run, namespace, replicas, strategy }: Scene, part: Part) {
  const name = deploymentName(part);
  const container = { name, image: oldImage(strategy), command: PROGRAMS[part] };
  const labels = { application: "ceilometer", component: part };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels: { ...labels, [RUN_LABEL]: run } },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, [RUN_LABEL]: run } },
        spec: strategy === "Full" ? { containers: [container] } : withFiles(container),
      },
    },
  };
}

const FILES_NAME = "ceilometer-files";

/** Agents whose files the operator can read: without that it lets no new agent run beside an old one. */
function withFiles<C extends object>(container: C) {
  const volumeMounts = Object.keys(FILES).map((file) => ({
    name: "etc",
    mountPath: `/etc/ceilometer/${file}`,
    subPath: file,
    readOnly: true,
  }));
  return { containers: [{ ...container, volumeMounts }], volumes: [{ name: "etc", configMap: { name: FILES_NAME } }] };
}

const FILES = {
  "ceilometer.conf":
    "[coordination]\nbackend_url = zookeeper://zookeeper:2181\n[notification]\nworkload_partitioning = false\n[publisher]\ntelemetry_secret = bench\n",
  "pipeline.yaml": `sources:
  - { name: meter_source, interval: 600, meters: [cpu, memory.usage, image.size], sinks: [meter_sink] }
sinks:
  - { name: meter_sink, publishers: ["notifier://"] }
`,
  "event_pipeline.yaml": `sources:
  - { name: event_source, events: ["*"], sinks: [event_sink] }
sinks:
  - { name: event_sink, publishers: ["notifier://"] }
`,
};

export function upgradeResource({ run, namespace, strategy }: Scene) {
  const targets = (part: Part) => ({ targets: [{ kind: "Deployment", name: deploymentName(part) }] });
  return {
    apiVersion: "ceilometer.openstack.org/v1alpha1",
    kind: "CeilometerUpgrade",
    metadata: { name: "ceilometer", namespace, labels: { [RUN_LABEL]: run } },
    spec: {
      strategy,
      from: { release: RELEASES[strategy].from },
      target: { release: RELEASES[strategy].to, image: newImage(strategy) },
      // No peer waits whether its new pods stay ready, and here all do.
      minReadySeconds: 0,
      components: {
        database: { jobFrom: { kind: "Deployment", name: deploymentName("notification") } },
        collector: targets("collector"),
        notification: targets("notification"),
        polling: { ...targets("central"), verification: { podLog: {} } },
        api: { ...targets("api"), ...(strategy === "Full" ? { position: "Last" } : {}) },
      },
    },
  };
}

export async function must(cluster: Cluster, method: string, path: string, body?: unknown): Promise<string> {
  const options = method === "PATCH" ? { contentType: "application/merge-patch+json" } : {};
  const { status, text } = await cluster.api.request(method, path, body, options);
  if (status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text;
}

/** The Deployments of the scene as the old release runs them, and nothing left of an earlier upgrade. */
export async function placeScene(cluster: Cluster, scene: Scene): Promise<void> {
  await must(cluster, "POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: scene.namespace },
  });
  if (scene.strategy === "Partial") {
    const files = { metadata: { name: FILES_NAME }, immutable: true, data: FILES };
    await must(cluster, "POST", `/api/v1/namespaces/${scene.namespace}/configmaps`, files);
  }
  for (const part of PARTS) {
    await must(cluster, "POST", deploymentsPath(scene.namespace), deployment(scene, part));
  }
}

/** Brings a scene that was upgraded back to the old release. */
export async function resetScene(cluster: Cluster, scene: Scene): Promise<void> {
  await must(cluster, "DELETE", `${upgradesPath(scene.namespace)}/ceilometer`);
  for (const part of PARTS) {
    const { spec } = deployment(scene, part);
    await must(cluster, "PATCH", `${deploymentsPath(scene.namespace)}/${deploymentName(part)}`, { spec });
  }
}

/** Takes a run's objects away, so that the next many find the control plane as empty as these did; the namespaces stay. */
export async function removeScenes(cluster: Cluster, scenes: readonly Scene[]): Promise<void> {
  for (const { namespace } of scenes) {
    const collections = [
      upgradesPath(namespace),
      deploymentsPath(namespace),
      `/apis/batch/v1/namespaces/${namespace}/jobs`,
    ];
    const options = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };
    for (const path of collections) await must(cluster, "DELETE", path, options);
  }
  const pods = `/api/v1/pods?limit=1&labelSelector=${RUN_LABEL}%3D${scenes[0]?.run}`;
  const gone = async (): Promise<boolean> =>
    listSchema.parse(JSON.parse(await must(cluster, "GET", pods))).items.length === 0;
  await eventually(gone, "pods of a run are still there", 120_000 + scenes.length * 1000);
}

const listSchema = z.object({ items: z.array(z.unknown()) });

/** Rejects with `complaint` when it takes longer than `timeout` milliseconds. */
export async function eventually(holds: () => Promise<boolean>, complaint: string, timeout = 120_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${complaint} within ${timeout / 1000} s`);
    await pause(50);
  }
}
