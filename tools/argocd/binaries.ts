import { basename, join } from "node:path";
import { type BuildOptions, ensurePrograms } from "../control-plane/go-programs.ts";

/** The programs of go.mod: Argo CD, which is one program under several names, and the cache that it needs. */
const packages = { argocd: "github.com/argoproj/argo-cd/v3/cmd", redis: "./redis" } as const;

export interface ArgoBinaries {
  readonly argocd: string;
  /** Speaks Redis' protocol; the only argument is the address to listen on. */
  readonly redis: string;
  /** Files with the definitions of its resources. */
  readonly definitions: readonly string[];
}

const definitions = ["manifests/crds/application-crd.yaml", "manifests/crds/appproject-crd.yaml"];

/**
 * Argo CD, built once per content of go.mod and go.sum.
 *
 * @throws NoGoToolchain when nothing can build it; Error with the compiler's words when a build fails.
 */
export async function ensureArgoCd(options: BuildOptions = {}): Promise<ArgoBinaries> {
  const directory = await ensurePrograms(
    {
      name: "argocd",
      about: "building Argo CD from source; the first build takes about five minutes",
      module: import.meta.dirname,
      sources: ["redis/main.go"],
      packages,
      files: { module: "github.com/argoproj/argo-cd/v3", paths: definitions },
      linkerFlags,
    },
    options,
  );
  const path = (file: string): string => join(directory, basename(file));
  return { argocd: path("argocd"), redis: path("redis"), definitions: definitions.map(path) };
}

/** The version of go.mod, without the `v`, as Argo CD's own builds say it. */
function linkerFlags(module: string): string {
  const [, version] = /^\s*github\.com\/argoproj\/argo-cd\/v3 v(\S+)/m.exec(module) ?? [];
  if (version === undefined) throw new Error("tools/argocd/go.mod does not require github.com/argoproj/argo-cd/v3");
  return `-s -w -X github.com/argoproj/argo-cd/v3/common.version=${version}`;
}
