/**
 * A report cut to what the API server takes of it: one text that is too long, and the whole of it would be refused, again and again.
 * Limits are read off the schema, so that there is one source for each; what is said is cut here and nowhere before.
 */
import { z } from "zod";
import { type Status, statusSchema } from "../../api/v1alpha1/schema.ts";
import { type StructuralSchema, toStructural } from "../../api/v1alpha1/structural.ts";
import { isRecord } from "../../kube/object.ts";
import { formatTime, parseTime } from "../../model/time.ts";

const SCHEMA = toStructural(statusSchema);

export const fitStatus = (status: Status): Status => statusSchema.parse(fit(SCHEMA, status) ?? {});

/** Undefined for what cannot be made to fit: it is left out, and with it what cannot be without it. */
function fit(schema: StructuralSchema, value: unknown): unknown {
  switch (schema.type) {
    case "object":
      return isRecord(value) ? fitObject(schema, value) : undefined;
    case "array":
      return Array.isArray(value) ? fitArray(schema, value) : undefined;
    case "string":
      return typeof value === "string" ? fitText(schema, value) : undefined;
    case "integer":
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? fitNumber(schema, value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
  }
}

function fitObject(
  { properties = {}, required = [] }: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const fitting = Object.fromEntries(
    Object.entries(properties).flatMap(([key, schema]): [string, unknown][] => {
      const fitted = fit(schema, value[key]);
      return fitted === undefined ? [] : [[key, fitted]];
    }),
  );
  return required.every((key) => key in fitting) ? fitting : undefined;
}

function fitArray(schema: StructuralSchema, values: readonly unknown[]): readonly unknown[] {
  const { items, maxItems, "x-kubernetes-list-map-keys": keys } = schema;
  if (items === undefined) return [];
  const fitting = values.map((value) => fit(items, value)).filter((value) => value !== undefined);
  return unlike(fitting, keys).slice(0, maxItems);
}

/** Entries of a list map: one of a key that is there already would have the whole refused. */
function unlike(values: readonly unknown[], keys: readonly string[] | undefined): readonly unknown[] {
  if (keys === undefined) return values;
  const seen = new Set<string>();
  return values.filter((value) => {
    const key = JSON.stringify(keys.map((each) => (isRecord(value) ? value[each] : undefined)));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function fitText(schema: StructuralSchema, text: string): string | undefined {
  const { enum: words, format, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  if (words !== undefined) return words.includes(text) ? text : undefined;
  if (format === "date-time") return fitTime(text);
  if (text.length < minLength) return "-".repeat(minLength);
  const cut = text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
  // Half a character is stored as another one, and the report would never be what stands in the cluster.
  return cut.toWellFormed();
}

const fullTime = z.iso.datetime({ offset: true });
/** The end of the year 9999: what is later has no such form. Milliseconds. */
const LAST_TIME = 253_402_300_799_000;

function fitTime(text: string): string | undefined {
  const at = parseTime(text);
  if (at === undefined) return undefined;
  return fullTime.safeParse(text).success ? text : formatTime(Math.min(Math.max(at, 0), LAST_TIME));
}

function fitNumber({ minimum = -Infinity, maximum = Infinity, type }: StructuralSchema, value: number): number {
  const bounded = Math.min(Math.max(value, minimum), maximum);
  return type === "integer" ? Math.trunc(bounded) : bounded;
}
