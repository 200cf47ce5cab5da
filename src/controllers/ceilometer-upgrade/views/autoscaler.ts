/** Autoscalers: what they scale, and how far down. */
import { z } from "zod";
import type { KubeObject } from "../../../kube/object.ts";
import type { Autoscaler } from "../../../model/observation.ts";
import { metaOf } from "./meta.ts";

const autoscaler = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
    minReplicas: z
      .number()
      .nullish()
      .transform((value) => value ?? 1),
  }),
});
export function autoscalerView(object: KubeObject): Autoscaler {
  const { spec } = autoscaler.parse(object);
  const { kind, name } = spec.scaleTargetRef;
  return { metadata: metaOf(object, false), targetKind: kind, targetName: name, minReplicas: spec.minReplicas };
}
