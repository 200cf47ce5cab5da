/**
 * What the operator remembers on a workload, in annotations: who works on it, what was borrowed, and which write of the
 * sequence it last had. Together with the attempt record this is the only memory that decisions read.
 */
import { z } from "zod";
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import type { Labels, Meta } from "./meta.ts";

const claim = z.object({ upgrade: z.string(), record: z.string() });
/** Which resource (its uid) and which attempt (the record's name) work on the workload. */
export type Claim = z.output<typeof claim>;

const borrowed = z.object({
  replicas: z.int32().min(0).optional(),
  /** Null where the template had none. */
  nodeSelector: z.record(z.string(), z.string()).nullable().optional(),
});
/** Values to be given back as they were. */
export type Borrowed = z.output<typeof borrowed>;

const phase = z.object({
  plan: z.string(),
  /**
   * `down`: taken offline. `gone`: its last pod was seen to be gone. `first`: one new agent. `rest`: the others too. `up`: all
   * new at once.
   */
  phase: z.enum(["down", "gone", "first", "rest", "up"]),
  /** When this write was made, and when the first one of this plan was. */
  at: z.string(),
  startedAt: z.string(),
  /** How often this plan has brought the workload to its target, or down again: more than once means that somebody took it back. */
  rounds: z.int32().min(0),
  retry: z.int32().min(0),
  /** The host that a first agent is pinned to, and those that were tried before it. */
  node: z.string().optional(),
  tried: z.array(z.string()).optional(),
  /** Hosts for a first agent: those that had one when the agents were taken down. */
  hosts: z.array(z.string()).optional(),
});
export type Phase = z.output<typeof phase>;

export interface Marks {
  readonly claim: Claim | undefined;
  readonly borrowed: Borrowed | undefined;
  readonly phase: Phase | undefined;
  readonly completedPlan: string | undefined;
}

function read<T>(schema: z.ZodType<T>, annotations: Labels, key: string): T | undefined {
  const text = annotations[key];
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // Somebody damaged it. What is missing here is taken from the attempt record.
    return undefined;
  }
}

/** Read once for each version of an object: every look at a namespace asks for the marks of each of its workloads, several times. */
const known = new WeakMap<Labels, Marks>();

export function marksOf({ annotations }: Pick<Meta, "annotations">): Marks {
  const marks = known.get(annotations) ?? {
    claim: read(claim, annotations, ANNOTATION.claim),
    borrowed: read(borrowed, annotations, ANNOTATION.borrowed),
    phase: read(phase, annotations, ANNOTATION.phase),
    completedPlan: annotations[ANNOTATION.completedPlan],
  };
  known.set(annotations, marks);
  return marks;
}
