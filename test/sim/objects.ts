/** The shapes of the objects that the model cluster works on: as the API server stores them, with the fields that matter here. */
import type { StoredObject } from "../../src/kube/object.ts";
import type { Labels } from "../../src/model/meta.ts";
import type { WorkloadKind } from "../../src/model/observation.ts";

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly [field: string]: unknown;
}
export interface Template {
  readonly metadata: { readonly labels: Labels };
  readonly spec: {
    readonly containers: readonly ContainerSpec[];
    readonly nodeSelector?: Labels;
    readonly [field: string]: unknown;
  };
}
interface UpdateStrategy {
  readonly type: string;
  readonly rollingUpdate?: Readonly<Record<string, number | string>>;
}
export interface WorkloadObject extends StoredObject {
  readonly kind: WorkloadKind;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: Template;
    readonly strategy?: UpdateStrategy;
    readonly updateStrategy?: UpdateStrategy;
  };
  readonly status?: Readonly<Record<string, unknown>>;
}
export interface ReplicaSetObject extends StoredObject {
  readonly kind: "ReplicaSet";
  readonly spec: {
    readonly replicas: number;
    /** What the Deployment wanted when it last scaled this one: another number is a scaling event. */
    readonly desired: number;
    readonly hash: string;
    readonly template: Template;
  };
  readonly status: { readonly replicas: number; readonly ready: number };
}
export interface PodObject extends StoredObject {
  readonly kind: "Pod";
  readonly spec: Template["spec"] & { readonly nodeName?: string };
  readonly status: {
    readonly phase: "Pending" | "Running" | "Succeeded" | "Failed";
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses: readonly unknown[];
  };
}
export interface JobObject extends StoredObject {
  readonly kind: "Job";
  readonly spec: { readonly template: Template };
  readonly status?: Readonly<Record<string, unknown>>;
}

// What the model stores was made by the model or by the operator's own typed builders, so the kind tells the shape.
export const isWorkload = (object: StoredObject): object is WorkloadObject =>
  object.kind === "Deployment" || object.kind === "DaemonSet" || object.kind === "StatefulSet";
export const isReplicaSet = (object: StoredObject): object is ReplicaSetObject => object.kind === "ReplicaSet";
export const isPod = (object: StoredObject): object is PodObject => object.kind === "Pod";
export interface ConfigMapObject extends StoredObject {
  readonly kind: "ConfigMap";
  readonly data?: Readonly<Record<string, string>>;
}
export const isConfigMap = (object: StoredObject): object is ConfigMapObject => object.kind === "ConfigMap";
export const isJob = (object: StoredObject): object is JobObject => object.kind === "Job";

export const isReady = (pod: PodObject): boolean =>
  pod.status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
export const hasEnded = (pod: PodObject): boolean => pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
export const isDeleting = (object: StoredObject): boolean => object.metadata.deletionTimestamp !== undefined;
/** What its controller counts: neither terminating nor ended. */
export const isActive = (pod: PodObject): boolean => !isDeleting(pod) && !hasEnded(pod);
