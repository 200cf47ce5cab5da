import { join } from "node:path";
import { type BuildOptions, ensurePrograms } from "../control-plane/go-programs.ts";

const packages = { "kustomize-controller": "github.com/fluxcd/kustomize-controller", kstatus: "./kstatus" } as const;

export interface FluxBinaries {
  readonly controller: string;
  /** Reads an object in JSON, and writes what kstatus says of it. */
  readonly kstatus: string;
  /** The definition of Kustomizations. */
  readonly definition: string;
}

const definition = "kustomize.toolkit.fluxcd.io_kustomizations.yaml";

/**
 * Flux' kustomize-controller, built once per content of go.mod and go.sum.
 *
 * @throws NoGoToolchain when nothing can build it; Error with the compiler's words when a build fails.
 */
export async function ensureFlux(options: BuildOptions = {}): Promise<FluxBinaries> {
  const directory = await ensurePrograms(
    {
      name: "flux",
      about: "building Flux' kustomize-controller from source; the first build takes about three minutes",
      module: import.meta.dirname,
      sources: ["kstatus/main.go"],
      packages,
      files: { module: packages["kustomize-controller"], paths: [`config/crd/bases/${definition}`] },
      linkerFlags: () => "-s -w",
    },
    options,
  );
  return {
    controller: join(directory, "kustomize-controller"),
    kstatus: join(directory, "kstatus"),
    definition: join(directory, definition),
  };
}
