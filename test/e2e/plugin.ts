/** The plugin as people have it: bundled, on the PATH of the real kubectl. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { type Finished, run } from "../../tools/control-plane/process.ts";

export interface Plugin extends AsyncDisposable {
  /** Where the two programs are. */
  readonly directory: string;
  /** An environment in which kubectl finds the plugin, and the plugin a Node. */
  env(cluster: ClusterAccess): NodeJS.ProcessEnv;
  /** `kubectl ceilometer-upgrade …`. */
  kubectl(cluster: ClusterAccess, args: readonly string[]): Promise<Finished>;
}

export async function installPlugin(): Promise<Plugin> {
  const directory = await mkdtemp(join(tmpdir(), "plugin-"));
  await promisify(execFile)(process.execPath, ["scripts/bundle-plugin.ts", "--outdir", directory]);
  const env: Plugin["env"] = ({ kubeconfig, binaries, dir }) => ({
    ...process.env,
    KUBECONFIG: kubeconfig,
    PATH: [directory, binaries.directory, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
    NODE_OPTIONS: "",
    NODE_COMPILE_CACHE: join(dir, "compiled"),
    HOME: directory,
  });
  return {
    directory,
    env,
    kubectl: (cluster, args) => run(cluster.binaries.kubectl, ["ceilometer-upgrade", ...args], { env: env(cluster) }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
