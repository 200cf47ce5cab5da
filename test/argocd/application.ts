/** An Application of Argo CD, as a test sees it: what it says of itself, and everything that it ever said. */
import { z } from "zod";
import { NAMESPACE } from "../../tools/argocd/argocd.ts";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { watchCollection } from "../../tools/control-plane/watch.ts";
import { eventually } from "../e2e/resource.ts";
import { create, mergePatch, read } from "../e2e/shared-cluster.ts";

const resourceSchema = z.object({
  kind: z.string(),
  name: z.string(),
  status: z.string().optional(),
  requiresPruning: z.boolean().optional(),
  health: z.object({ status: z.string().optional(), message: z.string().optional() }).optional(),
});
const schema = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().default("") }).default({ status: "", revision: "" }),
      health: z.object({ status: z.string().default("") }).default({ status: "" }),
      resources: z.array(resourceSchema).default([]),
      operationState: z
        .object({
          phase: z.string(),
          message: z.string().default(""),
          startedAt: z.string(),
          operation: z.object({ sync: z.object({ revision: z.string().optional() }).optional() }),
          syncResult: z.object({ revision: z.string().default("") }).optional(),
        })
        .optional(),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).default([]),
    })
    .prefault({}),
});
export type ApplicationSeen = z.infer<typeof schema>;

export interface ApplicationSpec {
  readonly syncPolicy: { readonly automated: unknown; readonly syncOptions: readonly string[] };
  readonly [field: string]: unknown;
}

export interface Application {
  /** Every state that it was seen in, in their order. */
  readonly seen: readonly ApplicationSeen[];
  /** Has Argo CD look at Git now. */
  refresh(): Promise<void>;
  /** Waits until the commit is applied, and everything as wanted. Health: that of the whole Application. */
  until(revision: string, sync: string, health: string): Promise<ApplicationSeen>;
  read(): Promise<ApplicationSeen>;
  /** What it does, or did last. */
  operation(): Promise<{ readonly phase: string; readonly message: string }>;
  /** Merges into its spec. */
  edit(spec: unknown): Promise<void>;
  /** A sync by hand, of everything. */
  sync(revision: string): Promise<void>;
  close(): Promise<void>;
}

const COLLECTION = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/applications`;
const PATIENCE = 60_000;

export async function createApplication(
  cluster: ClusterAccess,
  name: string,
  spec: ApplicationSpec,
): Promise<Application> {
  await create(cluster, COLLECTION, {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: NAMESPACE },
    spec,
  });
  const path = `${COLLECTION}/${name}`;
  const seen: ApplicationSeen[] = [];
  const watch = watchCollection(cluster.api, COLLECTION, schema, ({ object }) => {
    if (object.metadata.name === name) seen.push(object);
  });
  const current = async (): Promise<ApplicationSeen> => schema.parse(await read(cluster, path));
  return {
    seen,
    read: current,
    operation: async () => (await current()).status.operationState ?? { phase: "", message: "" },
    refresh: () => mergePatch(cluster, path, { metadata: { annotations: { "argocd.argoproj.io/refresh": "normal" } } }),
    async until(revision, sync, health) {
      let last: ApplicationSeen | undefined;
      const holds = async (): Promise<boolean> => {
        last = await current();
        const { status } = last;
        return status.sync.revision === revision && status.sync.status === sync && status.health.status === health;
      };
      const wanted = `${name} at ${revision}: ${sync}, ${health}`;
      await eventually(holds, () => `${wanted}\n${JSON.stringify(last?.status, undefined, 1)}`, PATIENCE);
      if (last === undefined) throw new Error("a state without an Application");
      return last;
    },
    edit: (change) => mergePatch(cluster, path, { spec: change }),
    async sync(revision) {
      const before = (await current()).status.operationState?.startedAt;
      // What a person's click fills in: an operation has options of its own.
      const { syncOptions } = spec.syncPolicy;
      await mergePatch(cluster, path, { operation: { sync: { revision, prune: true, syncOptions } } });
      const done = async (): Promise<boolean> => {
        const { operationState } = (await current()).status;
        return operationState?.phase === "Succeeded" && operationState.startedAt !== before;
      };
      await eventually(done, async () => JSON.stringify((await current()).status.operationState), PATIENCE);
    },
    close: () => watch.stop(),
  };
}
