/** The metadata that views keep, and the small parsers that they share. */
import { z } from "zod";
import type { KubeObject } from "../../../kube/object.ts";
import type { Manager, Meta } from "../../../model/meta.ts";
import { parseTime } from "../../../model/time.ts";

export const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
export const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const managedField = z.looseObject({
  manager: text,
  operation: text,
  subresource: z.string().optional(),
  time: z.string().optional(),
  fieldsV1: z.record(z.string(), z.unknown()).optional(),
});

const metadata = z.object({
  namespace: text,
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: count,
  labels,
  annotations: labels,
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).default([]),
  ownerReferences: z
    .array(z.looseObject({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().optional() }))
    .default([]),
  managedFields: z.array(managedField).default([]),
});

/** Replicas, or the node selector of a template, among the fields of an owner. */
const places = z.looseObject({
  "f:spec": z.union([
    z.looseObject({ "f:replicas": z.looseObject({}) }),
    z.looseObject({
      "f:template": z.looseObject({ "f:spec": z.looseObject({ "f:nodeSelector": z.looseObject({}) }) }),
    }),
  ]),
});

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Who wrote which fields is asked of workloads alone; everybody's `managedFields` are larger than the rest of the object. */
export function metaOf(object: KubeObject, withManagers: boolean): Meta {
  const meta = metadata.parse(object.metadata);
  const { [LAST_APPLIED]: _, ...annotations } = meta.annotations;
  const owner = meta.ownerReferences.find((each) => each.controller === true);
  const deletingSince = parseTime(meta.deletionTimestamp);
  return {
    namespace: meta.namespace,
    name: meta.name,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    generation: meta.generation,
    labels: meta.labels,
    annotations,
    createdAt: parseTime(meta.creationTimestamp) ?? 0,
    ...(deletingSince === undefined ? {} : { deletingSince }),
    finalizers: meta.finalizers,
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name, uid: owner.uid } }),
    managers: withManagers ? meta.managedFields.map(managerOf) : [],
  };
}

function managerOf(field: z.output<typeof managedField>): Manager {
  const time = parseTime(field.time);
  return {
    manager: field.manager,
    operation: field.operation,
    ...(field.subresource === undefined ? {} : { subresource: field.subresource }),
    ...(time === undefined ? {} : { time }),
    ...(field.fieldsV1?.["f:spec"] === undefined ? {} : { ofSpec: true }),
    ...(places.safeParse(field.fieldsV1).success ? { ofPlaces: true } : {}),
  };
}

/** Messages of containers and controllers may be anything: as much is kept as a condition can show, in characters. */
export const SHOWN = 512;

/** What controllers say of an object, in the shape that pods, Jobs and the others share. */
export const conditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: text,
      message: text,
      lastTransitionTime: z.string().nullish(),
    }),
  )
  .default([]);
