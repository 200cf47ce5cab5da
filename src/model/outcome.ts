/** What deciding can say: values only, so that a test, a plan and the operator read the same thing. */
import type { Labels } from "./meta.ts";
import type { KubePatchOperation } from "./patch.ts";
import type { ProbeRequest } from "./probe.ts";
import type { Millis } from "./time.ts";

export type NonEmpty<T> = readonly [T, ...T[]];

export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
export const refText = (ref: { readonly kind: string; readonly name: string }): string => `${ref.kind}/${ref.name}`;

/** Why something is done or waited for: a stable word for programs, a sentence for people, and the clause it follows. */
export interface Note {
  readonly reason: string;
  readonly message: string;
  /** A clause or invariant of the procedure (F1 to F5, I9, …), for those who compare. */
  readonly clause?: string;
  readonly object?: string;
}

/** A gate's no: what it looked at, and what to do about it. */
export interface Violation {
  readonly gate: string;
  readonly object: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
  /** A warning is shown and does not hold. */
  readonly severity: "Error" | "Warning";
}

export interface ObjectBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** The objects of one kind and a selector that were seen when something was decided. */
export interface ObjectsSeen {
  readonly kind: "Pod" | "ConfigMap";
  readonly namespace: string;
  readonly labels: Labels;
  readonly uids: readonly string[];
}

/** An object as it was seen when something was decided. Its status may have changed since. */
export interface ObjectSeen {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly generation: number;
}

/**
 * A write is right only if no others are there. They come by another watch than its object, and no precondition can ask for them: the API
 * server is asked just before, and where one is there that was not seen, the write is stale.
 */
export type OnlyWith = readonly ObjectsSeen[];

/** One write. Each carries what it was decided on: a stale one is refused by the API server, never half right. */
export type Effect =
  /** A new object of ours with a deterministic name; that it exists already is read as stale. */
  | { readonly kind: "create"; readonly object: ObjectBody; readonly why: Note }
  /** JSON Patch on an object of somebody else: opens with tests of uid, generation and every old value. */
  | {
      readonly kind: "patch";
      readonly ref: ObjectRef;
      readonly operations: NonEmpty<KubePatchOperation>;
      readonly onlyWith?: OnlyWith;
      readonly why: Note;
    }
  /** Merge patch of metadata only, on the version that was seen: annotations do not raise the generation. */
  | {
      readonly kind: "annotate";
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly metadata: Readonly<Record<string, unknown>>;
      readonly onlyWith?: OnlyWith;
      readonly why: Note;
    }
  /**
   * Removal of what the operator itself created, or (the one exception of I9) of a pod of a StatefulSet that is not ready and
   * has the template before a correction. The version that was seen is a precondition.
   */
  | {
      readonly kind: "delete";
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly why: Note;
    };

export type Outcome =
  | { readonly kind: "settled"; readonly note: Note; readonly skipped?: boolean }
  | { readonly kind: "act"; readonly effect: Effect; readonly note: Note }
  | {
      readonly kind: "wait";
      readonly note: Note;
      /** What is waited for, where it is a gate and not pods or Jobs. */
      readonly blocked?: Violation;
      /** The attempt stands still as a whole, and so do its clocks. */
      readonly stands?: boolean;
      /** Somebody was asked and has not been heard: nothing is known that could be held against it. */
      readonly unheard?: boolean;
      readonly probes?: readonly ProbeRequest[];
      readonly recheckAt?: Millis;
    }
  | {
      readonly kind: "held";
      readonly violations: NonEmpty<Violation>;
      readonly probes?: readonly ProbeRequest[];
      readonly recheckAt?: Millis;
    }
  | { readonly kind: "failed"; readonly violation: Violation; readonly probes?: readonly ProbeRequest[] };

export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
