import { KubeApiError } from "./errors.ts";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly creationTimestamp?: string;
  readonly managedFields?: readonly unknown[];
}

/** Any object as the API server sent it: plain JSON, times as strings, fields unknown to us kept. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object that the API server has stored, so that it has an identity and a version. */
export interface StoredObject extends KubeObject {
  readonly metadata: ObjectMeta & { readonly uid: string; readonly resourceVersion: string };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The API server validates what it sends, so only what every caller leans on is checked: that it is an object with a metadata.name. */
export function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value["metadata"]) && typeof value["metadata"]["name"] === "string";
}

export function isStored(object: KubeObject): object is StoredObject {
  return typeof object.metadata.uid === "string" && typeof object.metadata.resourceVersion === "string";
}

export function parseObject(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw KubeApiError.garbled("the API server's answer is not an object with a name");
}

/** For caches: the object without the two fields that are large and that only `kubectl apply` and the API server read. */
export function trimmed(object: KubeObject): StoredObject {
  if (!isStored(object))
    throw KubeApiError.garbled(`${object.kind ?? "object"} ${object.metadata.name} has no uid or version`);
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  if (annotations === undefined) return { ...object, metadata };
  const { "kubectl.kubernetes.io/last-applied-configuration": __, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
}
