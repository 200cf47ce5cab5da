/**
 * The rules of the definition that types cannot say: unknown fields, keys that must be unique, and the expressions in CEL that
 * the API server evaluates. They are read off the definition itself, so that there is one source for each.
 */
import { evaluate } from "@marcbachmann/cel-js";
import type { StructuralSchema } from "../../api/v1alpha1/structural.ts";
import { isRecord } from "../../kube/object.ts";
import type { FieldPath } from "./located.ts";

export interface Broken {
  readonly path: FieldPath;
  readonly message: string;
  readonly remedy?: string;
}

/** Fields that the API server would not know, in the order in which they stand. */
export function unknownFields(schema: StructuralSchema, value: unknown, path: FieldPath): readonly Broken[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => unknownFields(items, item, [...path, index]));
  }
  if (!isRecord(value)) return [];
  const { properties, additionalProperties } = schema;
  return Object.entries(value).flatMap(([key, field]): readonly Broken[] => {
    // `constructor` is nobody's field, though every object here has one.
    const known = (properties && Object.hasOwn(properties, key) ? properties[key] : undefined) ?? additionalProperties;
    if (known !== undefined) return unknownFields(known, field, [...path, key]);
    const names = Object.keys(properties ?? {}).join(", ");
    const remedy = names === "" ? "remove it" : `known here: ${names}`;
    return [{ path: [...path, key], message: "unknown field", remedy }];
  });
}

/** `value` has its defaults: the API server fills them in before it evaluates anything. */
export function brokenRules(schema: StructuralSchema, value: unknown, path: FieldPath): readonly Broken[] {
  if (value === undefined) return [];
  const own = [
    ...sizeRules(schema, value, path),
    ...ownRules(schema, value, path),
    ...uniqueRules(schema, value, path),
  ];
  return [...own, ...below(schema, value, path)];
}

function below(schema: StructuralSchema, value: unknown, path: FieldPath): readonly Broken[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => brokenRules(items, item, [...path, index]));
  }
  if (!isRecord(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    brokenRules(field, value[key], [...path, key]),
  );
}

function ownRules(schema: StructuralSchema, value: unknown, path: FieldPath): readonly Broken[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  return rules.flatMap(({ rule, message, fieldPath = "" }) => {
    if (evaluate(rule, { self: present(value) }) === true) return [];
    return [{ path: [...path, ...fieldPath.split(".").filter(Boolean)], message }];
  });
}

/** What is undefined does not exist: `has()` would find it. */
function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(present);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => (field === undefined ? [] : [[key, present(field)]])),
  );
}

/** How many keys a map may have, of which zod knows nothing. */
function sizeRules({ minProperties = 0, maxProperties }: StructuralSchema, value: unknown, path: FieldPath) {
  if (!isRecord(value)) return [];
  const count = Object.keys(value).length;
  if (count < minProperties) return [{ path, message: `it must have at least ${minProperties} entries` }];
  const isTooMany = maxProperties !== undefined && count > maxProperties;
  return isTooMany ? [{ path, message: `it may have at most ${maxProperties} entries` }] : [];
}

function uniqueRules(schema: StructuralSchema, value: unknown, path: FieldPath): readonly Broken[] {
  const kind = schema["x-kubernetes-list-type"];
  if (!Array.isArray(value) || kind === undefined || kind === "atomic") return [];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const identity = (item: unknown): string =>
    JSON.stringify(kind === "map" && isRecord(item) ? keys.map((key) => item[key]) : item);
  const seen = new Set<string>();
  return value.flatMap((item: unknown, index) => {
    const id = identity(item);
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [
      {
        path: [...path, index],
        message: `it is there already${keys.length === 0 ? "" : `, by its ${keys.join(" and ")}`}`,
      },
    ];
  });
}
