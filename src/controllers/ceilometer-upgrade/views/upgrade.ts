/** The resource itself. */
import { z } from "zod";
import { type Spec, type Status, specSchema, statusSchema } from "../../../api/v1alpha1/schema.ts";
import type { KubeObject } from "../../../kube/object.ts";
import type { Meta } from "../../../model/meta.ts";
import { metaOf } from "./meta.ts";

/** A resource as it is stored. A spec that does not fit the schema is a fact about that resource and stops no other. */
export interface UpgradeView {
  readonly metadata: Meta;
  readonly spec: Spec | undefined;
  readonly invalid: string | undefined;
  readonly status: Status;
}

const upgradeObject = z.looseObject({ spec: z.unknown().optional(), status: z.unknown().optional() });
export function upgradeView(object: KubeObject): UpgradeView {
  const { spec, status } = upgradeObject.parse(object);
  const parsed = specSchema.safeParse(spec);
  const issue = parsed.success ? undefined : parsed.error.issues[0];
  return {
    metadata: metaOf(object, false),
    spec: parsed.data,
    invalid: issue === undefined ? undefined : `spec.${issue.path.join(".")}: ${issue.message}`,
    // Somebody may have written anything there. What does not fit is not carried on.
    status: statusSchema.safeParse(status ?? {}).data ?? {},
  };
}
