/**
 * What a file of definitions says, in one form for all three kinds (meters, events, Gnocchi resources), so that two files are
 * compared by meaning: order and formatting are gone, and so is every way to write the same thing in two ways.
 */
import { isMapping, type Mapping } from "./file-source.ts";

export type DefinitionsKind = "meters" | "events" | "resources";

export interface DefinitionPart {
  /** For sentences: "trait host", "metric cpu_util". */
  readonly what: string;
  /** Canonical: equal texts mean the same. */
  readonly text: string;
}

export interface Definition {
  readonly name: string;
  /** What makes it what it is, canonical: any difference alters it. */
  readonly fields: ReadonlyMap<string, string>;
  /** What can be added to it without altering the rest, by the name it has within the definition. */
  readonly parts: ReadonlyMap<string, DefinitionPart>;
}

export interface DefinitionsFile {
  readonly kind: DefinitionsKind;
  /** By name, in the order of the file: among events the last one that matches takes the notification. */
  readonly definitions: ReadonlyMap<string, Definition>;
}

/** As Python's `not value`. */
export const isEmptyValue = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isMapping(value) && Object.keys(value).length === 0);

/** JSON with the keys of every mapping in order. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isMapping(value)) return JSON.stringify(value ?? null);
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join(",")}}`;
}

/** A text, or a list of texts whose order means nothing. */
export function canonicalSet(value: unknown): string {
  const entries = Array.isArray(value) ? value : [value];
  const texts = [...new Set(entries.map(canonicalText))].toSorted();
  return texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(",")}]`;
}

function canonicalPlugin(plugin: unknown): unknown {
  if (!isMapping(plugin)) return plugin;
  const { parameters, ...others } = plugin;
  const rest = isEmptyValue(parameters) ? others : plugin;
  return Object.keys(rest).length === 1 && typeof rest["name"] === "string" ? rest["name"] : rest;
}

/**
 * Where a value is taken from (class Definition of Ceilometer's declarative module): a path, a list of paths of which the
 * first that is there counts, or a mapping with `fields`, `plugin` and, for a trait, `type`.
 */
export function canonicalField(value: unknown): string {
  if (Array.isArray(value)) return canonicalText(value.length === 1 ? value[0] : value);
  if (!isMapping(value)) return canonicalText(value);
  const { fields, plugin, type, ...others }: Mapping = value;
  const path: unknown = Array.isArray(fields) && fields.length === 1 ? fields[0] : fields;
  const rest = {
    ...others,
    ...(plugin === undefined ? {} : { plugin: canonicalPlugin(plugin) }),
    ...(type === undefined || type === "text" ? {} : { type }),
  };
  return Object.keys(rest).length === 0 ? canonicalText(path) : canonicalText({ ...rest, fields: path });
}
