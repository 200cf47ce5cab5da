/** Pod templates, parsed from the text that a view keeps. */
import { z } from "zod";
import type { Labels } from "../../../model/meta.ts";
import type { PodSpec, PodTemplate } from "../../../model/pod-template.ts";
import { labels, text } from "./meta.ts";

const container = z.looseObject({
  name: z.string(),
  image: text,
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).optional(),
  volumeMounts: z
    .array(
      z.looseObject({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().optional(),
        subPathExpr: z.string().optional(),
      }),
    )
    .optional(),
});
const items = z.array(z.looseObject({ key: z.string(), path: z.string() })).optional();
const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels, annotations: labels }).nullish(),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.array(container).optional(),
    volumes: z
      .array(
        z.looseObject({
          name: z.string(),
          configMap: z.looseObject({ name: z.string(), items }).optional(),
          secret: z.looseObject({ secretName: z.string(), items }).optional(),
          projected: z
            .looseObject({
              sources: z
                .array(
                  z.looseObject({
                    configMap: z.looseObject({ name: z.string(), items }).optional(),
                    secret: z.looseObject({ name: z.string(), items }).optional(),
                  }),
                )
                .optional(),
            })
            .optional(),
        }),
      )
      .optional(),
    nodeSelector: z.record(z.string(), z.string()).optional(),
  }),
});

const isPodTemplate = (
  value: unknown,
): value is { metadata?: Partial<Record<"labels" | "annotations", Labels>> | null; spec: PodSpec } =>
  podTemplate.safeParse(value).success;

/** The template that a view keeps as text. Throws for what no API server would have stored. */
export function parseTemplate(json: string): PodTemplate {
  const value: unknown = JSON.parse(json);
  if (!isPodTemplate(value)) throw new Error("a pod template without containers");
  return {
    labels: value.metadata?.labels ?? {},
    annotations: value.metadata?.annotations ?? {},
    spec: value.spec,
  };
}
