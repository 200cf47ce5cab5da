/**
 * pipeline.yaml and event_pipeline.yaml: what the notification agents take, and where they publish it. A notification agent
 * that cannot load its file stays up and drops what it takes, so everything Ceilometer would object to is found before.
 */
import { FileProblems, type ParsedFile } from "./file-problem.ts";
import {
  type Entry,
  entriesOf,
  filterOf,
  intervalOf,
  isMapping,
  nameOf,
  optionalList,
  textsOf,
} from "./file-source.ts";
import { type PipelineSink, type Reading, readSink } from "./pipeline-sink.ts";
import type { PollingFile } from "./polling-file.ts";
import type { PublishedKind } from "./publishers.ts";
import { pollingFiles, type Release } from "./release.ts";
import { shownName } from "./shown-name.ts";
import { parseYamlFile } from "./yaml-file.ts";

export interface PipelineSource {
  readonly name: string;
  /** Patterns of meter or event names. */
  readonly filter: readonly string[];
  readonly sinks: readonly string[];
  /** What the polling agents read here to Newton; absent for events and for later releases, which ignore it. */
  readonly polling?: {
    readonly intervalSeconds: number;
    readonly resources: readonly string[];
    readonly discovery: readonly string[];
  };
}

export interface PipelineFile {
  readonly sources: readonly PipelineSource[];
  readonly sinks: readonly PipelineSink[];
  /** `source:sink` of every pair, or just the name where both are equal; events with `event:` before it. */
  readonly names: readonly string[];
}

/** To Newton, in seconds. */
const DEFAULT_INTERVAL = 600;
const pollsFromPipeline = ({ what, release }: Reading): boolean =>
  what === "meters" && pollingFiles(release)[0] === "pipeline";

function readSource(source: Entry, reading: Reading): PipelineSource {
  const { entry, path } = source;
  const { what, problems } = reading;
  const name = nameOf(source, problems);
  const legacy = pollsFromPipeline(reading);
  const value = entry[what] === undefined && legacy ? entry["counters"] : entry[what];
  const isMissing = what === "meters" && value === undefined && !legacy;
  if (isMissing)
    problems.error(path, "Missing meters value", 'add what the source takes: meters: ["*"] takes everything');
  const filter = isMissing ? [] : filterOf(source, what, value, problems);
  const sinks = readSinkNames(source, name, problems);
  if (!legacy) {
    warnOfIgnored(source, reading);
    return { name, filter, sinks };
  }
  const polling = {
    intervalSeconds: intervalOf(source, problems, DEFAULT_INTERVAL),
    resources: optionalList(source, "resources", problems),
    discovery: optionalList(source, "discovery", problems),
  };
  return { name, filter, sinks, polling };
}

function readSinkNames({ entry, path }: Entry, name: string, problems: FileProblems): readonly string[] {
  const { sinks } = entry;
  if (sinks === undefined) {
    problems.error(path, "Required field sinks not specified", "list the sinks that the source feeds");
    return [];
  }
  if (sinks !== null && !Array.isArray(sinks)) {
    problems.error([...path, "sinks"], "sinks should be a list", "write a list, even for one sink");
    return [];
  }
  if (sinks === null || sinks.length === 0) {
    const rule = `No sink defined in source ${shownName(name)}`;
    problems.error([...path, "sinks"], rule, "list the sinks that the source feeds");
    return [];
  }
  return textsOf(sinks, [...path, "sinks"], problems);
}

function warnOfIgnored({ entry, path }: Entry, { what, release, problems }: Reading): void {
  // Ocata and Pike read them where polling.yaml is missing.
  if (what === "meters" && pollingFiles(release).includes("pipeline")) return;
  for (const key of ["interval", "resources", "discovery"]) {
    if (entry[key] === undefined) continue;
    problems.warning([...path, key], `${release.name} ignores ${key} here`, `move ${key} to polling.yaml`);
  }
}

function unique(entries: readonly Entry[], names: readonly string[], word: string, problems: FileProblems): void {
  const seen = new Set<string>();
  for (const [index, { path }] of entries.entries()) {
    const name = names[index] ?? "";
    if (name !== "" && seen.has(name)) {
      const rule = `Duplicated ${word} names: ${shownName(name)}`;
      problems.error([...path, "name"], rule, `give each ${word} a name of its own`);
    }
    seen.add(name);
  }
}

/** Joins sources and sinks to pipelines, as the agent does last. */
function pipelineNames(sources: readonly PipelineSource[], sinks: readonly PipelineSink[], reading: Reading) {
  const { problems } = reading;
  const known = new Set(sinks.map(({ name }) => name));
  const names = new Set<string>();
  const used = new Set<string>();
  for (const [index, source] of sources.entries()) {
    const path = ["sources", index, "sinks"];
    for (const sink of source.sinks) {
      used.add(sink);
      if (!known.has(sink)) {
        const rule = `Dangling sink ${shownName(sink)} from source ${shownName(source.name)}`;
        problems.error(path, rule, "name a sink of this file, or add the sink");
        continue;
      }
      const pair = source.name === sink ? sink : `${source.name}:${sink}`;
      const name = reading.what === "events" ? `event:${pair}` : pair;
      if (names.has(name)) {
        problems.error(
          path,
          `Duplicate pipeline name: ${shownName(name)}`,
          "name each sink once, and rename what collides",
        );
      }
      names.add(name);
    }
  }
  for (const [index, { name }] of sinks.entries()) {
    if (name === "" || used.has(name)) continue;
    problems.warning(
      ["sinks", index],
      `no source feeds the sink ${shownName(name)}`,
      "remove it, or name it in a source",
    );
  }
  return [...names];
}

export function parsePipeline(text: string, what: PublishedKind, release: Release): ParsedFile<PipelineFile> {
  const yaml = parseYamlFile(text);
  if (yaml.kind === "broken") return yaml;
  const problems = new FileProblems(yaml.lineOf);
  const { value } = yaml;
  if (!isMapping(value) || !("sources" in value) || !("sinks" in value)) {
    problems.error([], "Both sources & sinks are required", "write a list of sources and a list of sinks");
    return problems.outcome({ sources: [], sinks: [], names: [] });
  }
  const reading = { what, release, problems };
  const sourceEntries = entriesOf(value, "sources", problems);
  const sources = sourceEntries.map((entry) => readSource(entry, reading));
  unique(
    sourceEntries,
    sources.map(({ name }) => name),
    "source",
    problems,
  );
  const sinkEntries = entriesOf(value, "sinks", problems);
  const sinks = sinkEntries.map((entry) => readSink(entry, reading));
  unique(
    sinkEntries,
    sinks.map(({ name }) => name),
    "sink",
    problems,
  );
  return problems.outcome({ sources, sinks, names: pipelineNames(sources, sinks, reading) });
}

/** What the polling agents make of a pipeline file: to Newton it is their only file. */
export function pollingOf(file: PipelineFile): PollingFile {
  return {
    sources: file.sources.flatMap(({ name, filter, polling }) =>
      polling === undefined ? [] : [{ name, meters: filter, ...polling }],
    ),
  };
}
