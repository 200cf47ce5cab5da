/**
 * Server-side apply, and who owns which field: what Argo CD, Flux, Helm 4 and `kubectl apply --server-side` do beside the operator, which
 * itself never applies (docs/adr/0005). It follows `sigs.k8s.io/structured-merge-diff`, whose names are in the comments.
 *
 * Modelled: ownership by manager, operation and version, by whichever way a field is written; conflicts and their words; force;
 * owners in common; what is removed when its last owner leaves it out; lists by merge key in the order of what is applied.
 *
 * Left out, because neither the operator nor what is applied beside it here can tell the difference: owners of the status and of
 * objects that nobody applies (Pods, ReplicaSets, Jobs, leases); defaults of the API server, which belong to whoever creates an object by
 * POST; maps as fields of their own (`.` of `f:labels`), so that an empty map never stays behind; merge keys of more than one field
 * (ports); more than one version of a kind.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { isKubeObject, isRecord, type KubeObject } from "../../src/kube/object.ts";
import {
  fieldsOf,
  fromFieldsV1,
  laidOver,
  partsOf,
  pathOf,
  type Shape,
  shapeOf,
  shown,
  toFieldsV1,
  withMaps,
  without,
} from "./field-sets.ts";

const entrySchema = z.object({
  manager: z.string(),
  operation: z.enum(["Apply", "Update"]),
  subresource: z.string().optional(),
  apiVersion: z.string(),
  time: z.string(),
  fieldsV1: z.unknown(),
});

/** Who writes otherwise than by apply, and by which subresource, if any. */
export interface Writer {
  readonly manager: string;
  readonly subresource?: "scale";
}

interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string | undefined;
  readonly apiVersion: string;
  readonly time: string;
  readonly fields: ReadonlySet<string>;
}

export interface Applier {
  readonly manager: string;
  readonly force?: boolean;
}

const APPLIED_KINDS = new Set(["Deployment", "StatefulSet", "DaemonSet", "ConfigMap", "Secret", "CeilometerUpgrade"]);
export const hasOwners = ({ kind = "" }: KubeObject): boolean => APPLIED_KINDS.has(kind);

/** `stripMeta`: what tells an object from others, or is the server's own, belongs to nobody. */
const NOBODYS = new Set([
  "f:apiVersion",
  "f:kind",
  ...["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"].map((name) =>
    pathOf("f:metadata", `f:${name}`),
  ),
]);
const isOwnable = (field: string): boolean => !NOBODYS.has(field) && partsOf(field)[0] !== "f:status";

function ownersOf({ metadata: { managedFields = [] } }: KubeObject): readonly Owner[] {
  return z
    .array(entrySchema)
    .parse(managedFields)
    .map(({ fieldsV1, ...entry }) => ({ ...entry, fields: fromFieldsV1(fieldsV1) }));
}

function withOwners<T extends KubeObject>(object: T, owners: readonly Owner[]): T {
  const managedFields = owners
    .filter(({ fields }) => fields.size > 0)
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
    .map(({ fields, ...owner }) => ({ ...owner, fieldsType: "FieldsV1", fieldsV1: toFieldsV1(fields) }));
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}
const orderOf = ({ operation, time, manager }: Owner): string => [operation, time, manager].join(" ");

