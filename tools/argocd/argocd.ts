/**
 * Argo CD as processes beside a control plane: its application controller and its repository server, with the cache between
 * them. They end with the cluster, whose directory is in their names.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import type { ClusterAccess } from "../control-plane/cluster.ts";
import { freePorts } from "../control-plane/cluster-configuration.ts";
import { listening, startDaemon } from "../control-plane/daemon.ts";
import { type ArgoBinaries, ensureArgoCd } from "./binaries.ts";

export const NAMESPACE = "argocd";

export interface ArgoCdOptions {
  /** Keys of the ConfigMap `argocd-cm`: health, actions. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface ArgoCd {
  readonly binaries: ArgoBinaries;
  /** Where the logs of its processes are. */
  readonly directory: string;
}

/** How long it may take until its definitions are served, in milliseconds. */
const PATIENCE = 60_000;

/** Seconds between two looks at a repository, where nobody asks for one. */
const RESYNC = 5;

export async function startArgoCd(cluster: ClusterAccess, { settings }: ArgoCdOptions): Promise<ArgoCd> {
  const binaries = await ensureArgoCd();
  const directory = join(cluster.dir, "argocd");
  await install(cluster, binaries, settings);
  const [redis = 0, repository = 0, repositoryMetrics = 0, metrics = 0] = await freePorts(4);
  // It is one program, and the name of the process selects the part of Argo CD that it is.
  const start = (name: string, program: string, args: readonly string[]): Promise<number> =>
    startDaemon({ directory, name, program, args, env: { ARGOCD_GPG_ENABLED: "false" } });
  const cache = ["--redis", `127.0.0.1:${redis}`];
  await start("argocd-redis", binaries.redis, [`127.0.0.1:${redis}`]);
  await start("argocd-repo-server", binaries.argocd, [
    ...cache,
    "--address=127.0.0.1",
    `--port=${repository}`,
    "--metrics-address=127.0.0.1",
    `--metrics-port=${repositoryMetrics}`,
    "--disable-tls",
  ]);
  await Promise.all([listening(redis, directory), listening(repository, directory)]);
  await start("argocd-application-controller", binaries.argocd, [
    ...cache,
    `--kubeconfig=${cluster.kubeconfig}`,
    `--namespace=${NAMESPACE}`,
    `--repo-server=127.0.0.1:${repository}`,
    "--repo-server-plaintext",
    `--metrics-port=${metrics}`,
    `--app-resync=${RESYNC}`,
    "--app-resync-jitter=0",
    // The message of each resource's health, for tests to read.
    "--persist-resource-health",
  ]);
  await listening(metrics, directory);
  return { binaries, directory };
}

async function install(
  cluster: ClusterAccess,
  binaries: ArgoBinaries,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const core = `/api/v1/namespaces/${NAMESPACE}`;
  await put(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  for (const file of binaries.definitions) {
    await put(cluster, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", parse(await readFile(file, "utf8")));
  }
  const partOf = { "app.kubernetes.io/part-of": "argocd" };
  const configMaps = ["argocd-rbac-cm", "argocd-gpg-keys-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm"];
  for (const [name, data] of [["argocd-cm", settings] as const, ...configMaps.map((each) => [each, {}] as const)]) {
    const metadata = { name, labels: partOf };
    await put(cluster, `${core}/configmaps`, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
  }
  for (const [name, labels, stringData] of [
    ["argocd-secret", partOf, { "server.secretkey": "not a secret: nothing but tests" }],
    ["in-cluster", { "argocd.argoproj.io/secret-type": "cluster" }, clusterSecret(cluster)],
  ] as const) {
    const metadata = { name, labels };
    await put(cluster, `${core}/secrets`, { apiVersion: "v1", kind: "Secret", metadata, stringData });
  }
  const apps = "/apis/argoproj.io/v1alpha1";
  const served = async (): Promise<boolean> =>
    (await cluster.api.request("GET", `${apps}/appprojects`)).status === 200 &&
    (await cluster.api.request("GET", `${apps}/applications`)).status === 200;
  for (const deadline = performance.now() + PATIENCE; !(await served()); await pause(100)) {
    if (performance.now() > deadline) throw new Error("the definitions of Argo CD are not served");
  }
  await put(cluster, `${apps}/namespaces/${NAMESPACE}/appprojects`, {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "default" },
    spec: {
      sourceRepos: ["*"],
      destinations: [{ namespace: "*", server: "*" }],
      clusterResourceWhitelist: [{ group: "*", kind: "*" }],
    },
  });
}

/** `https://kubernetes.default.svc` does not resolve for a process, so the cluster is one like any other. */
function clusterSecret({ server, api }: ClusterAccess): Readonly<Record<string, string>> {
  const { ca, cert = "", key = "" } = api.access;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const tlsClientConfig = { caData: base64(ca), certData: base64(cert), keyData: base64(key) };
  return { name: "in-cluster", server, config: JSON.stringify({ tlsClientConfig }) };
}

async function put(cluster: ClusterAccess, collection: string, object: unknown): Promise<void> {
  const { status, text } = await cluster.api.request("POST", collection, object);
  if (status !== 201) throw new Error(`POST ${collection}: ${status} ${text}`);
}
