/** Who owns which field of an object, and what it comes to, as far as the model and a real API server must agree. */
import { isRecord, type StoredObject } from "../../../src/kube/object.ts";
import { fromFieldsV1, shown } from "../../sim/field-sets.ts";
import { hasOwners } from "../../sim/server-side-apply.ts";

/** What a real one sets by itself where nobody says anything. */
const DEFAULTED: Readonly<Record<string, ReadonlySet<string>>> = {
  Workload: new Set([
    "defaultMode",
    "deprecated.daemonset.template.generation",
    "dnsPolicy",
    "imagePullPolicy",
    "persistentVolumeClaimRetentionPolicy",
    "podManagementPolicy",
    "progressDeadlineSeconds",
    "resources",
    "restartPolicy",
    "revisionHistoryLimit",
    "schedulerName",
    "securityContext",
    "strategy",
    "terminationGracePeriodSeconds",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "updateStrategy",
  ]),
  CeilometerUpgrade: new Set([
    "abort",
    "action",
    "deadlineSeconds",
    "memberTimeoutSeconds",
    "mode",
    "onFailure",
    "ownership",
    "progressDeadlineSeconds",
    "reload",
    "retryAttempt",
    "rollback",
    "workloadPartitioning",
  ]),
};
const isDefaulted = (kind: string | undefined, field: string): boolean =>
  (DEFAULTED[kind ?? ""] ?? DEFAULTED["Workload"])?.has(field) === true;

/** What is false is what is left out, in every field that scripts have. */
function bare(value: unknown, kind: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => bare(each, kind));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, each]) => !isDefaulted(kind, key) && each !== null && each !== false,
  );
  return Object.fromEntries(kept.map(([key, each]) => [key, bare(each, kind)]));
}

export const wishOf = (object: StoredObject): unknown => {
  const { kind, spec, metadata } = object;
  return hasOwners(object) ? { labels: metadata.labels, spec: bare(spec, kind) } : {};
};

/** By manager. Controllers of a real one write statuses and what they note on workloads; a map is no field of its own in the model. */
export function ownersOf(object: StoredObject): Readonly<Record<string, unknown>> {
  const { kind, metadata } = object;
  const managedFields = hasOwners(object) ? (metadata.managedFields ?? []) : [];
  const entries = managedFields.filter(isRecord).filter((each) => each["subresource"] !== "status");
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource = "", fieldsV1 }) => {
      const fields = [...fromFieldsV1(fieldsV1)].filter((field) => !isMap(fieldsV1, field));
      const told = fields.filter((field) => !field.split("\n").some((part) => isDefaulted(kind, part.slice(2))));
      return [`${String(operation)} ${String(manager)} ${String(subresource)}`, told.map(shown).toSorted()];
    }),
  );
}

/** One that is left with nothing in it looks like a field. */
const MAPS = new Set(["f:annotations", "f:labels", "f:data"]);
const isMap = (stored: unknown, field: string): boolean => {
  const parts = field.split("\n");
  if (MAPS.has(parts.at(-1) ?? "")) return true;
  const inner = parts.reduce((each: unknown, part) => (isRecord(each) ? each[part] : undefined), stored);
  return parts.at(-1)?.startsWith("f:") === true && isRecord(inner) && "." in inner;
};

/** The lines of a conflict in an order of their own; other refusals are worded otherwise. */
export const conflictIn = (message = ""): readonly string[] =>
  message.startsWith("Apply failed") ? message.split("\n").toSorted() : [];
