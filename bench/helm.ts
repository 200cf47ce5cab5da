/**
 * `helm upgrade --wait` of a chart with the same Deployments, whose hook runs the migration before. Helm applies all Deployments at
 * once: there is no order between components, no stop before a start, and no look into a log.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { successful } from "../scripts/demo/installation.ts";
import type { Cluster } from "../tools/control-plane/cluster.ts";
import { deployment, MIGRATION, newImage, oldImage, PARTS, RUN_LABEL, type Scene } from "./scene.ts";

const RELEASE = "ceilometer";

export interface HelmRelease {
  /** Ends when every Deployment is as Helm wants it. */
  upgrade(): Promise<void>;
}

/** Makes a release of what is there already, so that no pod changes. */
export async function installRelease(cluster: Cluster, scene: Scene): Promise<HelmRelease> {
  const chart = await writeChart(join(cluster.dir, "bench", "charts", scene.namespace), scene);
  const upgrade = async (image: string, ...args: readonly string[]): Promise<void> => {
    const where = [RELEASE, chart, "--namespace", scene.namespace, "--set", `image=${image}`];
    // What others have written before, as the bench has here, belongs to them.
    const command = ["upgrade", ...where, "--force-conflicts", ...args];
    await successful(`helm ${command.join(" ")}`, cluster.helm(command));
  };
  await upgrade(oldImage(scene.strategy), "--install", "--take-ownership", "--no-hooks");
  return { upgrade: () => upgrade(newImage(scene.strategy), "--wait", "--timeout=10m") };
}

async function writeChart(directory: string, scene: Scene): Promise<string> {
  const templates = join(directory, "templates");
  await mkdir(templates, { recursive: true });
  const chart = { apiVersion: "v2", name: RELEASE, version: "0.0.0" };
  await writeFile(join(directory, "Chart.yaml"), JSON.stringify(chart));
  for (const part of PARTS) {
    const text = JSON.stringify(deployment(scene, part)).replaceAll(oldImage(scene.strategy), "{{ .Values.image }}");
    await writeFile(join(templates, `${part}.yaml`), text);
  }
  const labels = { [RUN_LABEL]: scene.run };
  const container = { name: "upgrade", image: "{{ .Values.image }}", command: MIGRATION };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "ceilometer-upgrade", labels, annotations: { "helm.sh/hook": "pre-upgrade" } },
    spec: { template: { metadata: { labels }, spec: { restartPolicy: "Never", containers: [container] } } },
  };
  await writeFile(join(templates, "job.yaml"), JSON.stringify(job));
  return directory;
}
