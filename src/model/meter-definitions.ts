/**
 * meters.yaml: which meters the notification agent makes of which notifications. Source: class MeterDefinition of
 * Ceilometer's meter/notifications.py, from Mitaka to 2026.1: the agent drops a definition that it cannot use and goes on
 * with the others, and of two definitions of one name in a file it takes the last.
 */
import {
  canonicalField,
  canonicalSet,
  type Definition,
  type DefinitionPart,
  type DefinitionsFile,
  isEmptyValue,
} from "./definition.ts";
import type { FileProblems } from "./file-problem.ts";
import { type Entry, entriesOf, isMapping, type Mapping, nameOf } from "./file-source.ts";
import { shownName } from "./shown-name.ts";

const REQUIRED = ["name", "type", "event_type", "unit", "volume", "resource_id"] as const;
const SAMPLE_TYPES: readonly unknown[] = ["gauge", "delta", "cumulative"];
/** Lists of which the order means nothing. */
const SETS: readonly string[] = ["event_type", "lookup"];

function unusable({ entry, path }: Entry, problems: FileProblems): boolean {
  const missing = REQUIRED.filter((field) => isEmptyValue(entry[field]));
  if (missing.length > 0) {
    const rule = `Required fields ${missing.join(", ")} not specified: the agent drops the meter`;
    problems.warning(path, rule, "add the fields");
    return true;
  }
  const { lookup, type } = entry;
  const looksTypeUp = lookup === "type" || (Array.isArray(lookup) && lookup.includes("type"));
  if (looksTypeUp || SAMPLE_TYPES.includes(type)) return false;
  problems.warning([...path, "type"], "Invalid type: the agent drops the meter", "use gauge, delta or cumulative");
  return true;
}

function partsOf({ entry, path }: Entry, problems: FileProblems): ReadonlyMap<string, DefinitionPart> {
  const { metadata = {}, user_metadata: userMetadata } = entry;
  const parts = new Map<string, DefinitionPart>();
  if (!isMapping(metadata)) {
    problems.error([...path, "metadata"], "metadata should be a mapping", "write names with the fields they come from");
    return parts;
  }
  for (const [name, value] of Object.entries(metadata)) {
    parts.set(`metadata.${name}`, { what: `metadata ${name}`, text: canonicalField(value) });
  }
  if (!isEmptyValue(userMetadata)) {
    parts.set("user_metadata", { what: "user metadata", text: canonicalField(userMetadata) });
  }
  return parts;
}

function fieldsOf(entry: Mapping): ReadonlyMap<string, string> {
  const known = Object.entries(entry).filter(
    ([field, value]) => !["name", "metadata", "user_metadata"].includes(field) && !isEmptyValue(value),
  );
  return new Map(
    known.map(([field, value]) => [field, SETS.includes(field) ? canonicalSet(value) : canonicalField(value)]),
  );
}

export function readMeters(value: unknown, problems: FileProblems): DefinitionsFile {
  const definitions = new Map<string, Definition>();
  if (!isMapping(value) || !("metric" in value)) {
    problems.error([], "a list of meters is required", 'begin the file with "metric:" and a list below it');
    return { kind: "meters", definitions };
  }
  for (const source of entriesOf(value, "metric", problems)) {
    const { entry, path } = source;
    if (unusable(source, problems)) continue;
    const name = nameOf(source, problems);
    if (definitions.delete(name)) {
      const rule = `two definitions of the meter ${shownName(name)}; the agent drops the first`;
      problems.warning(path, rule, "keep one of them");
    }
    definitions.set(name, { name, fields: fieldsOf(entry), parts: partsOf(source, problems) });
  }
  return { kind: "meters", definitions };
}
