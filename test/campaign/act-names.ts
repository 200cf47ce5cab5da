/** Acts of other people and other controllers, as data of a plan. What each does is in `acts.ts`. */
import { z } from "zod";

export const ACTS = [
  /** An autoscaler, or somebody, asks for one replica more, through the scale subresource. */
  "scaled",
  /** `kubectl set image`, back to what ran before. */
  "imageBack",
  /** `kubectl rollout undo`. */
  "undone",
  /** `kubectl rollout pause`. */
  "paused",
  /** The pod template gets a label more. */
  "templateLabelled",
  /** The workload loses the labels that its chart gave it. */
  "unlabelled",
  /** The node selector that keeps a DaemonSet off its hosts is taken away. */
  "unpinned",
  /** The annotation that says who works on the workload is removed. */
  "claimRemoved",
  /** All of our annotations on it are, as by a `kubectl replace`. */
  "marksWiped",
  /** They are filled with rubbish. */
  "marksGarbled",
  /** Its pods are deleted. */
  "podsDeleted",
  /** It is deleted with its pods, and made anew as it was before the upgrade. */
  "recreated",
  /** Whenever it gets another image, it gets the old one back: Argo CD's self-heal, with the image alone in Git. */
  "healed",
  /** The same with replicas in Git, too. */
  "healedWhole",
  "recordDeleted",
  "recordForced",
  /** The attempt record loses its owner, its labels; or its annotations are filled with rubbish. */
  "recordDisowned",
  "recordUnlabelled",
  "recordGarbled",
  /** The attempt record says that the attempt has ended. */
  "endForged",
  "jobDeleted",
  "jobDisowned",
  /** The migration Job ends, and only then it is deleted. */
  "jobGone",
  /** The isolated group is deleted, loses its owner, is scaled to nothing. */
  "groupDeleted",
  "groupDisowned",
  "groupStopped",
  /** Another target, and back again. */
  "retargeted",
  /** Another content of a configuration file, and back again. */
  "fileChanged",
  /** The file goes. */
  "fileDeleted",
] as const;

export const actSchema = z.strictObject({
  kind: z.literal("act"),
  act: z.enum(ACTS),
  /** The name of the workload or file, where it is about one. */
  on: z.string().optional(),
  /**
   * The operator learns of nothing in between, only of how each object is when the act is done: `last`. Where an object was made
   * anew, it learns of a deletion and an addition: `replaced`. Without it everything is seen.
   */
  unseen: z.enum(["last", "replaced"]).optional(),
});
export type PlannedAct = z.infer<typeof actSchema>;
export type ActName = PlannedAct["act"];
