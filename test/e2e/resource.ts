/** The resource as people see it: what a test reads of it, and waits for. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { read } from "./shared-cluster.ts";

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.int(),
});
export const resourceSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    generation: z.int(),
    resourceVersion: z.string(),
    finalizers: z.array(z.string()).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .object({
      conditions: z.array(conditionSchema).default([]),
      step: z.string().optional(),
      plan: z
        .object({
          hash: z.string().optional(),
          steps: z.array(z.object({ object: z.string(), action: z.string(), why: z.string() })).optional(),
        })
        .optional(),
      steps: z
        .array(
          z.object({
            name: z.string(),
            state: z.string(),
            message: z.string().optional(),
            blockedBy: z.object({ object: z.string(), reason: z.string(), remedy: z.string() }).optional(),
          }),
        )
        .default([]),
      preflight: z
        .array(z.object({ check: z.string(), object: z.string(), message: z.string(), remedy: z.string() }))
        .default([]),
      pipelineParity: z.object({ state: z.string(), differences: z.array(z.string()).default([]) }).optional(),
      history: z
        .array(
          z.object({
            state: z.string(),
            to: z.string(),
            acceptedRisks: z.array(z.object({ check: z.string(), object: z.string() })).optional(),
          }),
        )
        .default([]),
    })
    .default({ conditions: [], steps: [], preflight: [], history: [] }),
});
export type Resource = z.infer<typeof resourceSchema>;
export type Condition = z.infer<typeof conditionSchema>;

export const resourcePath = (namespace: string, name: string): string =>
  `/apis/ceilometer.openstack.org/v1alpha1/namespaces/${namespace}/ceilometerupgrades/${name}`;

export async function readResource(
  cluster: ClusterAccess,
  namespace: string,
  name: string,
): Promise<Resource | undefined> {
  const found = await read(cluster, resourcePath(namespace, name));
  return found === undefined ? undefined : resourceSchema.parse(found);
}

export const conditionOf = (resource: Resource | undefined, type: string): Condition | undefined =>
  resource?.status.conditions.find((condition) => condition.type === type);

export interface Wanted {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
}

/** Whether the condition is so, said of the spec as it stands now. */
export function isSo(resource: Resource | undefined, { type, status, reason }: Wanted): boolean {
  const condition = conditionOf(resource, type);
  if (condition === undefined || condition.observedGeneration !== resource?.metadata.generation) return false;
  return condition.status === status && (reason === undefined || condition.reason === reason);
}

/** Rejects with `describe()` when it takes longer than `timeout` milliseconds. */
export async function eventually(
  holds: () => Promise<boolean>,
  describe: () => Promise<string> | string,
  timeout: number,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeout / 1000} s: ${await describe()}`);
    await pause(200);
  }
}

/** What a failed wait shows: everything that the resource says. */
export function tell(resource: Resource | undefined): string {
  if (resource === undefined) return "there is no resource";
  const lines = resource.status.conditions.map(
    ({ type, status, reason, message }) => `  ${type}=${status} ${reason}: ${message}`,
  );
  const generations = `generation ${resource.metadata.generation}`;
  return [`${generations}, step ${resource.status.step ?? "-"}`, ...lines].join("\n");
}
