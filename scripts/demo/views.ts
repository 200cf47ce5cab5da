/** The parts of the cluster's objects that the demo looks at. */
import { z } from "zod";
import { specSchema, statusSchema } from "../../src/api/v1alpha1/schema.ts";

const ownerSchema = z.object({ kind: z.string(), name: z.string(), controller: z.boolean().default(false) });
const containersSchema = z.array(z.object({ image: z.string() }));

export const podSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(ownerSchema).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    containers: containersSchema,
    volumes: z
      .array(
        z.object({
          configMap: z.object({ name: z.string() }).optional(),
          secret: z.object({ secretName: z.string() }).optional(),
        }),
      )
      .default([]),
  }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
});
export type PodView = z.infer<typeof podSchema>;

export const jobSchema = z.object({
  metadata: z.object({ uid: z.string(), name: z.string() }),
  spec: z.object({ template: z.object({ spec: z.object({ containers: containersSchema }) }) }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});
export type JobView = z.infer<typeof jobSchema>;

export const eventSchema = z.object({
  metadata: z.object({ uid: z.string() }),
  eventTime: z.string().nullish(),
  type: z.string().default("Normal"),
  reason: z.string().default(""),
  note: z.string().default(""),
  regarding: z.object({ kind: z.string().default(""), name: z.string().default("") }).default({ kind: "", name: "" }),
});
export type EventView = z.infer<typeof eventSchema>;

export const upgradeSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), generation: z.int() }),
  spec: specSchema,
  status: statusSchema.default({}),
});
export type UpgradeView = z.infer<typeof upgradeSchema>;
