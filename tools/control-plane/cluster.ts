import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Api, connect, readKubeconfig } from "./api.ts";
import { type Binaries, ensureBinaries } from "./binaries.ts";
import { type AuditPolicy, clusterConfiguration, clusterPorts, type Speed } from "./cluster-configuration.ts";
import { claimDirectory, killDaemons, sweep, tearDown } from "./cluster-directory.ts";
import type { BuildOptions } from "./go-programs.ts";
import { commandOf, type Finished, type RunOptions, run } from "./process.ts";
import { startWatchdog } from "./watchdog.ts";

export interface CommandOptions {
  readonly input?: string;
  /** Path of another kubeconfig than the administrator's. */
  readonly kubeconfig?: string;
}

export interface ClusterOptions extends BuildOptions {
  /** Simulated nodes, named worker-0 and so on. Default 3. */
  readonly nodes?: number;
  /** Writes an audit log of every request. Default false. */
  readonly auditPolicy?: AuditPolicy;
  readonly name?: string;
  /** `fast`: pods start and stop at once. `real`: they take as long as on a kubelet, 2 s and 1 s. Default `fast`. */
  readonly speed?: Speed;
}

/** What any process may do with a cluster, whoever started it. */
export interface ClusterAccess {
  readonly dir: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly server: string;
  readonly binaries: Binaries;
  /** The API as the administrator. */
  readonly api: Api;
  kubectl(args: readonly string[], options?: CommandOptions): Promise<Finished>;
  helm(args: readonly string[], options?: CommandOptions): Promise<Finished>;
}

