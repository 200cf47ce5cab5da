/** A verb as a change of spec, which lasts: the fields with their new values, and the patch that sets them. */
import type { Spec } from "../../api/v1alpha1/schema.ts";
import type { PatchOperation } from "../../kube/client.ts";
import type { StoredObject } from "../../kube/object.ts";
import type { VerbRequest } from "./request.ts";

/** Fields of spec with the values that they get: what belongs into Git, too. */
export type SpecChange = Readonly<Partial<Spec>>;

export function asSpec(request: VerbRequest, spec: Spec): SpecChange {
  switch (request.verb) {
    case "pause":
      return { paused: true };
    case "resume":
      return { paused: false };
    case "abort":
      return { abort: true, ...(request.rollback ? { rollback: true } : {}) };
    case "rollback":
      return { rollback: true };
    case "retry":
      return { retryAttempt: spec.retryAttempt + 1 };
    case "approve": {
      const { before, planHash } = request.approval;
      const others = (spec.approved ?? []).filter((each) => each.before !== before || each.planHash !== planHash);
      return { approved: [...others, request.approval] };
    }
    case "accept-risk": {
      const { check, object } = request.risk;
      const others = (spec.acceptedRisks ?? []).filter((each) => each.check !== check || each.object !== object);
      return { acceptedRisks: [...others, request.risk] };
    }
    case "skip": {
      const { name, planHash } = request.gate;
      const others = (spec.skipGates ?? []).filter((each) => each.name !== name || each.planHash !== planHash);
      return { skipGates: [...others, request.gate] };
    }
  }
}

/** Refused unless it is still this object with this spec; a mere change of status does not refuse it. */
export function specPatch({ metadata }: StoredObject, change: SpecChange): readonly PatchOperation[] {
  return [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/metadata/generation", value: metadata.generation },
    ...Object.entries(change).map(([field, value]) => ({ op: "add" as const, path: `/spec/${field}`, value })),
  ];
}
