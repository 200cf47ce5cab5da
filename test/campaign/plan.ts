/** A plan as data: one scene, and what goes wrong at which moments of it. Its JSON alone is enough to run it again. */
import { z } from "zod";

const status = z.int().min(400).max(599);
const milliseconds = z.int().positive();

/** What goes wrong. Where it says nothing else, it goes wrong once. */
export const faultSchema = z.discriminatedUnion("kind", [
  /** The operator dies as in a power cut, and another one starts at once. Nobody learns the answer to the write. */
  z.strictObject({ kind: z.literal("crash") }),
  /** The connection breaks instead of an answer: before the write was made, or after. */
  z.strictObject({ kind: z.literal("drop") }),
  /** The write is answered by this, whether or not it was made. */
  z.strictObject({ kind: z.literal("answer"), status, retryAfterSeconds: z.int().positive().optional() }),
  z.strictObject({ kind: z.literal("delay"), milliseconds }),
  /** For so long every list, get and new watch is answered by this; open watches are broken. */
  z.strictObject({
    kind: z.literal("readsAnswer"),
    status,
    milliseconds,
    retryAfterSeconds: z.int().positive().optional(),
  }),
  /** Every connection breaks. */
  z.strictObject({ kind: z.literal("disconnect") }),
  /** Every connection breaks, and nobody gets through for so long. */
  z.strictObject({ kind: z.literal("outage"), milliseconds }),
  /** Open watches break. */
  z.strictObject({ kind: z.literal("watchesCut") }),
  /** Open watches break, and what they knew has been forgotten: each is refused once with 410. */
  z.strictObject({ kind: z.literal("watchesExpired") }),
  /** Watches say nothing for so long, then everything at once; reads and writes go through. */
  z.strictObject({ kind: z.literal("watchesFrozen"), milliseconds }),
  /** From here to the end, watches tell everything so much later. */
  z.strictObject({ kind: z.literal("watchesLate"), milliseconds }),
]);
export type PlannedFault = z.infer<typeof faultSchema>;

export const SCENES = ["classic", "modern", "statefulset", "beside", "isolate", "reload", "drain"] as const;
export const CAMPAIGNS = ["C1", "C2", "C3", "C5", "C7"] as const;

const stepSchema = z.strictObject({
  /** Which write, from 1: `effect` counts all but those of status, `status` those alone. */
  write: z.strictObject({ of: z.enum(["effect", "status"]), n: z.int().positive() }),
  phase: z.enum(["before", "after-commit"]),
  fault: faultSchema,
});
export type Step = z.infer<typeof stepSchema>;

export const planSchema = z.strictObject({
  campaign: z.enum(CAMPAIGNS),
  scene: z.enum(SCENES),
  steps: z.array(stepSchema),
});
export type Plan = z.infer<typeof planSchema>;

function nameOf(fault: PlannedFault): string {
  const { kind, ...figures } = fault;
  return [kind, ...Object.values(figures).filter((figure) => figure !== undefined)].join("-");
}

/** One name for one plan, the same everywhere. */
export function idOf({ campaign, scene, steps }: Plan): string {
  const told = steps.map(({ write, phase, fault }) => {
    const when = phase === "before" ? "before" : "after";
    return `${nameOf(fault)}@${when}-${write.of}-${write.n}`;
  });
  return [campaign, scene, ...told].join("/");
}

/** Plans that differ only in the number of the write belong together. */
export const stratumOf = ({ campaign, steps }: Plan): string =>
  [campaign, ...steps.map(({ write, phase, fault }) => `${nameOf(fault)} ${phase} ${write.of}`)].join("/");
