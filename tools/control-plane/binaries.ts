import { createHash } from "node:crypto";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findGo } from "./go-toolchain.ts";
import { identityOf, isAlive, type ProcessIdentity, run } from "./process.ts";

/** Everything that is built or started lives here, ignored by git and safe to delete. */
export const cacheRoot = join(import.meta.dirname, "..", "..", ".cache");

/** The programs of go.mod's `tool` block, by the name under which they are installed. */
const packages = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
  kwokctl: "sigs.k8s.io/kwok/cmd/kwokctl",
  helm: "helm.sh/helm/v4/cmd/helm",
  kind: "sigs.k8s.io/kind",
} as const;

export type Program = keyof typeof packages;
export type Binaries = Readonly<Record<Program, string>> & { readonly directory: string };

export interface BuildOptions {
  readonly onProgress?: (line: string) => void;
}

const toStderr = (line: string): void => {
  process.stderr.write(`control-plane: ${line}\n`);
};

/**
 * The programs of a real control plane, built once per content of go.mod and go.sum.
 *
 * @throws NoGoToolchain when nothing can build them; Error with the compiler's words when a build fails.
 */
export async function ensureBinaries({ onProgress = toStderr }: BuildOptions = {}): Promise<Binaries> {
  const root = join(cacheRoot, "control-plane");
  const directory = join(root, await fingerprint(), "bin");
  if (await exists(directory)) return at(directory);
  await mkdir(dirname(directory), { recursive: true });
  await using _lock = await onlyBuilder(join(root, "build.lock"), onProgress);
  if (await exists(directory)) return at(directory);
  await build(directory, await findGo(root, onProgress), onProgress);
  return at(directory);
}

function at(directory: string): Binaries {
  const path = (program: Program): string => join(directory, program);
  return {
    directory,
    etcd: path("etcd"),
    "kube-apiserver": path("kube-apiserver"),
    "kube-controller-manager": path("kube-controller-manager"),
    "kube-scheduler": path("kube-scheduler"),
    kubectl: path("kubectl"),
    kwok: path("kwok"),
    kwokctl: path("kwokctl"),
    helm: path("helm"),
    kind: path("kind"),
  };
}

async function build(directory: string, go: string, onProgress: (line: string) => void): Promise<void> {
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  const unfinished = `${directory}.${process.pid}`;
  await removeUnfinished(directory);
  const flags = await linkerFlags();
  const programs = Object.entries(packages);
  onProgress("building the Kubernetes control plane from source; the first build takes about six minutes");
  try {
    for (const [index, [program, source]] of programs.entries()) {
      onProgress(`${program} (${index + 1} of ${programs.length}), ${elapsed()} so far`);
      const report = setInterval(() => onProgress(`${program} still building, ${elapsed()} so far`), 30_000);
      const arguments_ = ["build", "-trimpath", "-ldflags", flags, "-o", join(unfinished, program), source];
      const built = await run(go, arguments_, {
        cwd: import.meta.dirname,
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      }).finally(() => clearInterval(report));
      if (built.code !== 0) throw new Error(`building ${program} failed:\n${built.stderr.trim()}`);
    }
    // Renamed as a whole, so that a directory that exists is a directory that is complete, whoever was first.
    await rename(unfinished, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
    onProgress(`built ${programs.length} programs in ${elapsed()}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** What builds that were killed have left. Their owner held the lock that this process holds now, so none is at work. */
async function removeUnfinished(directory: string): Promise<void> {
  const left = (await readdir(dirname(directory))).filter((name) => name.startsWith(`${basename(directory)}.`));
  await Promise.all(left.map((name) => rm(join(dirname(directory), name), { recursive: true, force: true })));
}

/** Kubernetes programs built outside their own tree call themselves v0.0.0, which clients and the server refuse to pair. */
async function linkerFlags(): Promise<string> {
  const module = await readFile(join(import.meta.dirname, "go.mod"), "utf8");
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)\b/m.exec(module) ?? [];
  if (version === undefined) throw new Error("tools/control-plane/go.mod does not require k8s.io/kubernetes");
  const variable = "k8s.io/component-base/version";
  return `-s -w -X ${variable}.gitVersion=${version} -X ${variable}.gitMajor=${major} -X ${variable}.gitMinor=${minor}`;
}

async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Holds the lock file until disposed; a lock whose owner died is taken over. */
async function onlyBuilder(lock: string, onProgress: (line: string) => void): Promise<AsyncDisposable> {
  let announced = false;
  for (;;) {
    try {
      await using file = await open(lock, "wx");
      await file.writeFile(JSON.stringify(await identityOf(process.pid)));
      return { [Symbol.asyncDispose]: () => rm(lock, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const owner = await lockOwner(lock);
    if (owner !== undefined && !(await isAlive(owner))) {
      await rm(lock, { force: true });
      continue;
    }
    if (!announced) onProgress("another process is building the control plane; waiting for it");
    announced = true;
    await pause(500);
  }
}

/** Undefined while the other side is between creating the file and writing into it. */
async function lockOwner(lock: string): Promise<ProcessIdentity | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(lock, "utf8"));
    if (typeof content !== "object" || content === null || !("pid" in content) || !("born" in content))
      return undefined;
    return { pid: Number(content.pid), born: String(content.born) };
  } catch {
    return undefined;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
