/** The control plane that the global set-up started, as a test sees it; and namespaces of its own for each test. */
import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type { Binaries } from "../../tools/control-plane/binaries.ts";
import { attachCluster, type ClusterAccess } from "../../tools/control-plane/cluster.ts";

/** What crosses from the global set-up to the workers. */
export interface Provided {
  readonly dir: string;
  readonly binaries: Binaries;
}

let attached: Promise<ClusterAccess> | undefined;

export function sharedCluster(): Promise<ClusterAccess> {
  const { dir, binaries } = inject("controlPlane");
  attached ??= attachCluster(dir, binaries);
  return attached;
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(3).toString("hex")}`;
}

/** Creates an object, and answers it as the API server stored it. */
export async function create(cluster: ClusterAccess, path: string, object: unknown): Promise<unknown> {
  const { status, text } = await cluster.api.request("POST", path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  return JSON.parse(text);
}

/** Undefined where there is no such object. */
export async function read(cluster: ClusterAccess, path: string): Promise<unknown> {
  const { status, text } = await cluster.api.request("GET", path);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
  return JSON.parse(text);
}

export async function mergePatch(cluster: ClusterAccess, path: string, patch: unknown): Promise<void> {
  const { status, text } = await cluster.api.request("PATCH", path, patch, {
    contentType: "application/merge-patch+json",
  });
  if (status !== 200) throw new Error(`PATCH ${path}: ${status} ${text}`);
}
