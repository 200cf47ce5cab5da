/**
 * Fields of an object as the API server tells them apart for server-side apply: one path for each scalar, for each list or map that is
 * only ever owned as a whole, and for each item of a list with a merge key. Written as in `managedFields`: `f:` and a name,
 * `k:` and the merge key, `v:` and the value.
 */
import { isRecord } from "../../src/kube/object.ts";

/** Parts are joined by what no name contains. */
const JOINT = "\n";
export const partsOf = (path: string): readonly string[] => path.split(JOINT);
export const pathOf = (...parts: readonly string[]): string => parts.join(JOINT);
const below = (path: string, part: string): string => (path === "" ? part : `${path}${JOINT}${part}`);

/** By the name of the list, the field that tells its items apart. Every other list is owned as a whole. */
type Keys = Readonly<Record<string, string>>;
export interface Shape {
  readonly keys: Keys;
  /** Lists whose items are told apart by their value. */
  readonly sets: ReadonlySet<string>;
  /** Maps that are owned as a whole. */
  readonly atoms: ReadonlySet<string>;
}

const ofEverything = { keys: { ownerReferences: "uid" }, sets: ["finalizers"] };
const ofPods = {
  containers: "name",
  initContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
};
const ofWorkload: Shape = {
  keys: { ...ofEverything.keys, ...ofPods },
  sets: new Set(ofEverything.sets),
  atoms: new Set(["selector", "nodeSelector", "fieldRef", "configMapKeyRef", "secretKeyRef", "resourceFieldRef"]),
};
const ofWish: Shape = {
  keys: { ...ofEverything.keys, gates: "name", approvals: "before" },
  sets: new Set([...ofEverything.sets, "only"]),
  atoms: new Set(),
};

export const shapeOf = (kind: string | undefined): Shape => (kind === "CeilometerUpgrade" ? ofWish : ofWorkload);

/** The items of a list by their parts of a path; undefined where the list is owned as a whole. */
export function itemsOf(list: readonly unknown[], name: string, shape: Shape): Map<string, unknown> | undefined {
  if (shape.sets.has(name)) return new Map(list.map((each) => [`v:${JSON.stringify(each)}`, each]));
  const key = shape.keys[name];
  if (key === undefined) return undefined;
  return new Map(list.map((each) => [`k:${JSON.stringify({ [key]: isRecord(each) ? each[key] : null })}`, each]));
}

/** Whether fields of a map have owners of their own. An owner reference is one thing, however its list is merged. */
export const isAtom = (path: string, shape: Shape): boolean => {
  const [last = "", list = ""] = partsOf(path).toReversed();
  return shape.atoms.has(last.slice(2)) || list === "f:ownerReferences";
};

const ITEM = Symbol("an item of a list");

/** The fields that a value has, each with what is in it. */
export function fieldsOf(value: unknown, shape: Shape, path = ""): Map<string, unknown> {
  const name = partsOf(path).at(-1)?.slice(2) ?? "";
  const items = Array.isArray(value) ? itemsOf(value, name, shape) : undefined;
  if (items !== undefined) {
    return new Map(
      [...items].flatMap(([part, item]) => {
        const at = below(path, part);
        return [[at, ITEM] as const, ...(isRecord(item) && !isAtom(at, shape) ? fieldsOf(item, shape, at) : [])];
      }),
    );
  }
  if (!isRecord(value) || isAtom(path, shape) || Object.keys(value).length === 0)
    return new Map(path === "" ? [] : [[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, each]) => [...fieldsOf(each, shape, below(path, `f:${key}`))]));
}

/** With every map on the way to a field. The items of lists on the way are fields of their own and are not implied. */
export function withMaps(fields: ReadonlySet<string>): Set<string> {
  const all = new Set(fields);
  for (const field of fields) {
    const parts = partsOf(field);
    for (let length = 1; length < parts.length; length += 1) {
      if (parts[length - 1]?.startsWith("f:") === true) all.add(pathOf(...parts.slice(0, length)));
    }
  }
  return all;
}

