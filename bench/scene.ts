/**
 * One Ceilometer to upgrade, the same for every driver: four Deployments of the time when there were a collector and an API,
 * whose image alone changes. No configuration files, because no driver but the operator would look at them.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "../tools/control-plane/cluster.ts";

export const OLD_IMAGE = "quay.io/example/ceilometer:ocata";
export const NEW_IMAGE = "quay.io/example/ceilometer:pike";
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
}

export const deploymentsPath = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;
export const upgradesPath = (namespace: string): string =>
  `/apis/ceilometer.openstack.org/v1alpha1/namespaces/${namespace}/ceilometerupgrades`;

function deployment({ run, namespace, replicas }: Scene, part: Part) {
  const name = deploymentName(part);
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
        spec: { containers: [{ name, image: OLD_IMAGE, command: PROGRAMS[part] }] },
      },
    },
  };
}

export function upgradeResource({ run, namespace }: Scene) {
  const targets = (part: Part) => ({ targets: [{ kind: "Deployment", name: deploymentName(part) }] });
  return {
    apiVersion: "ceilometer.openstack.org/v1alpha1",
    kind: "CeilometerUpgrade",
    metadata: { name: "ceilometer", namespace, labels: { [RUN_LABEL]: run } },
    spec: {
      strategy: "Full",
      target: { release: "pike", image: NEW_IMAGE },
      components: {
        database: { jobFrom: { kind: "Deployment", name: deploymentName("notification") } },
        collector: targets("collector"),
        notification: targets("notification"),
        polling: { ...targets("central"), verification: { podLog: {} } },
        api: { ...targets("api"), position: "Last" },
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

/** Rejects with `complaint` when it takes longer than `timeout` milliseconds. */
export async function eventually(holds: () => Promise<boolean>, complaint: string, timeout = 120_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${complaint} within ${timeout / 1000} s`);
    await pause(50);
  }
}
