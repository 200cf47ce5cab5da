/** A resource against its definition, as the API server would judge it. */
import type { z } from "zod";
import { resourceSchema } from "../../api/v1alpha1/crd.ts";
import { API_VERSION, KIND } from "../../api/v1alpha1/names.ts";
import { type Spec, specSchema } from "../../api/v1alpha1/schema.ts";
import type { StructuralSchema } from "../../api/v1alpha1/structural.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { FieldPath } from "./located.ts";
import { type Broken, brokenRules, unknownFields } from "./schema-rules.ts";

export interface Judged {
  readonly broken: readonly Broken[];
  /** Undefined where it does not fit. */
  readonly spec: Spec | undefined;
}

const definition = resourceSchema();
const specDefinition: StructuralSchema = definition.properties?.["spec"] ?? { type: "object" };

export function judgeResource(object: KubeObject): Judged {
  const { apiVersion } = object;
  const version: readonly Broken[] =
    apiVersion === API_VERSION
      ? []
      : [{ path: ["apiVersion"], message: `${String(apiVersion)} is not served`, remedy: `set ${API_VERSION}` }];
  const strange = Object.keys(object).filter((key) => !Object.hasOwn(definition.properties ?? {}, key));
  const unknown: readonly Broken[] = [
    ...strange.map((key) => ({ path: [key], message: "unknown field", remedy: "remove it" })),
    ...unknownFields(specDefinition, object["spec"], ["spec"]),
  ];
  const parsed = specSchema.safeParse(object["spec"]);
  const types = parsed.success ? [] : parsed.error.issues.map((issue) => ofIssue(issue));
  const rules = parsed.success ? brokenRules(specDefinition, parsed.data, ["spec"]) : [];
  return { broken: [...version, ...unknown, ...types, ...rules], spec: parsed.data };
}

function ofIssue({ path, message }: z.core.$ZodIssue): Broken {
  const keys = path.map((key) => (typeof key === "symbol" ? String(key) : key));
  return { path: ["spec", ...keys], message };
}

/** "spec.components.polling.targets[0].name", as the API server writes it. */
export function fieldText(path: FieldPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`),
    "",
  );
}

export const isUpgrade = ({ kind }: KubeObject): boolean => kind === KIND;
