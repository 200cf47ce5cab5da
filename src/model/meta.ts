/** What every object of Kubernetes says of itself, as far as decisions read it. */
import type { Millis } from "./time.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Who wrote fields of an object, as the API server records it, in its order. */
export interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly time?: Millis;
  /** Whether fields of its spec are among them. */
  readonly ofSpec?: boolean;
  /** Whether the number of replicas is, or the node selector of its pods. */
  readonly ofPlaces?: boolean;
}

export interface Meta {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly createdAt: Millis;
  /** When the object will be gone at the latest, if it is being deleted: for a pod, the end of its grace period. */
  readonly deletingSince?: Millis;
  readonly finalizers: readonly string[];
  /** The owner that controls it, if any. */
  readonly owner?: Owner;
  readonly managers: readonly Manager[];
}
