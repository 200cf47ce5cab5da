/** What is there, to be held against what the resource says of it. */
import { z } from "zod";
import { resourcePath } from "../e2e/resource.ts";
import type { Scene } from "../e2e/scene.ts";
import { read } from "../e2e/shared-cluster.ts";

type Place = Pick<Scene, "cluster" | "namespace">;

const objectSchema = z.looseObject({ spec: z.unknown() });

/** As it is stored now. */
export async function specOf({ cluster, namespace }: Place): Promise<unknown> {
  return objectSchema.parse(await read(cluster, resourcePath(namespace, "ceilometer"))).spec;
}

const templatesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({
        template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
      }),
    }),
  ),
});

export interface RunningTemplate {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly images: readonly string[];
}

export async function podTemplates({ cluster, namespace }: Place): Promise<readonly RunningTemplate[]> {
  const kinds = { Deployment: "deployments", DaemonSet: "daemonsets", StatefulSet: "statefulsets" };
  const lists = await Promise.all(
    Object.entries(kinds).map(async ([kind, plural]) => {
      const { items } = templatesSchema.parse(await read(cluster, `/apis/apps/v1/namespaces/${namespace}/${plural}`));
      return items.map(({ metadata: { name, labels }, spec }) => ({
        kind,
        name,
        labels,
        images: spec.template.spec.containers.map(({ image }) => image),
      }));
    }),
  );
  return lists.flat();
}
