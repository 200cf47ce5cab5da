/**
 * Flux' kustomize-controller as a process beside a control plane. Its sources are played by hand: they deliver archives by HTTP
 * and do nothing else, so the kinds that it watches for them are there without a schema.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import type { ClusterAccess } from "../control-plane/cluster.ts";
import { freePorts } from "../control-plane/cluster-configuration.ts";
import { listening, startDaemon } from "../control-plane/daemon.ts";
import { ensureFlux, type FluxBinaries } from "./binaries.ts";

const SOURCES = { GitRepository: "gitrepositories", OCIRepository: "ocirepositories", Bucket: "buckets" } as const;
export const SOURCE_GROUP = "source.toolkit.fluxcd.io";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** How long it may take until its definitions are served, in milliseconds. */
const PATIENCE = 30_000;

export async function startFlux(cluster: ClusterAccess): Promise<FluxBinaries> {
  const binaries = await ensureFlux();
  await put(cluster, DEFINITIONS, parse(await readFile(binaries.definition, "utf8")));
  for (const kind of Object.keys(SOURCES)) await put(cluster, DEFINITIONS, sourceDefinition(kind));
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "flux-system" } };
  await put(cluster, "/api/v1/namespaces", namespace);
  const collections = Object.values(SOURCES).map((plural) => `/apis/${SOURCE_GROUP}/v1/${plural}`);
  await served(cluster, ["/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations", ...collections]);

  const [metrics = 0, health = 0] = await freePorts(2);
  const directory = join(cluster.dir, "flux");
  await startDaemon({
    directory,
    name: "kustomize-controller",
    program: binaries.controller,
    args: [
      `--metrics-addr=127.0.0.1:${metrics}`,
      `--health-addr=127.0.0.1:${health}`,
      "--interval-jitter-percentage=0",
      "--log-encoding=console",
    ],
    env: { KUBECONFIG: cluster.kubeconfig, RUNTIME_NAMESPACE: "flux-system" },
  });
  await listening(health, directory);
  return binaries;
}

function sourceDefinition(kind: string): unknown {
  const [, plural = ""] = Object.entries(SOURCES).find(([name]) => name === kind) ?? [];
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${SOURCE_GROUP}` },
    spec: {
      group: SOURCE_GROUP,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

async function served(cluster: ClusterAccess, collections: readonly string[]): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (const collection of collections) {
    while ((await cluster.api.request("GET", collection)).status !== 200) {
      if (performance.now() > deadline) throw new Error(`${collection} is not served`);
      await pause(100);
    }
  }
}

async function put(cluster: ClusterAccess, collection: string, object: unknown): Promise<void> {
  const { status, text } = await cluster.api.request("POST", collection, object);
  if (status !== 201) throw new Error(`POST ${collection}: ${status} ${text}`);
}
