/** The control plane of the end-to-end tests with Argo CD and Flux beside it, started once for all files. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { startArgoCd } from "../../tools/argocd/argocd.ts";
import { attachCluster } from "../../tools/control-plane/cluster.ts";
import { startFlux } from "../../tools/flux/flux.ts";
import { setup as startControlPlane } from "../e2e/global-setup.ts";
import type { Provided } from "../e2e/shared-cluster.ts";
import { SETTINGS } from "./admin.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The program Argo CD. */
    argocd: string;
    /** The program that says what kstatus says. */
    kstatus: string;
  }
}

interface Project {
  provide(key: "controlPlane", value: Provided): void;
  provide(key: "argocd" | "kstatus", value: string): void;
}

const configMap = z.object({ data: z.record(z.string(), z.string()) });

export async function setup(project: Project): Promise<() => Promise<void>> {
  let controlPlane: Provided | undefined;
  const teardown = await startControlPlane({
    provide(key, value) {
      controlPlane = value;
      project.provide(key, value);
    },
  });
  try {
    if (controlPlane === undefined) throw new Error("the control plane was not provided");
    const cluster = await attachCluster(controlPlane.dir, controlPlane.binaries);
    const { data: settings } = configMap.parse(parse(await readFile(SETTINGS, "utf8")));
    const [{ binaries }, flux] = await Promise.all([startArgoCd(cluster, { settings }), startFlux(cluster)]);
    cluster.api.close();
    project.provide("argocd", binaries.argocd);
    project.provide("kstatus", flux.kstatus);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}
