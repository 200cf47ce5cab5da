/** Reads a file of definitions, of whichever kind: its content tells, and its key where the content does not. */
import type { DefinitionsFile, DefinitionsKind } from "./definition.ts";
import { readEvents } from "./event-definitions.ts";
import { FileProblems, type ParsedFile } from "./file-problem.ts";
import { isMapping } from "./file-source.ts";
import { readMeters } from "./meter-definitions.ts";
import { MOST_TEXTS, Remembered } from "./remembered.ts";
import { readResources } from "./resource-definitions.ts";
import { parseYamlFile } from "./yaml-file.ts";
import { DEFINITIONS } from "./yaml-value.ts";

const READERS = { meters: readMeters, events: readEvents, resources: readResources } as const;

/** Undefined where it does not say so. */
function kindOfContent(value: unknown): DefinitionsKind | undefined {
  if (Array.isArray(value) && value.length > 0) return "events";
  if (!isMapping(value)) return undefined;
  if ("metric" in value) return "meters";
  return "resources" in value || "archive_policies" in value ? "resources" : undefined;
}

function kindOfKey(key: string): DefinitionsKind | undefined {
  if (/event/i.test(key)) return "events";
  if (/gnocchi|resource/i.test(key)) return "resources";
  return /meter/i.test(key) ? "meters" : undefined;
}

type Read = ParsedFile<DefinitionsFile>;

/** Of each kind that a key may tell. */
const remembered = new Map<DefinitionsKind | undefined, Remembered<Read>>();

function rememberedOf(kind: DefinitionsKind | undefined): Remembered<Read> {
  const known = remembered.get(kind) ?? new Remembered<Read>(MOST_TEXTS);
  remembered.set(kind, known);
  return known;
}

/** Whether it costs nothing to read it now. */
export const areDefinitionsRemembered = (text: string, key: string): boolean => rememberedOf(kindOfKey(key)).has(text);

/** `key` is the file's name: meters.yaml, event_definitions.yaml, gnocchi_resources.yaml. */
export function parseDefinitions(text: string, key: string): Read {
  const likely = kindOfKey(key);
  return rememberedOf(likely).of(text, (unread) => readDefinitions(unread, likely));
}

function readDefinitions(text: string, likely: DefinitionsKind | undefined): Read {
  const yaml = parseYamlFile(text, DEFINITIONS);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  const kind = kindOfContent(yaml.value) ?? likely;
  if (kind !== undefined) return problems.outcome(READERS[kind](yaml.value, problems));
  const remedy = "begin it with metric: (meters), resources: (Gnocchi), or a list of event definitions";
  problems.error([], "these are no definitions that Ceilometer reads", remedy);
  return problems.outcome<DefinitionsFile>({ kind: "meters", definitions: new Map() });
}
