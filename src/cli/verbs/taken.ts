/** Whether the operator has taken over what was asked for. */
import { VERB } from "../../api/v1alpha1/names.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import type { VerbRequest } from "./request.ts";

const ANNOTATION_OF = {
  resume: VERB.resume,
  abort: VERB.abort,
  rollback: VERB.rollback,
  retry: VERB.retry,
  approve: VERB.approve,
  "accept-risk": VERB.acceptRisk,
  skip: VERB.skipGate,
} as const;

/**
 * The operator removes an annotation when it has taken it over. The one of a pause stays until it is resumed, so that the
 * condition tells: paused, on the way to it, or nothing left that could be paused. A change of spec is taken when it was seen.
 */
export function isTaken({ verb }: VerbRequest, { metadata, status }: UpgradeView, bySpec: boolean): boolean {
  if (bySpec && verb !== "pause") return (status.observedGeneration ?? 0) >= metadata.generation;
  if (verb !== "pause") return !(ANNOTATION_OF[verb] in metadata.annotations);
  const current = status.conditions?.filter((each) => each.observedGeneration === metadata.generation) ?? [];
  const paused = current.find(({ type }) => type === "Paused");
  const hasEnded = current.some(({ type, status: is }) => type === "Succeeded" && is === "True");
  return paused?.status === "True" || paused?.reason === "Pausing" || hasEnded;
}
