/** What is told of a write that the API server does not take. */
import type { KubeFailure } from "../../kube/errors.ts";
import type { Decision } from "../../model/decision.ts";
import type { Effect, Violation } from "../../model/outcome.ts";
import type { Acted } from "./act.ts";

export function refusal(decision: Decision, effect: Effect, message: string): Decision {
  const object = effect.why.object ?? "";
  if (effect.kind === "create" && message.includes("already exists")) return nameTaken(decision, effect, object);
  const headline = {
    reason: "WriteRefused",
    message: `${object}: the API server refused to ${effect.why.reason}: ${message}; correct what it names: a right, an admission policy, a quota`,
    object,
  };
  return { ...decision, phase: "Held", headline };
}

type Stale = Omit<Extract<Acted, { kind: "stale" }>, "kind">;

/** A write that has been stale for so long that no watch is merely late: nobody refused it, and what it was decided on is not so. */
export function stuck(decision: Decision, effect: Effect, { why, isUndone }: Stale): Decision {
  if (effect.kind === "create") return refusal(decision, effect, why);
  const object = effect.why.object ?? "";
  if (isUndone === true) return undone(decision, effect, object);
  const message = `${object}: ${effect.why.reason} is decided again and again on something that is not so any more, and no watch tells what is: ${why}; see whether the API server serves its watches, and restart the operator if it does`;
  return { ...decision, phase: "Held", headline: { reason: "WriteRefused", message, object } };
}

function undone(decision: Decision, { why }: Effect, object: string): Decision {
  const message = `${object}: the API server answers to ${why.reason} that it is done, and stores nothing of it; look which mutating admission webhook takes it out again, and let it leave the operator's annotations, finalizers and fields alone`;
  return { ...decision, phase: "Held", headline: { reason: "WriteRefused", message, object } };
}

/**
 * A write that has failed for so long that no outage is merely passing. It goes on being tried, and nobody knows whether it was made:
 * an admission webhook that does not answer fails the writes of one kind alone, so that all else looks well.
 */
export function failing(decision: Decision, effect: Effect, { message: why }: KubeFailure): Decision {
  const object = effect.why.object ?? "";
  const remedy =
    "look whether an admission webhook for it does not answer, then at the API server and at the operator's account; it is tried on";
  const message = `${object}: ${effect.why.reason} has failed for minutes: ${why}; ${remedy}`;
  return { ...decision, phase: "Held", headline: { reason: "WriteFailing", message, object } };
}

/** What is there under a name of ours and is not seen as ours: its owner or its labels are not those that we gave. */
function nameTaken(
  decision: Decision,
  { object: wanted }: Extract<Effect, { kind: "create" }>,
  object: string,
): Decision {
  const isHeld = wanted.metadata["finalizers"] !== undefined;
  const violation: Violation = {
    gate: "OwnObjects",
    object,
    reason: "NameTaken",
    message: "an object of that name exists and belongs to somebody else, or has lost its owner or its labels",
    remedy: isHeld ? "take its finalizer off and delete it" : "delete or rename it",
    severity: "Error",
  };
  const headline = {
    reason: violation.reason,
    message: `${object}: ${violation.message}; ${violation.remedy}`,
    object,
  };
  return { ...decision, phase: "Held", headline, findings: [...decision.findings, violation] };
}
