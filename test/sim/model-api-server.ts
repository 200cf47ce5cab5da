/**
 * A model of the API server: one revision for all objects, generations that count changes of the spec, preconditions that
 * are answered with 409 and failed tests with 422, owners of fields and server-side apply. As narrow as what decisions lean on,
 * so that the same scripts can be run against a real one.
 */
import { isDeepStrictEqual } from "node:util";
import { isKubeObject, isRecord, isStored, type KubeObject, type StoredObject } from "../../src/kube/object.ts";
import { applyPatch, PatchRefused } from "../../src/model/json-patch.ts";
import type { ObjectRef } from "../../src/model/outcome.ts";
import type { KubePatchOperation } from "../../src/model/patch.ts";
import { formatTime, type Millis } from "../../src/model/time.ts";
import { type Applier, applied, hasOwners, owned, type Writer } from "./server-side-apply.ts";

export type Answer =
  | { readonly code: 200 | 201; readonly object: StoredObject; readonly gone?: true }
  | { readonly code: 404 | 409 | 422; readonly message: string };

/** What a client may ask of it: the part that must agree with a real API server. Who writes is noted by field. */
export interface ApiServer {
  create(object: KubeObject, manager?: string): Answer;
  patchJson(ref: ObjectRef, operations: readonly KubePatchOperation[], manager?: string): Answer;
  patchMerge(ref: ObjectRef, patch: Readonly<Record<string, unknown>>, manager?: string): Answer;
  patchStatus(ref: ObjectRef, operations: readonly KubePatchOperation[]): Answer;
  scale(ref: ObjectRef, replicas: number, manager?: string): Answer;
  replace(object: KubeObject, manager?: string): Answer;
  apply(object: KubeObject, by: Applier): Answer;
  remove(ref: ObjectRef, preconditions?: Preconditions): Answer;
}

export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
  readonly before: StoredObject | undefined;
}

/** They have no generation: nothing that acts on them says how far it has come. */
const UNCOUNTED = new Set(["ConfigMap", "Secret", "Lease"]);

/** Of whom no more is known than that they wrote. */
const SOMEBODY = "somebody";

const keyOf = (kind: string, name: string): string => `${kind}/${name}`;

export class ModelApiServer implements ApiServer {
  readonly #objects = new Map<string, StoredObject>();
  readonly #listeners: ((event: StoreEvent) => void)[] = [];
  readonly #now: () => Millis;
  #revision = 0;

  constructor(now: () => Millis) {
    this.#now = now;
  }

  get #time(): string {
    return formatTime(this.#now());
  }

  get revision(): number {
    return this.#revision;
  }

  subscribe(listener: (event: StoreEvent) => void): void {
    this.#listeners.push(listener);
  }

  get(kind: string, name: string): StoredObject | undefined {
    return this.#objects.get(keyOf(kind, name));
  }