/** A real API server with its controllers; only the kubelets are simulated. Gone when disposed, or when this process ends. */
export interface Cluster extends ClusterAccess, AsyncDisposable {
  readonly name: string;
  /** Path of the audit log, if one is written. */
  readonly auditLog: string | undefined;
  /** An outage: the API server dies without a word; etcd and the rest stay. */
  killApiServer(): Promise<void>;
  /** Likewise etcd: the API server stays, and can neither read nor write. */
  killEtcd(): Promise<void>;
  /** Stops etcd in the middle of what it does, or lets it go on. */
  signalEtcd(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Ends an outage: whatever does not run is started, and it answers when the API server is ready again. */
  startApiServer(): Promise<void>;
  /** The program and arguments of the API server, which runs. */
  apiServerCommand(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const creationAttempts = 4;
const readyTimeout = 60_000;

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const binaries = await ensureBinaries(options);
  await sweep();
  const name = options.name ?? `c-${randomBytes(4).toString("hex")}`;
  const dir = await claimDirectory(name);
  const watchdog = await startWatchdog(dir);
  try {
    const cluster = await create(name, dir, binaries, options, async () => watchdog[Symbol.asyncDispose]());
    await addNodes(cluster, options.nodes ?? 3);
    return cluster;
  } catch (error) {
    await watchdog[Symbol.asyncDispose]();
    throw error;
  }
}

async function create(
  name: string,
  dir: string,
  binaries: Binaries,
  options: ClusterOptions,
  end: () => Promise<void>,
): Promise<Cluster> {
  const kubeconfig = join(dir, "kubeconfig");
  const configuration = join(dir, "kwokctl.yaml");
  const kwokctl = (args: readonly string[]): Promise<Finished> =>
    // The programs inherit it: a fifth of the API server's time goes into collecting garbage, and memory is there.
    run(binaries.kwokctl, ["--name", name, ...args], {
      cwd: dir,
      env: { GOGC: "400", ...process.env, KWOK_WORKDIR: dir },
    });
  const auditPolicy = options.auditPolicy ?? false;
  let failure = "";
  for (let attempt = 1; attempt <= creationAttempts; attempt += 1) {
    const ports = await clusterPorts();
    await writeFile(
      configuration,
      await clusterConfiguration({ binaries, ports, speed: options.speed ?? "fast", auditPolicy }),
    );
    const created = await kwokctl([
      "create",
      "cluster",
      "--config",
      configuration,
      "--kubeconfig",
      kubeconfig,
      "--wait",
      "0s",
    ]);
    // The exit code is 0 even when another cluster has won the race for a port, so only the server's own answer counts.
    const api = await readyApi(kubeconfig, attempt === creationAttempts ? readyTimeout : 20_000);
    if (api !== undefined) return assemble({ name, dir, kubeconfig, binaries, api, kwokctl, auditPolicy, end });
    failure = created.stderr.trim().split("\n").slice(-5).join("\n");
    await killDaemons(dir);
    await kwokctl(["delete", "cluster", "--kubeconfig", kubeconfig]);
  }
  throw new Error(`the control plane did not become ready in ${creationAttempts} attempts:\n${failure}`);
}

interface Parts {
  readonly name: string;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly binaries: Binaries;
  readonly api: Api;
  readonly auditPolicy: AuditPolicy;
  readonly kwokctl: (args: readonly string[]) => Promise<Finished>;
  readonly end: () => Promise<void>;
}

function assemble(parts: Parts): Cluster {
  const { name, dir, kubeconfig, binaries, api, kwokctl } = parts;
  const own = join(dir, "clusters", name);
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ended ??= (async () => {
      api.close();
      await tearDown(dir);
      await parts.end();
    })();
    return ended;
  };
  const pidFile = (component: string): string => join(own, "pids", `${component}.pid`);
  const pidOf = async (component: string): Promise<number> => Number(await readFile(pidFile(component), "utf8"));
  const killComponent = async (component: string): Promise<void> => {
    process.kill(await pidOf(component), "SIGKILL");
    // Where nobody reaps orphans the dead process keeps its pid, and kwokctl would take it for running.
    await rm(pidFile(component));
  };
  return {
    ...accessTo(dir, kubeconfig, binaries, api),
    name,
    auditLog: parts.auditPolicy !== false ? join(own, "logs", "audit.log") : undefined,
    async killApiServer() {
      await killComponent("kube-apiserver");
      await until(async () => !(await isReady(api)), 10_000, "the API server still answers");
    },
    killEtcd: () => killComponent("etcd"),
    async signalEtcd(signal) {
      process.kill(await pidOf("etcd"), signal);
    },
    async startApiServer() {
      const started = await kwokctl(["start", "cluster"]);
      if (!(await waitReady(api, readyTimeout))) throw new Error(`the API server did not come back: ${started.stderr}`);
    },
    apiServerCommand: async () => commandOf(await pidOf("kube-apiserver")),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A cluster that another process started and will stop. */
export async function attachCluster(dir: string, binaries: Binaries): Promise<ClusterAccess> {
  const kubeconfig = join(dir, "kubeconfig");
  return accessTo(dir, kubeconfig, binaries, connect(await readKubeconfig(kubeconfig)));
}

function accessTo(dir: string, kubeconfig: string, binaries: Binaries, api: Api): ClusterAccess {
  return {
    dir,
    kubeconfig,
    server: api.server,
    binaries,
    api,
    kubectl: (args, options = {}) => run(binaries.kubectl, args, commandOptions(dir, kubeconfig, options)),
    helm: (args, options = {}) => run(binaries.helm, args, commandOptions(dir, kubeconfig, options)),
  };
}

function commandOptions(dir: string, kubeconfig: string, options: CommandOptions): RunOptions {
  const env = {
    ...process.env,
    KUBECONFIG: options.kubeconfig ?? kubeconfig,
    // Helm's caches and plugins of the person who runs this must neither be used nor changed.
    HELM_CACHE_HOME: join(dir, "helm", "cache"),
    HELM_CONFIG_HOME: join(dir, "helm", "config"),
    HELM_DATA_HOME: join(dir, "helm", "data"),
  };
  return options.input === undefined ? { env } : { env, input: options.input };
}

async function readyApi(kubeconfig: string, timeout: number): Promise<Api | undefined> {
  const access = await readKubeconfig(kubeconfig).catch(() => undefined);
  if (access === undefined) return undefined;
  // The cluster's own authority signs its server's certificate, so an answer cannot come from another cluster on this port.
  const api = connect(access);
  if (await waitReady(api, timeout)) return api;
  api.close();
  return undefined;
}

async function waitReady(api: Api, timeout: number): Promise<boolean> {
  return until(() => isReady(api), timeout).then(
    () => true,
    () => false,
  );
}

async function isReady(api: Api): Promise<boolean> {
  return (await api.request("GET", "/readyz").catch(() => undefined))?.status === 200;
}

async function addNodes(cluster: Cluster, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `worker-${index}`);
  const items = names.map((name, index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        // openstack-helm's labels. One node in three has no baseboard management controller to be asked over IPMI.
        "openstack-control-plane": "enabled",
        "openstack-compute-node": "enabled",
        ...(index % 3 === 2 ? {} : { "openstack-node": "enabled" }),
      },
    },
  }));
  for (const item of items) {
    const made = await cluster.api.request("POST", "/api/v1/nodes", item);
    if (made.status !== 201) throw new Error(`node ${item.metadata.name} was refused: ${made.text}`);
  }
  const usable = async (): Promise<boolean> => {
    const logs = await cluster.api.request("GET", "/apis/kwok.x-k8s.io/v1alpha1/logs?limit=1");
    const account = await cluster.api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default");
    const nodes = await cluster.kubectl([
      "get",
      "nodes",
      "-o",
      "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}",
    ]);
    const ready = nodes.stdout.split(" ").filter((status) => status === "True");
    return logs.status === 200 && account.status === 200 && ready.length === count;
  };
  await until(usable, readyTimeout, "the simulated nodes did not become ready");
}

async function until(condition: () => Promise<boolean>, timeout: number, complaint = "not in time"): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(complaint);
    await pause(50);
  }
}
