/** The CustomResourceDefinition, built from the schema. `scripts/generate.ts` writes it out. */
import { z } from "zod";
import { GROUP, KIND, PLURAL, SHORT_NAME, VERSION } from "./names.ts";
import { specSchema, statusSchema } from "./schema.ts";
import { type StructuralSchema, toStructural } from "./structural.ts";

interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 is always shown, 1 only by `-o wide`. */
  readonly priority?: 0 | 1;
}

const ready = (field: "status" | "reason" | "message") => `.status.conditions[?(@.type=="Ready")].${field}`;

export const PRINTER_COLUMNS: readonly PrinterColumn[] = [
  { name: "Strategy", type: "string", jsonPath: ".spec.strategy" },
  { name: "From", type: "string", jsonPath: ".status.release.current", description: "The release that runs." },
  { name: "To", type: "string", jsonPath: ".spec.target.release", description: "The release to reach." },
  { name: "Step", type: "string", jsonPath: ".status.step", description: "The step under way, or the last one." },
  { name: "Ready", type: "string", jsonPath: ready("status") },
  { name: "Reason", type: "string", jsonPath: ready("reason") },
  { name: "Message", type: "string", jsonPath: ready("message"), priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

export const CRD_NAME = `${PLURAL}.${GROUP}`;

/** `spec` and `status` as the API server checks them. */
export function resourceSchema(): StructuralSchema {
  const { properties } = toStructural(z.object({ spec: specSchema, status: statusSchema.optional() }));
  return {
    description: "An upgrade of the Ceilometer of one namespace from one release to another, in the documented order.",
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "The version of this API." },
      kind: { type: "string", description: "The kind of this resource." },
      metadata: { type: "object" },
      ...properties,
    },
  };
}

export function customResourceDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: CRD_NAME,
      // Removing the definition removes every resource of the kind with its history, so an uninstalled chart leaves it.
      annotations: { "helm.sh/resource-policy": "keep" },
    },
    spec: {
      group: GROUP,
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: [SHORT_NAME],
        categories: ["openstack"],
      },
      scope: "Namespaced",
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: PRINTER_COLUMNS,
          schema: { openAPIV3Schema: resourceSchema() },
          subresources: { status: {} },
        },
      ],
    },
  } as const;
}