interface Changes {
  /** Fields with another value than before, and new ones. */
  readonly set: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

function changesOf(before: KubeObject | undefined, after: KubeObject): Changes {
  const shape = shapeOf(after.kind);
  const was = fieldsOf(before, shape);
  const is = fieldsOf(after, shape);
  const set = [...is].filter(([field, value]) => !was.has(field) || !isDeepStrictEqual(was.get(field), value));
  return {
    set: new Set(set.map(([field]) => field).filter(isOwnable)),
    removed: new Set([...was.keys()].filter((field) => !is.has(field) && isOwnable(field))),
  };
}

const losing = (owner: Owner, fields: ReadonlySet<string>): Owner => ({
  ...owner,
  fields: owner.fields.difference(fields),
});

/** Every write but an apply takes what it changes from whoever had it (`Updater.Update`). */
export function owned<T extends KubeObject>(before: KubeObject | undefined, after: T, by: Writer, time: string): T {
  const owners = before === undefined ? [] : ownersAt(before, after);
  // Of an object that nobody owns anything of, nobody is noted before the first apply (`skipNonAppliedManager`).
  if (before !== undefined && owners.length === 0) return withOwners(after, []);
  const { set, removed } = changesOf(before, after);
  const { manager, subresource } = by;
  const isOwn = (each: Owner): boolean =>
    each.manager === manager && each.operation === "Update" && each.subresource === subresource;
  const others = owners.map((each) => losing(each, set.union(removed)));
  const own = others.find(isOwn);
  const { apiVersion = "" } = after;
  const made = { ...by, operation: "Update" as const, apiVersion, time, fields: set.union(own?.fields ?? set) };
  const mine = set.size === 0 ? own : made;
  return withOwners(after, [...others.filter((each) => !isOwn(each)), ...(mine === undefined ? [] : [mine])]);
}

/** A client that sends no list of owners has not meant to remove them all; who does sends one that is empty, or `[{}]`. */
function ownersAt(before: KubeObject, after: KubeObject): readonly Owner[] {
  const { managedFields } = after.metadata;
  if (managedFields === undefined) return ownersOf(before);
  const [first] = managedFields;
  return isRecord(first) && Object.keys(first).length > 0 ? ownersOf(after) : [];
}

/** What comes of an apply, or who is in its way (`Updater.Apply`). */
export function applied(
  live: KubeObject | undefined,
  config: KubeObject,
  by: Applier,
  time: string,
): { readonly object: KubeObject } | { readonly conflict: string } {
  const { status: _, ...wanted } = config;
  const shape = shapeOf(config.kind);
  const owners = live === undefined ? [] : ownersBefore(live, time);
  const isOwn = ({ manager, operation }: Owner): boolean => manager === by.manager && operation === "Apply";
  const last = owners.find(isOwn);
  const others = owners.filter((each) => !isOwn(each));
  const fields = new Set(fieldsOf(wanted, shape).keys());
  const laid = laidOver(live, wanted, shape);
  const all = others.reduce((sum, each) => sum.union(each.fields), fields);
  const object = last === undefined ? laid : pruned(laid, last.fields, all, shape);
  if (!isKubeObject(object)) throw new Error(`nothing is left of ${config.metadata.name}`);
  const { set, removed } = changesOf(live, object);
  const conflicts = others.map((each) => ({ ...each, fields: each.fields.intersection(set) }));
  if (by.force !== true && conflicts.some((each) => each.fields.size > 0)) return { conflict: wordsOf(conflicts) };
  const isSame = last !== undefined && set.size === 0 && removed.size === 0;
  const mine: Owner = {
    manager: by.manager,
    operation: "Apply",
    apiVersion: config.apiVersion ?? "",
    time: isSame ? last.time : time,
    fields: new Set([...fields].filter(isOwnable)),
  };
  return { object: withOwners(object, [...others.map((each) => losing(each, set.union(removed))), mine]) };
}

/** Where nobody is noted, all of it belongs to whoever was there before. */
function ownersBefore(live: KubeObject, time: string): readonly Owner[] {
  const owners = ownersOf(live);
  if (owners.length > 0) return owners;
  const { apiVersion = "" } = live;
  return [
    { manager: "before-first-apply", operation: "Update", apiVersion, time, fields: changesOf(undefined, live).set },
  ];
}

/**
 * Without what only the last apply of the same manager had (`Updater.prune`): first without all of that, then again with whatever
 * somebody owns, then with what the manager never owned and was in a map that went. An item of a list goes with all that is in it.
 */
function pruned(laid: unknown, last: ReadonlySet<string>, kept: ReadonlySet<string>, shape: Shape): unknown {
  const inAll = (value: unknown): Set<string> => withMaps(new Set(fieldsOf(value, shape).keys()));
  const whole = inAll(laid);
  const had = withMaps(last);
  const bare = inAll(without(laid, had, shape));
  const owned = inAll(without(laid, whole.difference(bare.union(withMaps(kept))), shape));
  return without(laid, whole.difference(owned).intersection(had), shape);
}

/** In the words of `NewConflictError`: several are told by manager. */
function wordsOf(owners: readonly Owner[]): string {
  const conflicts = owners.flatMap(({ fields, ...owner }) =>
    [...fields].map((field) => ({ owner, field: shown(field) })),
  );
  const nameOf = ({ manager, operation, subresource, apiVersion }: (typeof conflicts)[number]["owner"]): string =>
    [
      JSON.stringify(manager),
      ...(subresource === undefined ? [] : [`with subresource ${JSON.stringify(subresource)}`]),
      ...(operation === "Update" ? [`using ${apiVersion}`] : []),
    ].join(" ");
  const [first, ...more] = conflicts;
  if (first !== undefined && more.length === 0)
    return `Apply failed with 1 conflict: conflict with ${nameOf(first.owner)}: ${first.field}`;
  const byManager = [...Map.groupBy(conflicts, ({ owner }) => nameOf(owner))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const lines = byManager.flatMap(([name, all]) => [
    `conflicts with ${name}:`,
    ...all.map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
