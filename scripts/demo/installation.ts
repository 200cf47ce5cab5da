/** Puts the operator's chart and a sample Ceilometer into a cluster, and makes the kubeconfig that the operator runs with. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import type { Finished } from "../../tools/control-plane/process.ts";
import type { Example } from "./options.ts";

export const root = join(import.meta.dirname, "..", "..");
export const exampleFile = ({ folder }: Pick<Example, "folder">, file: "ceilometer" | "upgrade"): string =>
  `examples/${folder}/${file}.yaml`;

const NAME = "ceilometer-upgrade-operator";
export const NAMESPACE = "ceilometer-upgrade-operator";

/** @throws Error with what the command said, when it did not exit with 0. */
export async function successful(command: string, finished: Promise<Finished>): Promise<string> {
  const { code, stdout, stderr } = await finished;
  if (code !== 0) throw new Error(`${command} failed:\n${stderr.trim() || stdout.trim()}`);
  return stdout.trim();
}

const kubectl = (cluster: ClusterAccess, ...args: string[]): Promise<string> =>
  successful(`kubectl ${args.join(" ")}`, cluster.kubectl(args));

export interface InstallOptions {
  readonly replicas?: number;
  /** Names of Secrets that the operator may read. */
  readonly secrets?: readonly string[];
}

/**
 * Installs the chart, by default with no replicas: its definition, ServiceAccount and roles are what is wanted then, since the
 * operator runs as a process beside the cluster. Without `watchNamespace` its rights hold in every namespace.
 */
export async function installChart(
  cluster: ClusterAccess,
  watchNamespace: string | undefined,
  { replicas = 0, secrets = [] }: InstallOptions = {},
): Promise<void> {
  const settings = {
    replicas: String(replicas),
    "podLogs.enabled": "true",
    "serviceAccount.name": NAME,
    ...(watchNamespace === undefined ? {} : { "watchNamespaces[0]": watchNamespace }),
    ...Object.fromEntries(secrets.map((name, index) => [`secrets[${index}]`, name])),
  };
  const values = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const args = [
    "install",
    NAME,
    join(root, "charts", NAME),
    "--namespace",
    NAMESPACE,
    "--create-namespace",
    "--wait",
    ...values,
  ];
  await successful("helm install", cluster.helm(args));
  const definition = "customresourcedefinition/ceilometerupgrades.ceilometer.openstack.org";
  await kubectl(cluster, "wait", "--for=condition=Established", definition, "--timeout=30s");
}

/** Applies the sample, and answers when every pod of it is ready. */
export async function deploySample(cluster: ClusterAccess, file: string, namespace: string): Promise<void> {
  await kubectl(cluster, "apply", "-f", file);
  await podsReady(cluster, namespace);
}

export async function podsReady(cluster: ClusterAccess, namespace: string): Promise<void> {
  const workloads = await kubectl(cluster, "-n", namespace, "get", "deployments,daemonsets,statefulsets", "-o", "name");
  for (const workload of workloads.split("\n")) {
    await kubectl(cluster, "-n", namespace, "rollout", "status", workload, "--timeout=120s");
  }
}

/** The path of a kubeconfig with a token of the chart's ServiceAccount, and with no other credentials. */
export async function operatorKubeconfig(cluster: ClusterAccess): Promise<string> {
  const token = await kubectl(cluster, "-n", NAMESPACE, "create", "token", NAME, "--duration=24h");
  const kubeconfig = join(cluster.dir, "operator.kubeconfig");
  const config = (...args: string[]): Promise<string> =>
    successful(`kubectl config ${args[0]}`, cluster.kubectl(["config", ...args], { kubeconfig }));
  await writeFile(kubeconfig, await kubectl(cluster, "config", "view", "--raw", "--minify", "--flatten"), {
    mode: 0o600,
  });
  const administrator = await config("view", "-o", "jsonpath={.users[0].name}");
  await config("set-credentials", NAME, `--token=${token}`);
  await config("set-context", "--current", `--user=${NAME}`, `--namespace=${NAMESPACE}`);
  // Its certificate would stay in the file.
  await config("unset", `users.${administrator}`);
  return kubeconfig;
}
