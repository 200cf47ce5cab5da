/** From the flags that every command has to an API server and a namespace, as kubectl finds them. */
import { promises as files } from "node:fs";
import { FIELD_MANAGER } from "../api/v1alpha1/names.ts";
import { createKubeClient, type KubeClient } from "../kube/client.ts";
import { homeKubeconfig, loadKubeConnection } from "../kube/config.ts";
import { VERSION } from "../version.ts";
import { messageOf, UsageError } from "./failures.ts";
import type { Connecting } from "./surroundings.ts";

/** Where the flags point to. Whatever is undefined is the kubeconfig's. */
export interface Place {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface Cluster {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly server: string;
}

/** Fields that the plugin writes are a person's: their manager is not the operator's. */
export const PLUGIN_MANAGER = `${FIELD_MANAGER.replace(/-operator$/, "")}-plugin`;

/** Opens a connection for as long as `use` takes. */
export async function withCluster<T>(
  { kubeconfig, context, namespace }: Place,
  { env, signal }: Connecting,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const asked = { kubeconfig, context, env: await asKubectlFinds(env, context) };
  const connection = await loadKubeConnection(asked).catch((error: unknown) => {
    throw new UsageError(`no cluster can be asked: ${messageOf(error)}; --kubeconfig FILE takes another kubeconfig`);
  });
  const client = createKubeClient(connection, {
    userAgent: `kubectl-ceilometer-upgrade/${VERSION}`,
    fieldManager: PLUGIN_MANAGER,
  });
  // Whatever is being asked ends, too: its connection breaks.
  const stop = (): void => client.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await use({ client, namespace: namespace ?? connection.namespace, server: connection.server.href });
  } finally {
    signal?.removeEventListener("abort", stop);
    client.close();
  }
}

/** A pod's service account is what kubectl falls back to: a context that is asked for, or a kubeconfig at home, goes before it. */
async function asKubectlFinds(env: Connecting["env"], context: string | undefined): Promise<Connecting["env"]> {
  const outside = { ...env, KUBERNETES_SERVICE_HOST: undefined };
  if (context !== undefined) return outside;
  return files.access(homeKubeconfig(env)).then(
    () => outside,
    () => env,
  );
}
