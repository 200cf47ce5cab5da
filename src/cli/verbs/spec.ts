/** A verb as a change of spec, which lasts: the fields with their new values, and the patch that sets them. */
import type { Spec } from "../../api/v1alpha1/schema.ts";
import type { PatchOperation } from "../../kube/client.ts";
import type { StoredObject } from "../../kube/object.ts";
import type { Withdrawn } from "./annotations.ts";
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
      // An abort by spec holds against any retry; where a rollback is asked for as well, it is that which is tried again.
      return { retryAttempt: spec.retryAttempt + 1, ...(spec.abort && !spec.rollback ? { abort: false } : {}) };
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
export function specPatch(
  { metadata }: StoredObject,
  change: SpecChange,
  annotations: Withdrawn,
): readonly PatchOperation[] {
  return [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/metadata/generation", value: metadata.generation },
    ...Object.entries(change).map(([field, value]) => ({ op: "add" as const, path: `/spec/${field}`, value })),
    ...Object.keys(annotations).map((name) => ({
      op: "remove" as const,
      path: `/metadata/annotations/${escaped(name)}`,
    })),
  ];
}

/** As a JSON pointer has it (RFC 6901). */
const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");
