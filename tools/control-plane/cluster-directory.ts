import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { cacheRoot } from "./binaries.ts";
import { identityOf, isAlive, type ProcessIdentity, processesNaming } from "./process.ts";

/** One directory per running cluster; its name is the cluster's. */
export const clustersRoot = join(cacheRoot, "clusters");

const ownerSchema = z.object({ pid: z.int(), born: z.string() });
const nameSchema = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, "lower-case letters, digits and dashes");

/** The programs a cluster consists of; a shell or an editor that names the directory is nobody's to stop. */
const daemons = new Set([
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok-controller",
  "kwokctl",
  // Where Argo CD or Flux runs beside it.
  "kustomize-controller",
  "argocd-redis",
  "argocd-repo-server",
  "argocd-application-controller",
]);

/**
 * Makes the work directory of a cluster owned by this process.
 *
 * @throws Error when a cluster of that name runs already.
 */
export async function claimDirectory(name: string): Promise<string> {
  const directory = directoryOf(name);
  const prepared = join(clustersRoot, `.${name}.${process.pid}.${Date.now().toString(36)}`);
  await mkdir(prepared, { recursive: true });
  await writeFile(join(prepared, "owner.json"), JSON.stringify(await identityOf(process.pid)));
  try {
    // Renamed with its owner inside, so that a sweeper never meets a directory without one.
    await rename(prepared, directory);
  } catch {
    await rm(prepared, { recursive: true, force: true });
    throw new Error(`a cluster named ${name} exists already`);
  }
  return directory;
}

export function directoryOf(name: string): string {
  return join(clustersRoot, nameSchema.parse(name));
}

/** Kills what runs out of the directory, then removes it. Safe to run twice at once. */
export async function tearDown(directory: string): Promise<void> {
  await killDaemons(directory);
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * Kills the daemons of a cluster, and keeps looking until none is left, since a kwokctl that is half-way through its work
 * starts more of them.
 */
export async function killDaemons(directory: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const pids = await processesNaming(daemons, `${directory}/`);
    if (pids.length === 0) return;
    if (performance.now() > deadline) throw new Error(`processes of a cluster would not die: ${pids.join(", ")}`);
    // Nothing in the directory is kept, so there is nothing for them to finish.
    for (const pid of pids) kill(pid);
    await pause(25);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

export interface KnownCluster {
  readonly name: string;
  readonly directory: string;
  readonly owned: boolean;
}

export async function knownClusters(): Promise<KnownCluster[]> {
  const entries = await readdir(clustersRoot).catch(() => []);
  return Promise.all(
    entries
      .filter((name) => !name.startsWith("."))
      .map(async (name) => {
        const directory = join(clustersRoot, name);
        const owner = await ownerOf(directory);
        return { name, directory, owned: owner !== undefined && (await isAlive(owner)) };
      }),
  );
}

/** Tears down every cluster whose owner is dead, and answers their names. */
export async function sweep(): Promise<string[]> {
  const orphans = (await knownClusters()).filter((cluster) => !cluster.owned);
  await Promise.all(orphans.map((cluster) => tearDown(cluster.directory)));
  return orphans.map((cluster) => cluster.name);
}

async function ownerOf(directory: string): Promise<ProcessIdentity | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(directory, "owner.json"), "utf8")));
  } catch {
    return undefined;
  }
}
