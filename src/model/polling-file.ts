/** polling.yaml (Ocata and later): what the polling agents ask for, and how often. */
import { FileProblems, type ParsedFile } from "./file-problem.ts";
import { type Entry, entriesOf, filterOf, intervalOf, isMapping, nameOf, optionalList } from "./file-source.ts";
import { shownName } from "./shown-name.ts";
import { parseYamlFile } from "./yaml-file.ts";

export interface PollingSource {
  readonly name: string;
  readonly intervalSeconds: number;
  /** Patterns of pollster names. */
  readonly meters: readonly string[];
  readonly resources: readonly string[];
  readonly discovery: readonly string[];
  /** A Python expression that names the source's own coordination group (2025.2 and later). */
  readonly coordinationExpression?: string;
}

export interface PollingFile {
  readonly sources: readonly PollingSource[];
}

/** Key of the Python expression; the only option of a source that came after Ocata. */
const EXPRESSION = "group_id_coordination_expression";

function readSource(source: Entry, problems: FileProblems): PollingSource {
  const { entry, path } = source;
  const name = nameOf(source, problems);
  if (entry["meters"] === undefined) {
    problems.error(path, "Missing meters value", 'add what the source polls: meters: ["*"] polls everything');
  }
  const meters = entry["meters"] === undefined ? [] : filterOf(source, "meters", entry["meters"], problems);
  const expression = entry[EXPRESSION];
  return {
    name,
    intervalSeconds: intervalOf(source, problems),
    meters,
    resources: optionalList(source, "resources", problems),
    discovery: optionalList(source, "discovery", problems),
    ...(typeof expression === "string" && expression !== "" ? { coordinationExpression: expression } : {}),
  };
}

/**
 * Also reads, in Ocata and Pike, a pipeline.yaml that stands in for a missing polling.yaml: the agents apply the same rules.
 */
export function parsePolling(text: string): ParsedFile<PollingFile> {
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  if (!isMapping(yaml.value) || !("sources" in yaml.value)) {
    problems.error([], "sources required", 'begin the file with "sources:" and a list below it');
    return problems.outcome({ sources: [] });
  }
  const sources: PollingSource[] = [];
  const names = new Set<string>();
  for (const entry of entriesOf(yaml.value, "sources", problems)) {
    const source = readSource(entry, problems);
    if (source.name !== "" && names.has(source.name)) {
      const rule = `two sources are called ${shownName(source.name)}; their tasks become one`;
      problems.warning([...entry.path, "name"], rule, "give each source a name of its own");
    }
    names.add(source.name);
    sources.push(source);
  }
  if (Array.isArray(yaml.value["sources"]) && yaml.value["sources"].length === 0) {
    problems.warning(["sources"], "the list is empty: nothing is polled", "list at least one source");
  }
  return problems.outcome({ sources });
}

/** In seconds; 0 for a file without sources. */
export function longestInterval(file: { readonly sources: readonly { readonly intervalSeconds: number }[] }): number {
  return file.sources.reduce((longest, source) => Math.max(longest, source.intervalSeconds), 0);
}
