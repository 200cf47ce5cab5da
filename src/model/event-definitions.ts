/**
 * event_definitions.yaml: which traits an event gets of its notification. Source: Ceilometer's event/converter.py, from
 * Liberty to 2026.1: patterns are Python's fnmatch, `!` excludes, the last definition that matches takes the notification, and
 * one faulty definition keeps the whole event pipeline from loading.
 *
 * A definition of several event types is read as one for each, so that a type more is an addition and not another definition.
 */
import {
  canonicalField,
  canonicalSet,
  canonicalText,
  type Definition,
  type DefinitionPart,
  type DefinitionsFile,
} from "./definition.ts";
import type { FileProblems } from "./file-problem.ts";
import { type Entry, isMapping, type Mapping } from "./file-source.ts";
import { shownName } from "./shown-name.ts";

const TRAIT_TYPES: readonly unknown[] = ["text", "int", "float", "datetime"];

interface EventTypes {
  readonly included: readonly string[];
  readonly excluded: readonly string[];
}

function typesOf({ entry, path }: Entry, problems: FileProblems): EventTypes {
  const { event_type: given } = entry;
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const types = list.filter((type) => typeof type === "string");
  if (given === undefined) {
    problems.error(path, "Required field event_type not specified", "name the event types that the definition is for");
  } else if (types.length < list.length) {
    problems.error([...path, "event_type"], "an event type is no text", "write event types as text, in quotes");
  }
  const excluded = types.filter((type) => type.startsWith("!")).map((type) => type.slice(1));
  const included = types.filter((type) => !type.startsWith("!"));
  return { included: included.length === 0 && excluded.length > 0 ? ["*"] : included, excluded };
}

function traitsOf({ entry, path }: Entry, problems: FileProblems): ReadonlyMap<string, DefinitionPart> {
  const { traits } = entry;
  const parts = new Map<string, DefinitionPart>();
  if (!isMapping(traits)) {
    const rule = traits === undefined ? "Required field traits not specified" : "traits should be a mapping";
    problems.error(path, rule, "write the traits with the fields they come from, or {} for the default ones");
    return parts;
  }
  for (const [name, trait] of Object.entries(traits)) {
    const here = [...path, "traits", name];
    if (isMapping(trait) ? trait["fields"] === undefined || trait["fields"] === null : trait === null) {
      problems.error(here, `The field 'fields' is required for ${shownName(name)}`, "say where the trait comes from");
    } else if (isMapping(trait) && trait["type"] !== undefined && !TRAIT_TYPES.includes(trait["type"])) {
      problems.error(here, `Invalid trait type for trait ${shownName(name)}`, "use text, int, float or datetime");
    }
    parts.set(`traits.${name}`, { what: `trait ${name}`, text: canonicalField(trait) });
  }
  return parts;
}

function fieldsOf(entry: Mapping, excluded: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (excluded.length > 0) fields.set("exclusions", canonicalSet(excluded));
  for (const [field, value] of Object.entries(entry)) {
    if (field !== "event_type" && field !== "traits") fields.set(field, canonicalText(value));
  }
  return fields;
}

export function readEvents(value: unknown, problems: FileProblems): DefinitionsFile {
  const definitions = new Map<string, Definition>();
  if (!Array.isArray(value)) {
    problems.error(
      [],
      "a list of event definitions is required",
      'write a list: each entry begins with "- event_type:"',
    );
    return { kind: "events", definitions };
  }
  for (const [index, entry] of value.entries()) {
    if (!isMapping(entry)) {
      problems.error([index], "the entry is no mapping", 'write it as a mapping: "- event_type: …"');
      continue;
    }
    const source = { entry, path: [index] };
    const { included, excluded } = typesOf(source, problems);
    const parts = traitsOf(source, problems);
    const fields = fieldsOf(entry, excluded);
    for (const name of new Set(included)) {
      // Ceilometer's own file names many types twice: the last definition takes the notifications.
      definitions.delete(name);
      definitions.set(name, { name, fields, parts });
    }
  }
  return { kind: "events", definitions };
}
