/**
 * Workloads. The template is kept as text, which costs a third of the memory of the objects, and parsed for the few that are
 * looked at.
 */
import { z } from "zod";
import type { KubeObject } from "../../../kube/object.ts";
import type { Meta } from "../../../model/meta.ts";
import type { WorkloadKind, WorkloadStatus } from "../../../model/observation.ts";
import { count, labels, metaOf, text } from "./meta.ts";

/** A workload with its template as text. */
export interface WorkloadView {
  readonly kind: WorkloadKind;
  readonly metadata: Meta;
  readonly replicas: number | undefined;
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly template: string;
  readonly strategy: string;
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
  readonly partition: number;
  readonly paused: boolean;
  readonly status: WorkloadStatus;
}

const share = z.union([z.number(), z.string()]).nullish();

const strategy = z.looseObject({
  type: text,
  rollingUpdate: z.looseObject({ partition: count, maxSurge: share, maxUnavailable: share }).nullish(),
});
const workload = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().optional(),
    selector: z.looseObject({ matchLabels: labels }),
    template: z.unknown().optional(),
    strategy: strategy.optional(),
    updateStrategy: strategy.optional(),
    paused: z.boolean().optional(),
  }),
  status: z
    .looseObject({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
      desiredNumberScheduled: count,
      currentNumberScheduled: count,
      updatedNumberScheduled: count,
      numberReady: count,
      numberAvailable: count,
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string(), message: text })).default([]),
    })
    .default({
      observedGeneration: 0,
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      desiredNumberScheduled: 0,
      currentNumberScheduled: 0,
      updatedNumberScheduled: 0,
      numberReady: 0,
      numberAvailable: 0,
      conditions: [],
    }),
});

/** What the API server sets where nobody says otherwise; a StatefulSet has no surge at all. */
const SURGE = { Deployment: "25%", DaemonSet: 0, StatefulSet: 0 } as const;
const UNAVAILABLE = { Deployment: "25%", DaemonSet: 1, StatefulSet: 1 } as const;

export function workloadView(kind: WorkloadKind): (object: KubeObject) => WorkloadView {
  return (object) => {
    const { spec, status } = workload.parse(object);
    const { type = "", rollingUpdate } = spec.strategy ?? spec.updateStrategy ?? {};
    const hosts = kind === "DaemonSet";
    // What nobody set is one, as the API server defaults it.
    const replicas = hosts ? undefined : (spec.replicas ?? 1);
    return {
      kind,
      metadata: metaOf(object, true),
      replicas,
      matchLabels: spec.selector.matchLabels,
      template: JSON.stringify(spec.template),
      strategy: type,
      maxSurge: rollingUpdate?.maxSurge ?? SURGE[kind],
      maxUnavailable: rollingUpdate?.maxUnavailable ?? UNAVAILABLE[kind],
      partition: rollingUpdate?.partition ?? 0,
      paused: spec.paused === true,
      status: { ...counts(status, hosts, replicas ?? 0), ...failureOf(status) },
    };
  };
}

type RawStatus = z.output<typeof workload>["status"];

/** A DaemonSet counts hosts, the others count pods, under names of their own. */
function counts(status: RawStatus, hosts: boolean, replicas: number): Omit<WorkloadStatus, "createFailure"> {
  const { observedGeneration } = status;
  if (!hosts) {
    return {
      observedGeneration,
      desired: replicas,
      current: status.replicas,
      updated: status.updatedReplicas,
      ready: status.readyReplicas,
      available: status.availableReplicas,
    };
  }
  return {
    observedGeneration,
    desired: status.desiredNumberScheduled,
    current: status.currentNumberScheduled,
    updated: status.updatedNumberScheduled,
    ready: status.numberReady,
    available: status.numberAvailable,
  };
}

function failureOf(status: RawStatus): { readonly createFailure?: string } {
  const failure = status.conditions.find((each) => each.type === "ReplicaFailure" && each.status === "True");
  return failure === undefined ? {} : { createFailure: failure.message };
}
