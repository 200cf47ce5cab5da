/** The operator's chart, as people use it: by Helm, on the control plane of the tests. */
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { sharedCluster } from "./shared-cluster.ts";

export const CHART = "charts/ceilometer-upgrade-operator";

/** @throws with what Helm says when it does not end well. */
export async function helmOn(cluster: ClusterAccess, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.helm(args);
  if (code !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  return stdout;
}

export const helm = async (...args: readonly string[]): Promise<string> => helmOn(await sharedCluster(), ...args);

const objectSchema = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
export type Rendered = z.infer<typeof objectSchema>;

/** What `helm template` makes of these values, hooks included. */
export const rendered = (...args: readonly string[]): Promise<readonly Rendered[]> => renderedAs("x", ...args);

/**
 * Likewise, for a release of this name.
 * @throws where a key is there twice, of which every reader takes another.
 */
export async function renderedAs(release: string, ...args: readonly string[]): Promise<readonly Rendered[]> {
  const documents = parseAllDocuments(await helm("template", release, CHART, ...args));
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object: unknown = document.toJS();
    return object === null ? [] : [objectSchema.parse(object)];
  });
}
