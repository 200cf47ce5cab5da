/** The same steps as a careful person would script them: one command after the other, each waited for. */
import { successful } from "../scripts/demo/installation.ts";
import type { Cluster } from "../tools/control-plane/cluster.ts";
import { deploymentName, MIGRATION, newImage, type Part, POLLED, type Scene } from "./scene.ts";

const TIMEOUT = "--timeout=300s";

export async function kubectlScript(cluster: Cluster, { namespace, replicas, strategy }: Scene): Promise<void> {
  const image = newImage(strategy);
  const kubectl = (...args: readonly string[]): Promise<string> =>
    successful(`kubectl ${args.join(" ")}`, cluster.kubectl(["-n", namespace, ...args]));

  const stop = async (part: Part): Promise<void> => {
    await kubectl("scale", `deployment/${deploymentName(part)}`, "--replicas=0");
    await kubectl("wait", "--for=delete", "pod", "-l", `component=${part}`, TIMEOUT);
  };
  const scale = async (part: Part, count: number): Promise<void> => {
    await kubectl("scale", `deployment/${deploymentName(part)}`, `--replicas=${count}`);
    await kubectl("rollout", "status", `deployment/${deploymentName(part)}`, TIMEOUT);
  };
  const start = async (part: Part, count: number): Promise<void> => {
    await kubectl("set", "image", `deployment/${deploymentName(part)}`, `${deploymentName(part)}=${image}`);
    await scale(part, count);
  };
  const polled = async (): Promise<void> => {
    for (;;) {
      const args = ["-n", namespace, "logs", `deployment/${deploymentName("central")}`];
      if ((await cluster.kubectl(args)).stdout.includes(POLLED)) return;
    }
  };

  await kubectl("create", "job", "ceilometer-upgrade", `--image=${image}`, "--", ...MIGRATION);
  await kubectl("wait", "--for=condition=complete", "job/ceilometer-upgrade", TIMEOUT);
  for (const part of ["collector", "notification"] as const) {
    await stop(part);
    await start(part, replicas);
  }
  await stop("central");
  await start("central", 1);
  await polled();
  if (replicas > 1) await scale("central", replicas);
  await stop("api");
  await start("api", replicas);
}
