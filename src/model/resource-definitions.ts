/**
 * gnocchi_resources.yaml: which metrics and attributes the resources of each type have in Gnocchi. Source: class
 * ResourcesDefinition of Ceilometer's Gnocchi dispatcher (to Pike) and publisher (from Queens): a resource type that it cannot
 * use is dropped with a line in the log, and samples of metrics that no type lists are dropped.
 */
import {
  canonicalField,
  canonicalSet,
  canonicalText,
  type Definition,
  type DefinitionPart,
  type DefinitionsFile,
  isEmptyValue,
} from "./definition.ts";
import type { FileProblems } from "./file-problem.ts";
import { type Entry, entriesOf, isMapping, type Mapping, nameOf } from "./file-source.ts";
import { shownName } from "./shown-name.ts";

/** In the log of the agent, and nowhere else. */
const DROPPED = "the agent drops the resource type";
/** Which notifications begin, change and end a resource. */
const EVENTS = ["event_create", "event_update", "event_delete"] as const;
const MAPPINGS = [
  ["attributes", "attribute"],
  ["event_attributes", "event attribute"],
  ["event_associated_resources", "associated resource"],
] as const;

/** To Queens a list of names, since then a mapping with what is special of each. */
function metricsOf(entry: Mapping): Mapping | undefined {
  const { metrics } = entry;
  if (!Array.isArray(metrics)) return isMapping(metrics) ? metrics : undefined;
  if (metrics.some((metric) => typeof metric === "object")) return undefined;
  return Object.fromEntries(metrics.map((metric) => [String(metric), null]));
}

function unusable({ entry, path }: Entry, problems: FileProblems): boolean {
  const faults: string[] = [];
  if (typeof entry["resource_type"] !== "string") faults.push("Required field resource_type should be a text");
  const metrics = metricsOf(entry);
  if (metrics === undefined) faults.push("Required field metrics should be a mapping or a list");
  else if (Object.values(metrics).some((extra) => !isEmptyValue(extra) && !isMapping(extra))) {
    faults.push("what is said of a metric should be a mapping");
  }
  for (const [key] of MAPPINGS) {
    if (entry[key] !== undefined && !isMapping(entry[key])) faults.push(`${key} should be a mapping`);
  }
  const attributes = entry["event_attributes"];
  const hasEvents = EVENTS.some((key) => entry[key] !== undefined);
  if (hasEvents && !(isMapping(attributes) && typeof attributes["id"] === "string")) {
    faults.push("Required field id of event_attributes should be a text");
  }
  for (const fault of faults) problems.warning(path, `${fault}: ${DROPPED}`, "correct the definition");
  return faults.length > 0;
}

/** Equal where the same archive policy results: written at the resource type, at the metric, or by default. */
function metricText(extra: unknown, entry: Mapping, defaultPolicy: unknown): string {
  const own: Mapping = isMapping(extra) ? extra : {};
  const { archive_policy_name: ownPolicy, ...others } = own;
  const policy = entry["archive_policy"] ?? (isEmptyValue(ownPolicy) ? defaultPolicy : ownPolicy);
  const isDefault = policy === defaultPolicy || isEmptyValue(policy);
  const policyText = isDefault ? "the default archive policy" : `the archive policy ${canonicalText(policy)}`;
  return isEmptyValue(others) ? policyText : `${policyText} and ${canonicalText(others)}`;
}

function partsOf(entry: Mapping, defaultPolicy: unknown): ReadonlyMap<string, DefinitionPart> {
  const parts = new Map<string, DefinitionPart>();
  for (const [metric, extra] of Object.entries(metricsOf(entry) ?? {})) {
    parts.set(metric, { what: `metric ${metric}`, text: metricText(extra, entry, defaultPolicy) });
  }
  for (const [key, word] of MAPPINGS) {
    const mapping = entry[key];
    for (const [name, value] of Object.entries(isMapping(mapping) ? mapping : {})) {
      const text = key === "event_associated_resources" ? canonicalText(value) : canonicalField(value);
      parts.set(`${key}.${name}`, { what: `${word} ${name}`, text });
    }
  }
  for (const key of EVENTS) {
    if (!isEmptyValue(entry[key])) parts.set(key, { what: key, text: canonicalSet(entry[key]) });
  }
  return parts;
}

const NOT_FIELDS = new Set<string>([
  "resource_type",
  "metrics",
  "archive_policy",
  ...MAPPINGS.map(([key]) => key),
  ...EVENTS,
]);

const fieldsOf = (entry: Mapping): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(entry)
      .filter(([key]) => !NOT_FIELDS.has(key))
      .map(([key, value]) => [key, canonicalText(value)]),
  );

function readPolicies(file: Mapping, problems: FileProblems): readonly Definition[] {
  const found: Definition[] = [];
  const { archive_policy_default: byDefault, archive_policies: policies } = file;
  const parts = new Map<string, DefinitionPart>();
  if (byDefault !== undefined) {
    const fields = new Map([["archive_policy_default", canonicalText(byDefault)]]);
    found.push({ name: "archive_policy_default", fields, parts });
  }
  if (policies === undefined || policies === null) return found;
  for (const source of entriesOf(file, "archive_policies", problems)) {
    const { name: _, ...others } = source.entry;
    const fields = Object.entries(others).map(([key, value]): [string, string] => [
      key,
      key === "aggregation_methods" ? canonicalSet(value) : canonicalText(value),
    ]);
    found.push({ name: `archive_policies.${nameOf(source, problems)}`, fields: new Map(fields), parts });
  }
  return found;
}

export function readResources(value: unknown, problems: FileProblems): DefinitionsFile {
  const definitions = new Map<string, Definition>();
  if (!isMapping(value)) {
    problems.error([], "a list of resource types is required", 'begin the file with "resources:" and a list below it');
    return { kind: "resources", definitions };
  }
  for (const policy of readPolicies(value, problems)) definitions.set(policy.name, policy);
  const resources = value["resources"] === undefined ? [] : entriesOf(value, "resources", problems);
  for (const source of resources) {
    const { entry, path } = source;
    if (unusable(source, problems)) continue;
    const name = String(entry["resource_type"]);
    const fields = fieldsOf(entry);
    const parts = partsOf(entry, value["archive_policy_default"]);
    const first = definitions.get(name);
    if (first !== undefined) {
      const rule = `two definitions of the resource type ${shownName(name)}; a sample goes by the last that lists it`;
      problems.warning(path, rule, "make them one");
    }
    definitions.set(name, {
      name,
      fields: new Map([...(first?.fields ?? []), ...fields]),
      parts: new Map([...(first?.parts ?? []), ...parts]),
    });
  }
  return { kind: "resources", definitions };
}
