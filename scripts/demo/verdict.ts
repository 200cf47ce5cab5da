/** Whether an upgrade has ended, by what its resource says of itself. */
import type { UpgradeView } from "./views.ts";

export type Verdict =
  | { readonly kind: "running" }
  | { readonly kind: "succeeded"; readonly message: string }
  /** Somebody has to do something. It may be over in a moment, when what is in the way goes away by itself. */
  | { readonly kind: "stalled"; readonly reason: string; readonly message: string }
  | { readonly kind: "failed"; readonly reason: string; readonly message: string };

export function verdictOf(upgrade: UpgradeView | undefined): Verdict {
  if (upgrade === undefined) return { kind: "running" };
  const { metadata, status } = upgrade;
  const isTrue = (type: string) =>
    status.conditions?.find(
      (each) => each.type === type && each.status === "True" && each.observedGeneration === metadata.generation,
    );
  const succeeded = isTrue("Succeeded");
  if (succeeded !== undefined) return { kind: "succeeded", message: succeeded.message };
  const stalled = isTrue("Stalled");
  if (stalled === undefined) return { kind: "running" };
  const { reason, message } = stalled;
  const hasFailed = status.steps?.some((step) => step.state === "Failed") === true;
  return { kind: hasFailed ? "failed" : "stalled", reason, message };
}
