/** One control plane for all files: started once, with the definition of the resource and logs of the simulated pods. */
import { ensureBinaries } from "../../tools/control-plane/binaries.ts";
import { startCluster } from "../../tools/control-plane/cluster.ts";
import { startPodLogs } from "../../tools/control-plane/pod-logs.ts";
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

export async function setup(project: Project): Promise<() => Promise<void>> {
  const binaries = await ensureBinaries();
  const cluster = await startCluster();
  const logs = await startPodLogs(cluster).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const teardown = async (): Promise<void> => {
    await logs[Symbol.asyncDispose]();
    await cluster.stop();
  };
  try {
    const commands = [
      ["apply", "-f", CRD],
      ["wait", "--for=condition=Established", "--timeout=30s", "-f", CRD],
    ];
    for (const command of commands) {
      const { code, stderr } = await cluster.kubectl(command);
      if (code !== 0) throw new Error(`kubectl ${command.join(" ")}: ${stderr}`);
    }
  } catch (error) {
    await teardown();
    throw error;
  }
  // For people, too: the tests of admission run against any cluster that these two name.
  process.env["KUBECONFIG_E2E"] = cluster.kubeconfig;
  process.env["KUBECTL_E2E"] = binaries.kubectl;
  project.provide("controlPlane", { dir: cluster.dir, binaries });
  return teardown;
}
