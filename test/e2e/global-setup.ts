/** One control plane for all files: started once, with the definition of the resource and logs of the simulated pods. */
import { basename } from "node:path";
import { type Cluster, type ClusterAccess, startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
import { processesNaming } from "../../tools/control-plane/process.ts";
import { bundleOperator, operatorsOf } from "./operator-process.ts";
import { eventually } from "./resource.ts";
import type { Provided } from "./shared-cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    controlPlane: Provided;
  }
}

interface Project {
  provide(key: "controlPlane", value: Provided): void;
}

const CRD = "crds/ceilometer.openstack.org_ceilometerupgrades.yaml";
const COLLECTION = "/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades";

/** A control plane on which scenes can be opened, and what ends it. */
export interface Prepared extends AsyncDisposable {
  readonly cluster: Cluster;
}

export async function prepare(): Promise<Prepared> {
  const cluster = await startCluster();
  const logs = await startPodLogs(cluster).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const teardown = async (): Promise<void> => {
    await logs[Symbol.asyncDispose]();
    // A test that ran into its time limit never closed its scene, and its worker was ended without a chance to.
    const left = await processesNaming(new Set([basename(process.execPath)]), `${operatorsOf(cluster.dir)}/`);
    for (const pid of left) process.kill(pid, "SIGKILL");
    await cluster.stop();
  };
  try {
    await Promise.all([defineResource(cluster), bundleOperator(cluster.dir)]);
  } catch (error) {
    await teardown();
    throw error;
  }
  return { cluster, [Symbol.asyncDispose]: teardown };
}

/** Answers when the resource is served. */
export async function defineResource(cluster: ClusterAccess): Promise<void> {
  const { code, stderr } = await cluster.kubectl(["apply", "-f", CRD]);
  if (code !== 0) throw new Error(`kubectl apply -f ${CRD}: ${stderr}`);
  // `kubectl wait --for=condition=Established` fails on a definition that has no conditions yet.
  const served = async (): Promise<boolean> => (await cluster.api.request("GET", COLLECTION)).status === 200;
  await eventually(served, () => `${COLLECTION} is not served`, 30_000);
}

export async function setup(project: Project): Promise<() => Promise<void>> {
  const prepared = await prepare();
  const { cluster } = prepared;
  // For people, too: the tests of admission run against any cluster that these two name.
  process.env["KUBECONFIG_E2E"] = cluster.kubeconfig;
  process.env["KUBECTL_E2E"] = cluster.binaries.kubectl;
  project.provide("controlPlane", { dir: cluster.dir, binaries: cluster.binaries });
  return async () => prepared[Symbol.asyncDispose]();
}
