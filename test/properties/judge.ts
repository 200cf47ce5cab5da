/** What a story asks of whoever judges it: full and partial upgrades are judged by other predicates, and told by one cast. */
import type { Written } from "../sim/model-cluster.ts";
import type { PodObject } from "../sim/objects.ts";

export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8" | "I9" | "I10" | "I11" | "write";
export interface Breach {
  readonly invariant: Invariant;
  readonly message: string;
}

export interface Judge {
  readonly breaches: Breach[];
  /** The resource goes away: what was borrowed comes back at once. */
  isDeleting: boolean;
  /** A pod was seen to poll. */
  verified(pod: PodObject): void;
  /** The resource does not name a workload any more. */
  dropped(name: string): void;
  /** A user has scaled a workload: that is what has to come back. */
  scaled(name: string, replicas: number): void;
  /** The wish names a number of replicas. */
  wishedReplicas(name: string, replicas: number): void;
  /** Another image is asked for. */
  wished(image: string): void;
  /** The wish has changed so that another attempt begins. */
  replanned(): void;
  /** Somebody else than the operator took a pod of the workload away, made it unready, or had all of them replaced. */
  disturbed(workload: string): void;
  wrote(written: Written): void;
  /** Asked once everything is at rest. */
  judgeEnd(): void;
}

/** What a write must look like: one that could hit something else than what was looked at is none. */
export function opensWithTests({ effect }: Written): boolean {
  if (effect.kind !== "patch") return true;
  const [first, second] = effect.operations;
  return (
    first.op === "test" &&
    first.path === "/metadata/uid" &&
    second?.op === "test" &&
    (second.path === "/metadata/generation" || second.path === "/metadata/resourceVersion")
  );
}