  list<T extends StoredObject>(is: (object: StoredObject) => object is T): readonly T[] {
    return [...this.#objects.values()].filter(is);
  }

  ofKind(kind: string): readonly StoredObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind);
  }

  create(object: KubeObject, manager = SOMEBODY): Answer {
    const { kind = "", metadata } = object;
    if (this.get(kind, metadata.name) !== undefined) return { code: 409, message: `${metadata.name} already exists` };
    return this.#make(hasOwners(object) ? owned(undefined, defaulted(object), { manager }, this.#time) : object);
  }

  #make(object: KubeObject): Answer {
    const { kind = "", metadata } = object;
    const identity = { uid: `uid-${this.#revision + 1}`, creationTimestamp: this.#time };
    const generation = UNCOUNTED.has(kind) ? {} : { generation: 1 };
    const { status, ...sent } = object;
    // Controllers of the model make their pods with the status that a kubelet would give them; a wish has none of its own.
    const kept = kind === "CeilometerUpgrade" || status === undefined ? {} : { status };
    const made = { ...sent, ...kept, metadata: { ...metadata, ...identity, ...generation, resourceVersion: "" } };
    return { code: 201, object: this.#store(made, undefined) };
  }

  patchJson(ref: ObjectRef, operations: readonly KubePatchOperation[], manager = SOMEBODY): Answer {
    const found = this.get(ref.kind, ref.name);
    if (found === undefined) return { code: 404, message: `${ref.name} not found` };
    try {
      return this.#accept(found, applyPatch(found, operations), { manager });
    } catch (error) {
      if (!(error instanceof PatchRefused)) throw error;
      return { code: 422, message: error.message };
    }
  }

  patchMerge(ref: ObjectRef, patch: Readonly<Record<string, unknown>>, manager = SOMEBODY): Answer {
    const found = this.get(ref.kind, ref.name);
    if (found === undefined) return { code: 404, message: `${ref.name} not found` };
    return this.#accept(found, merged(found, patch), { manager });
  }

  /** The subresource: nothing but the status changes, and a new one is no wish. */
  patchStatus(ref: ObjectRef, operations: readonly KubePatchOperation[]): Answer {
    const found = this.get(ref.kind, ref.name);
    if (found === undefined) return { code: 404, message: `${ref.name} not found` };
    try {
      const wanted = applyPatch(found, operations);
      const status = isRecord(wanted) ? { status: wanted["status"] } : {};
      return this.#replace(found, { ...found, ...status });
    } catch (error) {
      if (!(error instanceof PatchRefused)) throw error;
      return { code: 422, message: error.message };
    }
  }

  /** The subresource, as autoscalers write it. */
  scale(ref: ObjectRef, replicas: number, manager = SOMEBODY): Answer {
    const found = this.get(ref.kind, ref.name);
    if (found === undefined) return { code: 404, message: `${ref.name} not found` };
    return this.#accept(found, merged(found, { spec: { replicas } }), { manager, subresource: "scale" });
  }

  /** The whole object, at the version that it names. */
  replace(object: KubeObject, manager = SOMEBODY): Answer {
    const { kind = "", metadata } = object;
    const found = this.get(kind, metadata.name);
    if (found === undefined) return { code: 404, message: `${metadata.name} not found` };
    if (metadata.uid !== undefined && metadata.uid !== found.metadata.uid)
      return { code: 409, message: "the object is another one by now" };
    const { uid, resourceVersion, namespace, creationTimestamp, deletionTimestamp } = found.metadata;
    const own = {
      uid,
      resourceVersion,
      ...(namespace === undefined ? {} : { namespace }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    };
    return this.#accept(found, { ...object, metadata: { ...own, ...metadata } }, { manager });
  }

  /** Server-side apply: makes what is not there. */
  apply(object: KubeObject, by: Applier): Answer {
    const { kind = "", metadata } = object;
    const found = this.get(kind, metadata.name);
    const outcome = applied(found, object, by, this.#time);
    if ("conflict" in outcome) return { code: 409, message: outcome.conflict };
    return found === undefined ? this.#make(defaulted(outcome.object)) : this.#accept(found, outcome.object);
  }

  /** Graceful: a pod terminates first, an object with finalizers waits for them, everything else goes at once. */
  remove(ref: ObjectRef, preconditions?: Preconditions): Answer {
    const found = this.get(ref.kind, ref.name);
    if (found === undefined) return { code: 404, message: `${ref.name} not found` };
    const { uid, resourceVersion } = found.metadata;
    if (preconditions !== undefined && (preconditions.uid !== uid || preconditions.resourceVersion !== resourceVersion))
      return { code: 409, message: "the object is another one by now" };
    const waits = ref.kind === "Pod" || (found.metadata.finalizers ?? []).length > 0;
    if (!waits) this.erase(found);
    else if (found.metadata.deletionTimestamp === undefined) {
      // That it is to go is a wish, too, and counts as one.
      const { generation } = found.metadata;
      const counted = generation === undefined ? {} : { generation: generation + 1 };
      const metadata = { ...found.metadata, ...counted, deletionTimestamp: this.#time };
      return { code: 200, object: this.#store({ ...found, metadata }, found) };
    }
    return { code: 200, object: found, gone: true };
  }

  /** For controllers and kubelets: a new status, or a new spec of what they own. For people, whatever they edit. */
  update<T extends StoredObject>(object: T, change: Partial<T>): boolean {
    const next = { ...object, ...change };
    if (isDeepStrictEqual(next, object)) return false;
    const isStatus = Object.keys(change).every((key) => key === "status");
    this.#replace(
      object,
      isStatus || !hasOwners(object) ? next : owned(object, next, { manager: SOMEBODY }, this.#time),
    );
    return true;
  }

  /** Gone from the store, and what it owns is deleted: its pods stop first, as every pod does. */
  erase(object: StoredObject): void {
    this.#objects.delete(keyOf(object.kind ?? "", object.metadata.name));
    this.#revision += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
    this.#tell({ type: "DELETED", object: { ...object, metadata }, before: object });
    for (const { kind = "", metadata: of } of this.#objects.values()) {
      if (of.ownerReferences?.some((owner) => owner.uid === object.metadata.uid) !== true) continue;
      this.remove({ kind, namespace: of.namespace ?? "", name: of.name });
    }
  }

  /** What a client sends of an object: fields that are the server's own stay as they are, or are refused. */
  #accept(found: StoredObject, wanted: unknown, by?: Writer): Answer {
    if (!isKubeObject(wanted) || !isStored(wanted)) return { code: 422, message: "not an object any more" };
    const { uid, resourceVersion, generation, finalizers = [], deletionTimestamp } = found.metadata;
    const { metadata } = wanted;
    if (metadata.resourceVersion !== resourceVersion) return { code: 409, message: "the object has been modified" };
    if (metadata.uid !== uid) return { code: 422, message: "metadata.uid: immutable" };
    if (metadata.deletionTimestamp !== deletionTimestamp)
      return { code: 422, message: "metadata.deletionTimestamp: immutable" };
    const isLate = deletionTimestamp !== undefined && metadata.finalizers?.some((each) => !finalizers.includes(each));
    if (isLate === true) return { code: 422, message: "metadata.finalizers: no new ones while it is being deleted" };
    const { generation: _, ...rest } = metadata;
    const counted = generation === undefined ? {} : { generation };
    const { status: __, ...sent } = wanted;
    const status = found["status"] === undefined ? {} : { status: found["status"] };
    const next = defaulted({ ...sent, ...status, metadata: { ...withoutEmpty(rest), ...counted } });
    return this.#replace(found, by === undefined || !hasOwners(found) ? next : owned(found, next, by, this.#time));
  }

  #replace(found: StoredObject, next: unknown): Answer {
    if (!isKubeObject(next) || !isStored(next)) return { code: 422, message: "not an object any more" };
    const { uid, resourceVersion } = found.metadata;
    if (next.metadata.uid !== uid || next.metadata.resourceVersion !== resourceVersion) {
      return { code: 409, message: "the object has been modified" };
    }
    const frozen = ["immutable", "data", "binaryData"];
    if (found["immutable"] === true && frozen.some((key) => !isDeepStrictEqual(next[key], found[key]))) {
      return { code: 422, message: "data: immutable" };
    }
    if (isDeepStrictEqual(next, found)) return { code: 200, object: found };
    const deleted = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0;
    if (deleted && next.kind !== "Pod") {
      this.erase(found);
      return { code: 200, object: next };
    }
    return { code: 200, object: this.#store(next, found) };
  }

  #store(object: StoredObject, before: StoredObject | undefined): StoredObject {
    this.#revision += 1;
    const isOther = before !== undefined && isRespecified(object, before);
    const { generation } = object.metadata;
    const counted = generation === undefined ? {} : { generation: generation + (isOther ? 1 : 0) };
    const metadata = { ...withoutEmpty(object.metadata), ...counted, resourceVersion: String(this.#revision) };
    const stored = { ...object, metadata };
    this.#objects.set(keyOf(object.kind ?? "", metadata.name), stored);
    this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", object: stored, before });
    return stored;
  }

  #tell(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Of a Deployment annotations count as well: its controller copies them. */
const isRespecified = (object: StoredObject, before: StoredObject): boolean =>
  !isDeepStrictEqual(object["spec"], before["spec"]) ||
  (object.kind === "Deployment" && !isDeepStrictEqual(object.metadata.annotations, before.metadata.annotations));

/** Whoever leaves out how many there are to be asks for one: of all that is defaulted, what takes agents down. */
function defaulted<T extends KubeObject>(object: T): T {
  const { kind, spec } = object;
  if ((kind !== "Deployment" && kind !== "StatefulSet") || !isRecord(spec) || spec["replicas"] !== undefined)
    return object;
  return { ...object, spec: { ...spec, replicas: 1 } };
}

/** Empty lists and maps are not stored: a path into them leads nowhere. */
function withoutEmpty<T extends KubeObject["metadata"]>(metadata: T): T {
  const kept = { ...metadata };
  for (const key of ["labels", "annotations", "finalizers", "ownerReferences"] as const) {
    if (Object.keys(kept[key] ?? {}).length === 0) delete kept[key];
  }
  return kept;
}

/** JSON Merge Patch (RFC 7396): null removes, lists are replaced. */
function merged(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(value) ? { ...value } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete result[key];
    else result[key] = merged(result[key], change);
  }
  return result;
}
