/**
 * From the schema of the definition to inputs that a user may write: for every field some values that fit, and some that do not.
 * Nothing is drawn: the same schema gives the same inputs.
 */
import { isDeepStrictEqual } from "node:util";
import type { StructuralSchema } from "../../src/api/v1alpha1/structural.ts";

/** A value at a place of `spec` (a JSON Pointer; "" is all of it). Without a value the place is removed. */
export interface Mutation {
  readonly path: string;
  readonly value?: unknown;
}
export interface NamedMutation extends Mutation {
  /** The field of the schema that is changed, a JSON Pointer in which 0 is any item and * any key. */
  readonly field: string;
  readonly name: string;
}

/** A valid value for a place that the resource does not have, so that what is below it can be changed. */
export interface Graft {
  readonly at: string;
  readonly value: unknown;
}

type Json = Record<string, unknown>;
const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const keysOf = (path: string): readonly string[] => path.split("/").slice(1);

export function valueAt(root: unknown, path: string): unknown {
  return keysOf(path).reduce<unknown>((found, key) => {
    if (Array.isArray(found)) return found[Number(key)];
    return isMap(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }, root);
}

/** A copy with the mutation. Undefined where the place's parent is not there. A key `__proto__` is a key like any other. */
export function mutated(root: unknown, { path, ...change }: Mutation): unknown {
  const [key, ...rest] = keysOf(path);
  if (key === undefined) return change.value;
  if (Array.isArray(root)) return mutatedList(root, Number(key), rest, change.value);
  if (!isMap(root)) return undefined;
  const entries = new Map(Object.entries(root));
  const below = rest.length === 0 ? change.value : mutated(entries.get(key), { ...change, path: `/${rest.join("/")}` });
  if (below === undefined && rest.length > 0) return undefined;
  if (below === undefined) entries.delete(key);
  else entries.set(key, below);
  return Object.fromEntries(entries);
}

function mutatedList(root: readonly unknown[], index: number, rest: readonly string[], value: unknown): unknown {
  const list: readonly unknown[] = root;
  if (index > list.length) return undefined;
  const below = rest.length === 0 ? value : mutated(list[index], { path: `/${rest.join("/")}`, value });
  if (below === undefined && rest.length > 0) return undefined;
  return below === undefined ? list.toSpliced(index, 1) : list.toSpliced(index, 1, below);
}

/** What is done to one field, by name; an undefined value removes it. */
type Change = readonly [name: string, value: unknown];

const SURPRISE = { surprise: { deep: [1, "two", null] } };
const withKey = (value: Json, key: string, more: unknown): Json =>
  Object.fromEntries([...Object.entries(value), [key, more]]);

/** Another text that fits as well, where one is found. */
function anotherText(
  { pattern, maxLength = 64, minLength = 0, format }: StructuralSchema,
  is: string,
): string | undefined {
  if (format === "date-time") return "2001-01-01T00:00:00Z";
  const fits = (text: string): boolean =>
    text !== is &&
    text.length >= minLength &&
    text.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern).test(text));
  return [`${is}x`, `${is}1`, "zed", "2025.1", "0123456789abcdef"].find(fits);
}

function ofText(schema: StructuralSchema, is: string): readonly Change[] {
  if (schema.enum !== undefined) {
    const [other, ...others] = schema.enum.filter((each) => each !== is).map((each): Change => [each, each]);
    return [
      ...(other === undefined ? [] : [other]),
      ["unknown value", "Nonsense"],
      ["removed", undefined],
      ...others,
      ["a number", 7],
      ["lower case", is.toLowerCase()],
    ];
  }
  const other = anotherText(schema, is);
  return [
    ...(other === undefined ? [] : [["changed", other] as const]),
    ["removed", undefined],
    ["control characters", `${is}\u0000\n\u001B[31m`],
    ["empty", ""],
    ...(schema.maxLength === undefined ? [] : [["too long", "a".repeat(schema.maxLength + 1)] as const]),
    ["__proto__", "__proto__"],
    ["constructor", "constructor"],
    ["a number", 2025.2],
  ];
}

function ofNumber({ minimum = 0, maximum = 0 }: StructuralSchema, is: number): readonly Change[] {
  return [
    ["increased", Math.min(is + 1, maximum)],
    ["removed", undefined],
    ["too large", maximum + 1],
    ["too small", minimum - 1],
    ["decreased", Math.max(is - 1, minimum)],
    ["least", minimum],
    ["most", maximum],
    ["a text", "30m"],
  ];
}

function ofSwitch(is: boolean): readonly Change[] {
  return [
    [is ? "off" : "on", !is],
    ["removed", undefined],
    ["a text", "yes"],
    ["null", null],
  ];
}

