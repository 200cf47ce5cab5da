/**
 * A workload as the document that JSON Patches are written for, and back: a plan applies the very patches that the operator
 * sends, so that nothing can be planned that would not be written.
 */
import { z } from "zod";
import { canonicalJson } from "../model/digest.ts";
import { applyPatch } from "../model/json-patch.ts";
import type { Manager, Meta } from "../model/meta.ts";
import type { Workload, WorkloadKind } from "../model/observation.ts";
import type { ObjectBody } from "../model/outcome.ts";
import type { KubePatchOperation } from "../model/patch.ts";
import type { PodSpec, PodTemplate } from "../model/pod-template.ts";

const labels = z.record(z.string(), z.string()).default({});
const hasContainers = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "containers" in value && Array.isArray(value.containers);
const template = z.looseObject({
  metadata: z.looseObject({ labels, annotations: labels }).default({ labels: {}, annotations: {} }),
  spec: z.custom<PodSpec>(hasContainers, "a pod template without containers"),
});
const share = z.union([z.number(), z.string()]).optional();
const update = z.looseObject({
  type: z.string().default("RollingUpdate"),
  rollingUpdate: z.looseObject({ partition: z.number().optional(), maxSurge: share, maxUnavailable: share }).nullish(),
});
const isManager = (value: unknown): value is Manager =>
  typeof value === "object" && value !== null && "manager" in value && "operation" in value;
const workloadDocument = z.looseObject({
  metadata: z.looseObject({
    labels,
    annotations: labels,
    finalizers: z.array(z.string()).default([]),
    managedFields: z.array(z.custom<Manager>(isManager)).default([]),
  }),
  spec: z.looseObject({
    replicas: z.number().optional(),
    paused: z.boolean().default(false),
    selector: z.looseObject({ matchLabels: labels }),
    template,
    strategy: update.optional(),
    updateStrategy: update.optional(),
  }),
});

export const templateOf = (body: unknown): PodTemplate => {
  const { metadata, spec } = template.parse(body);
  return { labels: metadata.labels, annotations: metadata.annotations, spec };
};

function specDocument(workload: Workload): Readonly<Record<string, unknown>> {
  const { kind, replicas, matchLabels, strategy, maxSurge, maxUnavailable, partition, paused } = workload;
  const rollingUpdate = { maxSurge, maxUnavailable, ...(partition === 0 ? {} : { partition }) };
  const how = { type: strategy, ...(strategy === "RollingUpdate" ? { rollingUpdate } : {}) };
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(paused ? { paused } : {}),
    selector: { matchLabels },
    ...(kind === "Deployment" ? { strategy: how } : { updateStrategy: how }),
    template: {
      metadata: { labels: workload.template.labels, annotations: workload.template.annotations },
      spec: workload.template.spec,
    },
  };
}

/** The workload after a patch. Its generation is raised where its spec changed, as the API server does. */
export function patched(workload: Workload, operations: readonly KubePatchOperation[], version: string): Workload {
  const { metadata } = workload;
  const { uid, resourceVersion, generation, labels: own, annotations, finalizers, managers } = metadata;
  const spec = specDocument(workload);
  const before = {
    metadata: { uid, resourceVersion, generation, labels: own, annotations, finalizers, managedFields: managers },
    spec,
  };
  const after = applyPatch(before, operations);
  const changed = specOf(workload.kind, after);
  const isRespecified = canonicalJson(specDocument({ ...workload, ...changed.wanted })) !== canonicalJson(spec);
  const meta: Meta = {
    ...metadata,
    ...changed.named,
    managers: changed.managers,
    resourceVersion: version,
    generation: generation + (isRespecified ? 1 : 0),
  };
  return { ...workload, ...changed.wanted, metadata: meta };
}

/** A workload of the operator's own that has just been created; its controller has not looked at it yet. */
export function created(kind: WorkloadKind, object: ObjectBody, metadata: Meta): Workload {
  const status = { observedGeneration: 0, desired: 0, current: 0, updated: 0, ready: 0, available: 0 };
  return { kind, ...specOf(kind, object).wanted, metadata, status };
}

type WantedFields = Omit<Workload, "kind" | "metadata" | "status">;

function specOf(
  kind: WorkloadKind,
  document: unknown,
): {
  readonly wanted: WantedFields;
  readonly named: Pick<Meta, "labels" | "annotations" | "finalizers">;
  readonly managers: readonly Manager[];
} {
  const { metadata, spec } = workloadDocument.parse(document);
  return {
    wanted: {
      replicas: kind === "DaemonSet" ? undefined : (spec.replicas ?? 1),
      matchLabels: spec.selector.matchLabels,
      template: {
        labels: spec.template.metadata.labels,
        annotations: spec.template.metadata.annotations,
        spec: spec.template.spec,
      },
      ...updateOf(kind, spec.strategy ?? spec.updateStrategy),
      paused: spec.paused,
    },
    named: { labels: metadata.labels, annotations: metadata.annotations, finalizers: metadata.finalizers },
    managers: metadata.managedFields,
  };
}

/** What nobody set is as the API server defaults it. */
function updateOf(
  kind: WorkloadKind,
  how: z.output<typeof update> | undefined,
): Pick<Workload, "strategy" | "maxSurge" | "maxUnavailable" | "partition"> {
  const { maxSurge, maxUnavailable, partition } = how?.rollingUpdate ?? {};
  const isDeployment = kind === "Deployment";
  return {
    strategy: how?.type ?? "RollingUpdate",
    maxSurge: maxSurge ?? (isDeployment ? "25%" : 0),
    maxUnavailable: maxUnavailable ?? (isDeployment ? "25%" : 1),
    partition: partition ?? 0,
  };
}
