/** What a person asks for, in the words of the API: one value for each verb, whichever way it is written. */
import type { AcceptedRisk, Spec } from "../../api/v1alpha1/schema.ts";

type Approval = NonNullable<Spec["approved"]>[number];
type SkippedGate = NonNullable<Spec["skipGates"]>[number];

export type VerbRequest =
  | { readonly verb: "pause" | "resume" | "rollback" | "retry" }
  | { readonly verb: "abort"; readonly rollback: boolean }
  | { readonly verb: "approve"; readonly approval: Approval }
  | { readonly verb: "accept-risk"; readonly risk: AcceptedRisk }
  | { readonly verb: "skip"; readonly gate: SkippedGate };

/** What is asked for, in words. */
export function askedText(request: VerbRequest): string {
  switch (request.verb) {
    case "pause":
    case "resume":
    case "rollback":
    case "retry":
      return `${request.verb} is asked for`;
    case "abort":
      return request.rollback ? "abort with a rollback is asked for" : "abort is asked for";
    case "approve":
      return `${request.approval.before} is approved for plan ${request.approval.planHash}`;
    case "accept-risk":
      return `${request.risk.check} of ${request.risk.object} is accepted until ${request.risk.expiresAt}`;
    case "skip":
      return `gate ${request.gate.name} is skipped for plan ${request.gate.planHash}`;
  }
}
