/** Whether the operator has taken over what was asked for. */
import { VERB } from "../../api/v1alpha1/names.ts";
import type { AcceptedRisk, Condition } from "../../api/v1alpha1/schema.ts";
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
 * The operator removes an annotation when it has taken it over; a change of spec is taken when it was seen. Three differ. A
 * pause stays until it is resumed, and a resume over `spec.paused` until that is false: of both the condition tells, by spec as
 * well, where the generation may be the same as before. A risk that is accepted before the attempt begins stays until then, so
 * that it is taken when its finding has gone.
 */
export function isTaken(request: VerbRequest, view: UpgradeView, bySpec: boolean): boolean {
  const { metadata, status } = view;
  const isSeen = (status.observedGeneration ?? 0) >= metadata.generation;
  if (request.verb === "pause") return isPaused(view);
  if (bySpec) return isSeen && (request.verb !== "resume" || isRunning(view));
  const isGone = !(ANNOTATION_OF[request.verb] in metadata.annotations);
  if (request.verb === "resume") return isGone || isRunning(view);
  if (request.verb === "accept-risk") return isGone || (isSeen && !isFound(view, request.risk));
  return isGone;
}

const currentOf = ({ metadata, status }: UpgradeView): readonly Condition[] =>
  status.conditions?.filter((each) => each.observedGeneration === metadata.generation) ?? [];

/** Paused, on the way to it, or nothing is left that could be. */
function isPaused(view: UpgradeView): boolean {
  const current = currentOf(view);
  const paused = current.find(({ type }) => type === "Paused");
  const hasEnded = current.some(({ type, status }) => type === "Succeeded" && status === "True");
  return paused?.status === "True" || paused?.reason === "Pausing" || hasEnded;
}

function isRunning(view: UpgradeView): boolean {
  const paused = currentOf(view).find(({ type }) => type === "Paused");
  return paused?.status === "False" && paused.reason !== "Pausing";
}

/** Whether a finding is reported, before the first write or by a step. */
export function isFound({ status }: UpgradeView, { check, object }: Pick<AcceptedRisk, "check" | "object">): boolean {
  const inPreflight = status.preflight?.some((each) => each.check === check && each.object === object) === true;
  const atStep = status.steps?.some(({ blockedBy }) => blockedBy?.reason === check && blockedBy.object === object);
  return inPreflight || atStep === true;
}
