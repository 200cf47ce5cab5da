/**
 * From zod's JSON Schema to the structural schema that a CustomResourceDefinition takes.
 *
 * The API server refuses a whole CRD for one stray keyword, and it prices every CEL rule by the largest value that could be
 * sent, so a string, list or map without a limit anywhere can make a rule far away too expensive. Both are refused here, by
 * field path, instead of at installation.
 */
import { z } from "zod";

export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** The part of `JSONSchemaProps` (apiextensions.k8s.io/v1) that this API uses. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number | boolean | Readonly<Record<string, number>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export class NotStructuralError extends Error {
  constructor(path: string, why: string) {
    super(`${path === "" ? "the schema" : path}: ${why}`);
    this.name = "NotStructuralError";
  }
}

const limit = z.int().min(0).exactOptional();

/** Exactly the keywords above: anything else that zod may emit some day is an error, not a surprise in a cluster. */
const node = z.strictObject({
  description: z.string().exactOptional(),
  type: z.enum(["object", "array", "string", "integer", "number", "boolean"]),
  format: z.string().exactOptional(),
  enum: z.array(z.string()).exactOptional(),
  default: z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.number())]).exactOptional(),
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
  minLength: limit,
  maxLength: limit,
  minItems: limit,
  maxItems: limit,
  minProperties: limit,
  maxProperties: limit,
  pattern: z.string().exactOptional(),
  required: z.array(z.string()).exactOptional(),
  properties: z.record(z.string(), z.unknown()).exactOptional(),
  additionalProperties: z.union([z.literal(false), z.record(z.string(), z.unknown())]).exactOptional(),
  items: z.unknown().exactOptional(),
  "x-kubernetes-list-type": z.enum(["atomic", "set", "map"]).exactOptional(),
  "x-kubernetes-list-map-keys": z.array(z.string()).exactOptional(),
  "x-kubernetes-validations": z
    .array(z.strictObject({ rule: z.string(), message: z.string(), fieldPath: z.string().exactOptional() }))
    .exactOptional(),
});
type Node = z.output<typeof node>;

/** `propertyNames` cannot be said in a CRD at all; `$schema` only names the dialect. */
const DROPPED = new Set(["$schema", "propertyNames"]);

export function toStructural(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }), "");
}

/** Throws NotStructuralError. */
export function structural(json: unknown, path: string): StructuralSchema {
  const known = node.safeParse(withoutDropped(json));
  if (!known.success) {
    throw new NotStructuralError(path, known.error.issues.map((issue) => describeIssue(issue)).join("; "));
  }
  const { properties, additionalProperties, items, ...rest } = known.data;
  requireLimits(known.data, path);
  return {
    ...rest,
    ...(properties && {
      properties: mapValues(properties, (value, key) => structural(value, path === "" ? key : `${path}.${key}`)),
    }),
    // `false` beside properties is what unknown fields get anyway (pruned, or refused by strict clients), and is not structural.
    ...(additionalProperties && { additionalProperties: structural(additionalProperties, `${path}.*`) }),
    ...(items !== undefined && { items: structural(items, `${path}[]`) }),
  };
}

function requireLimits(schema: Node, path: string): void {
  const unlimited = {
    string: schema.maxLength === undefined && schema.enum === undefined && schema.format !== "date-time" && "maxLength",
    array: schema.maxItems === undefined && "maxItems",
    object: typeof schema.additionalProperties === "object" && schema.maxProperties === undefined && "maxProperties",
    integer: schema.maximum === undefined && "maximum",
    number: schema.maximum === undefined && "maximum",
    boolean: false,
  }[schema.type];
  if (typeof unlimited === "string") throw new NotStructuralError(path, `${schema.type} without ${unlimited}`);
  if (schema.pattern !== undefined && /\(\?(?!:)/.test(schema.pattern)) {
    throw new NotStructuralError(
      path,
      "a pattern may use neither lookaround nor named groups (the API server's engine is RE2)",
    );
  }
}

function withoutDropped(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).filter(([key]) => !DROPPED.has(key)));
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `${issue.keys.join(", ")} cannot be said in a structural schema`;
  return `${issue.path.map(String).join(".")}: ${issue.message}`;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