/** The value without some fields, and without all that is in them. */
export function without(value: unknown, fields: ReadonlySet<string>, shape: Shape, path = ""): unknown {
  if (Array.isArray(value)) {
    const items = itemsOf(value, partsOf(path).at(-1)?.slice(2) ?? "", shape);
    if (items === undefined) return value;
    return [...items].flatMap(([part, item]) => {
      const at = below(path, part);
      return fields.has(at) ? [] : [without(item, fields, shape, at)];
    });
  }
  if (!isRecord(value) || isAtom(path, shape)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const at = below(path, `f:${key}`);
      return fields.has(at) ? [] : [[key, without(each, fields, shape, at)]];
    }),
  );
}

/** `applied` laid over what is there: what it does not name stays. */
export function laidOver(live: unknown, applied: unknown, shape: Shape, path = ""): unknown {
  if (isRecord(live) && isRecord(applied) && !isAtom(path, shape)) {
    const changed = Object.entries(applied).map(([key, each]) => [
      key,
      laidOver(live[key], each, shape, below(path, `f:${key}`)),
    ]);
    return { ...live, ...Object.fromEntries(changed) };
  }
  const name = partsOf(path).at(-1)?.slice(2) ?? "";
  const there = Array.isArray(live) ? itemsOf(live, name, shape) : undefined;
  const wanted = Array.isArray(applied) ? itemsOf(applied, name, shape) : undefined;
  if (there === undefined || wanted === undefined) return applied;
  return inOrder([...there.keys()], [...wanted.keys()]).map((part) =>
    wanted.has(part) ? laidOver(there.get(part), wanted.get(part), shape, below(path, part)) : there.get(part),
  );
}

/** Items that both have are in the order of what is applied; those that only are there stay before the one they were before. */
function inOrder(there: readonly string[], wanted: readonly string[]): readonly string[] {
  const order: string[] = [];
  const rest = [...there];
  for (const [index, part] of wanted.entries()) {
    const next = wanted.slice(index).find((each) => there.includes(each));
    for (let first = rest[0]; first !== undefined && first !== next; first = rest[0]) {
      if (!wanted.includes(first)) order.push(first);
      rest.shift();
    }
    if (rest[0] === part) rest.shift();
    order.push(part);
  }
  return [...order, ...rest.filter((each) => !wanted.includes(each))];
}

/** As a set of fields is stored: `.` beside what is within says that the item itself belongs to it. */
export function toFieldsV1(fields: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const inner = Map.groupBy(fields, (field) => partsOf(field)[0] ?? "");
  return Object.fromEntries(
    [...inner].map(([part, all]) => {
      const deeper = all.filter((field) => field !== part).map((field) => field.slice(part.length + JOINT.length));
      const itself = deeper.length > 0 && all.includes(part) ? { ".": {} } : {};
      return [part, { ...itself, ...toFieldsV1(new Set(deeper)) }];
    }),
  );
}

export function fromFieldsV1(stored: unknown, path = ""): Set<string> {
  const parts = Object.entries(isRecord(stored) ? stored : {});
  if (parts.length === 0) return new Set(path === "" ? [] : [path]);
  return new Set(parts.flatMap(([part, each]) => (part === "." ? [path] : [...fromFieldsV1(each, below(path, part))])));
}

/** As people are told of it: `.spec.template.spec.containers[name="agent"].image`. */
export function shown(path: string): string {
  return partsOf(path)
    .map((part) => {
      const rest = part.slice(2);
      if (part.startsWith("f:")) return `.${rest}`;
      if (part.startsWith("v:")) return `[=${rest}]`;
      const key: unknown = JSON.parse(rest);
      const pairs = Object.entries(isRecord(key) ? key : {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return `[${pairs.join(",")}]`;
    })
    .join("");
}
