/**
 * The attempt record as an object: immutable, named by its plan, owned by the resource. A deletion in the foreground takes what a
 * resource owns before the resource itself, so the record has the same finalizer: while something is borrowed, it says what.
 */
import { FINALIZER } from "../../api/v1alpha1/names.ts";
import { RECORD_KEY, type RecordBody } from "../../model/attempt.ts";
import { canonicalJson, nameFor } from "../../model/digest.ts";
import type { Labels } from "../../model/meta.ts";
import type { Upgrade } from "../../model/observation.ts";
import type { ObjectBody } from "../../model/outcome.ts";
import { gitOpsOptOut, ownerReference, ownLabels } from "./job.ts";

export function recordName(upgrade: Upgrade, plan: string): string {
  return nameFor(`${upgrade.metadata.name}-attempt`, plan.slice(0, 8));
}

/** `marks`: what is remembered with it from its beginning, as annotations. */
export function attemptRecord(upgrade: Upgrade, body: RecordBody, marks: Labels): ObjectBody {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: upgrade.metadata.namespace,
      name: recordName(upgrade, body.plan),
      labels: ownLabels(upgrade, "upgrade", "attempt"),
      annotations: { ...gitOpsOptOut, ...marks },
      ownerReferences: [ownerReference(upgrade)],
      finalizers: [FINALIZER],
    },
    immutable: true,
    data: { [RECORD_KEY]: canonicalJson(body) },
  };
}