function ofList({ items, maxItems = 0 }: StructuralSchema, is: readonly unknown[]): readonly Change[] {
  const last = is.at(-1);
  const other = items === undefined ? undefined : anotherItem(items, last);
  const many = Array.from({ length: maxItems + 1 }, (_, index) =>
    typeof last === "string" ? `${last}${index}` : last,
  );
  return [
    ...(other === undefined ? [] : [["pushed", [...is, other]] as const]),
    ["popped", is.slice(0, -1)],
    ["removed", undefined],
    ["doubled", [...is, last]],
    ["emptied", []],
    ["too many", many],
    ["with null", [...is, null]],
    ["an object", {}],
  ];
}

function anotherItem(schema: StructuralSchema, is: unknown): unknown {
  if (typeof is === "string") {
    const other = schema.enum?.find((each) => each !== is);
    return other ?? anotherText(schema, is);
  }
  if (!isMap(is)) return undefined;
  for (const [key, value] of Object.entries(is).toReversed()) {
    const field = schema.properties?.[key];
    if (field === undefined || typeof value !== "string") continue;
    const other = anotherItem(field, value);
    if (other !== undefined) return withKey(is, key, other);
  }
  return undefined;
}

function ofMap({ additionalProperties, maxProperties = 0 }: StructuralSchema, is: Json): readonly Change[] {
  const shared: readonly Change[] = [
    ["emptied", {}],
    ["removed", undefined],
    ["a text", "text"],
    ["null", null],
    ["key __proto__", withKey(is, "__proto__", additionalProperties === undefined ? { polluted: true } : "polluted")],
  ];
  if (additionalProperties === undefined) return [...shared, ["unknown key", { ...is, ...SURPRISE }]];
  const many = Array.from({ length: maxProperties + 1 }, (_, index) => [`key${index}`, "x"]);
  return [...shared, ["another key", { ...is, another: "x" }], ["too many", Object.fromEntries(many)]];
}

function changesOf(schema: StructuralSchema, is: unknown): readonly Change[] {
  if (schema.type === "string" && typeof is === "string") return ofText(schema, is);
  if (schema.type === "integer" && typeof is === "number") return ofNumber(schema, is);
  if (schema.type === "boolean" && typeof is === "boolean") return ofSwitch(is);
  if (schema.type === "array" && Array.isArray(is)) return ofList(schema, is);
  if (schema.type === "object" && isMap(is)) return ofMap(schema, is);
  throw new Error(`nothing can be done to ${JSON.stringify(is)}, which should be of type ${schema.type}`);
}

/** So many are enough for a field that has the schema of another one. */
const OF_A_REPETITION = 4;

/** Every field of the schema with its changes. @throws where neither the resource nor a graft has a value for a field */
export function mutationsOf(root: StructuralSchema, spec: unknown, grafts: readonly Graft[]): readonly NamedMutation[] {
  const met = new Set<string>();
  const donors = [
    { at: undefined, whole: spec },
    ...grafts.map(({ at, value }) => ({ at, whole: mutated(spec, { path: at, value }) })),
  ];
  const visit = (schema: StructuralSchema, field: string, path: string): readonly NamedMutation[] => {
    const donor = donors.find(({ whole }) => valueAt(whole, path) !== undefined);
    if (donor === undefined) throw new Error(`${path === "" ? "spec" : path}: no graft has it`);
    const is = valueAt(donor.whole, path);
    const { description: _, default: __, properties = {}, items, additionalProperties, ...own } = schema;
    const kind = JSON.stringify(own);
    const isLeaf = Object.keys(properties).length === 0 && items === undefined;
    const count = isLeaf && met.has(kind) ? OF_A_REPETITION : 8;
    met.add(kind);
    const place = (value: unknown): Mutation => {
      const { at } = donor;
      if (at === undefined || !`${path}/`.startsWith(`${at}/`)) return value === undefined ? { path } : { path, value };
      const whole = valueAt(mutated(donor.whole, { path, value }), at);
      return whole === undefined ? { path: at } : { path: at, value: whole };
    };
    const changes = changesOf(schema, is)
      .filter(([, value]) => !isDeepStrictEqual(value, is))
      .slice(0, count)
      .map(([name, value]): NamedMutation => ({ field, name, ...place(value) }));
    const [key = ""] = isMap(is) ? Object.keys(is) : [];
    return [
      ...changes,
      ...Object.entries(properties).flatMap(([name, below]) => visit(below, `${field}/${name}`, `${path}/${name}`)),
      ...(items === undefined ? [] : visit(items, `${field}/0`, `${path}/0`)),
      ...(additionalProperties === undefined ? [] : visit(additionalProperties, `${field}/*`, `${path}/${key}`)),
    ];
  };
  return visit(root, "", "");
}

/** Every field that has no fields of its own. */
export function leavesOf(schema: StructuralSchema, field = ""): readonly string[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, each]) => leavesOf(each, `${field}/${name}`)),
    ...(schema.items === undefined ? [] : leavesOf(schema.items, `${field}/0`)),
    ...(schema.additionalProperties === undefined ? [] : leavesOf(schema.additionalProperties, `${field}/*`)),
  ];
  return below.length === 0 ? [field] : below;
}
