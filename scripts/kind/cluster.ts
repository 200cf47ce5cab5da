/** A cluster of kind: real kubelets in containers, where `docker info` finds an engine. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { cacheRoot, ensureBinaries } from "../../tools/control-plane/binaries.ts";
import { attachCluster, type ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { run } from "../../tools/control-plane/process.ts";
import { NAME } from "../image/build.ts";
import type { Architecture } from "../image/lock.ts";

export interface KindCluster extends ClusterAccess, AsyncDisposable {
  /** Makes the images of an archive known to every node. */
  load(archive: string): Promise<void>;
}

/** Of the machine, and so of the nodes. */
export const architecture: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** Why there can be no cluster here, in a sentence; undefined where there can. */
export async function obstacle(): Promise<string | undefined> {
  const { code, stderr } = await run("docker", ["info"]);
  if (code === 0) return undefined;
  return `kind needs a container engine, and \`docker info\` finds none: ${stderr.trim().split("\n").at(-1)}`;
}

/** openstack-helm's labels, which say what runs where. */
const worker = {
  role: "worker",
  labels: { "openstack-control-plane": "enabled", "openstack-compute-node": "enabled", "openstack-node": "enabled" },
};
const configuration = {
  kind: "Cluster",
  apiVersion: "kind.x-k8s.io/v1alpha4",
  nodes: [{ role: "control-plane" }, worker, worker],
  // Engines of older machines are still on the first version of cgroups.
  kubeadmConfigPatches: [stringify({ kind: "KubeletConfiguration", failCgroupV1: false })],
};

/**
 * One of that name that an interrupted run has left is removed first. The node image is KIND_NODE_IMAGE, or else the one that kind
 * itself was released with.
 */
export async function startKindCluster(name: string): Promise<KindCluster> {
  const binaries = await ensureBinaries();
  const dir = join(cacheRoot, "kind", name);
  const kind = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(binaries.kind, [...args, "--name", name]);
    if (code === 0) return;
    const remedy = stderr.includes("failed to pull image")
      ? "; KIND_NODE_IMAGE can name one that is there already"
      : "";
    throw new Error(`kind ${args.slice(0, 2).join(" ")} failed${remedy}:\n${stderr.trim()}`);
  };
  const kubeconfig = ["--kubeconfig", join(dir, "kubeconfig")];
  const end = async (): Promise<void> => {
    await kind("delete", "cluster", ...kubeconfig);
    await rm(dir, { recursive: true, force: true });
  };
  await end();
  await mkdir(dir, { recursive: true });
  const file = join(dir, "kind.yaml");
  await writeFile(file, stringify(configuration));
  const image = process.env["KIND_NODE_IMAGE"];
  try {
    const chosen = image === undefined ? [] : ["--image", image];
    await kind("create", "cluster", "--config", file, "--wait", "180s", ...chosen, ...kubeconfig);
    const access = await attachCluster(dir, binaries);
    return {
      ...access,
      load: (archive) => kind("load", "image-archive", archive),
      async [Symbol.asyncDispose]() {
        access.api.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

export interface ChartOptions {
  readonly namespace: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Installs the chart as its README says, and answers when every replica is ready by its own probes. */
export async function installOperator(cluster: ClusterAccess, { namespace, values }: ChartOptions): Promise<void> {
  const settings = Object.entries(values).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const where = ["--namespace", namespace, "--create-namespace", "--wait", "--timeout", "180s"];
  const { code, stderr } = await cluster.helm(["install", NAME, `charts/${NAME}`, ...where, ...settings]);
  if (code === 0) return;
  const { stdout } = await cluster.kubectl(["-n", namespace, "describe", "pods"]);
  throw new Error(`helm install failed:\n${stderr.trim()}\n${stdout}`);
}
