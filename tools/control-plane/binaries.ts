import { join } from "node:path";
import { type BuildOptions, ensurePrograms } from "./go-programs.ts";

export { cacheRoot } from "./go-programs.ts";

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

/**
 * The programs of a real control plane, built once per content of go.mod and go.sum.
 *
 * @throws NoGoToolchain when nothing can build them; Error with the compiler's words when a build fails.
 */
export async function ensureBinaries(options: BuildOptions = {}): Promise<Binaries> {
  const directory = await ensurePrograms(
    {
      name: "control-plane",
      about: "building the Kubernetes control plane from source; the first build takes about six minutes",
      module: import.meta.dirname,
      packages,
      linkerFlags,
    },
    options,
  );
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

/** Kubernetes programs built outside their own tree call themselves v0.0.0, which clients and the server refuse to pair. */
function linkerFlags(module: string): string {
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)\b/m.exec(module) ?? [];
  if (version === undefined) throw new Error("tools/control-plane/go.mod does not require k8s.io/kubernetes");
  const variable = "k8s.io/component-base/version";
  return `-s -w -X ${variable}.gitVersion=${version} -X ${variable}.gitMajor=${major} -X ${variable}.gitMinor=${minor}`;
}
