/** Reads a file of definitions, of whichever kind: its content tells, and its key where the content does not. */
import type { DefinitionsFile, DefinitionsKind } from "./definition.ts";
import { readEvents } from "./event-definitions.ts";
import { FileProblems, type ParsedFile } from "./file-problem.ts";
import { isMapping } from "./file-source.ts";
import { readMeters } from "./meter-definitions.ts";
import { readResources } from "./resource-definitions.ts";
import { parseYamlAs } from "./yaml-file.ts";
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

/**
 * `key` is the file's name: meters.yaml, event_definitions.yaml, gnocchi_resources.yaml. Nothing of it is remembered here:
 * `compared-definitions.ts` remembers what follows from it.
 */
export function parseDefinitions(text: string, key: string): Read {
  const yaml = parseYamlAs(text, DEFINITIONS);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  const kind = kindOfContent(yaml.value) ?? kindOfKey(key);
  if (kind !== undefined) return problems.outcome(READERS[kind](yaml.value, problems));
  const remedy = "begin it with metric: (meters), resources: (Gnocchi), or a list of event definitions";
  problems.error([], "these are no definitions that Ceilometer reads", remedy);
  return problems.outcome<DefinitionsFile>({ kind: "meters", definitions: new Map() });
}
