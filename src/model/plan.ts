/** A plan: every write that an attempt makes, foreseen, and how it ends. */
import type { PlannedStep } from "../api/v1alpha1/schema.ts";
import type { Note, Violation } from "./outcome.ts";

export interface Plan {
  /** The plan's hash, which an attempt that carries it out has too; undefined where no attempt would begin. */
  readonly hash: string | undefined;
  /** The release before, where it is known. */
  readonly from: string | undefined;
  /** In their order. Writes that only keep the books are left out. */
  readonly steps: readonly PlannedStep[];
  /** What the checks before the first write had to say. */
  readonly findings: readonly Violation[];
  /**
   * `Complete`: the steps bring everything to the target. `Nothing`: it is there. `Held`: somebody has to do something first,
   * before the first step or after the last of these. `Waiting`: for something that no plan can foresee.
   */
  readonly end: "Complete" | "Nothing" | "Held" | "Waiting";
  /** The last word of the operator. */
  readonly headline: Note;
}
