/**
 * Polling files that an upgrade derives (clause P4): the sources of the file that people wrote, each with exactly the names
 * that its agents poll for the time being. An isolated group polls only what is new, and the agents beside it only the rest;
 * a pattern in either would let a pollster into both.
 */
import { pollsterNameSchema } from "./catalogue/schema.ts";
import { type FileProblem, FileProblems } from "./file-problem.ts";
import { isMapping, type Mapping } from "./file-source.ts";
import { supports } from "./matching.ts";
import { parsePipeline } from "./pipeline.ts";
import type { PollingFile, PollingSource } from "./polling-file.ts";
import { hasCoordinationExpression, pollingFiles, type Release } from "./release.ts";
import { shownName } from "./shown-name.ts";
import { parseYamlFile } from "./yaml-file.ts";
import { yamlText } from "./yaml-text.ts";

const HEADER =
  "# Made for an upgrade: the sources of the file that was given, with the pollsters of one group of agents.\n";

/** The pattern that matches this name alone. */
function patternOf(name: string): string {
  if (!pollsterNameSchema.safeParse(name).success) {
    throw new Error(`${shownName(name)} cannot be written as a pattern that matches it alone`);
  }
  return name.replaceAll(/[*?[]/g, "[$&]");
}

/** What each source keeps, in their order; empty where it keeps nothing. */
function keptPatterns(
  filters: readonly (readonly string[])[],
  keep: ReadonlySet<string>,
): readonly (readonly string[])[] {
  const names = [...keep].toSorted();
  const kept = filters.map((filter) => names.filter(supports(filter)));
  const matched = new Set(kept.flat());
  const lost = names.find((name) => !matched.has(name));
  if (lost !== undefined) throw new Error(`no source of the file polls ${shownName(lost)}`);
  return kept.map((each) => each.map(patternOf));
}

/**
 * The file with only these names. A source that keeps none of them is dropped, and a name that two sources match stays in
 * both. Every name must be one that the file polls.
 */
export function narrowedPolling(file: PollingFile, keep: ReadonlySet<string>): PollingFile {
  const patterns = keptPatterns(
    file.sources.map(({ meters }) => meters),
    keep,
  );
  const narrowed = file.sources.map((source, index): PollingSource => ({ ...source, meters: patterns[index] ?? [] }));
  return { sources: narrowed.filter(({ meters }) => meters.length > 0) };
}

/** The text of {@link narrowedPolling}. Without sources the agents start and poll nothing. */
export function derivedPolling(file: PollingFile, keep: ReadonlySet<string>): string {
  const sources = narrowedPolling(file, keep).sources.map((source) => ({
    name: source.name,
    interval: source.intervalSeconds,
    meters: source.meters,
    ...(source.resources.length === 0 ? {} : { resources: source.resources }),
    ...(source.discovery.length === 0 ? {} : { discovery: source.discovery }),
    ...(source.coordinationExpression === undefined
      ? {}
      : { group_id_coordination_expression: source.coordinationExpression }),
  }));
  return HEADER + yamlText({ sources });
}

/**
 * The same of pipeline.yaml, which the polling agents read to Newton: all else of the file stays, sinks as well, because the
 * agents refuse it without; they do not publish through them. `text` must be valid for the release. `fromSecret`: nothing stays but
 * what they go by; publishers may have passwords in them.
 */
export function derivedPipeline(text: string, keep: ReadonlySet<string>, release: Release, fromSecret = false): string {
  if (pollingFiles(release)[0] !== "pipeline") throw new Error(`${release.name} polls by polling.yaml`);
  const parsed = parsePipeline(text, "meters", release);
  const yaml = parseYamlFile(text);
  if (parsed.kind === "broken" || yaml.kind === "broken" || !isMapping(yaml.value)) {
    throw new Error("a pipeline file is derived from a valid one only");
  }
  const written: readonly unknown[] = Array.isArray(yaml.value["sources"]) ? yaml.value["sources"] : [];
  const patterns = keptPatterns(
    parsed.file.sources.map(({ filter }) => filter),
    keep,
  );
  const sources = written.flatMap((source, index) => {
    const meters = patterns[index] ?? [];
    if (!isMapping(source) || meters.length === 0) return [];
    return [narrowedSource(fromSecret ? onlyPolling(source) : source, meters)];
  });
  if (!fromSecret) return HEADER + yamlText({ ...yaml.value, sources });
  const sinks = parsed.file.sinks.map(({ name }) => ({ name, publishers: ["notifier://"] }));
  return HEADER + yamlText({ sources, sinks });
}

const POLLING_FIELDS = new Set(["name", "interval", "sinks", "discovery"]);
const onlyPolling = (source: Mapping): Mapping =>
  Object.fromEntries(Object.entries(source).filter(([field]) => POLLING_FIELDS.has(field)));

/** `counters` is an older word for `meters`. */
function narrowedSource({ counters: _counters, ...source }: Mapping, meters: readonly string[]): Mapping {
  return { ...source, meters };
}

export interface Isolation {
  /** Of the agents that would be isolated. */
  readonly release: Release;
  /** What they would poll; all of the file where it is absent. */
  readonly polled?: ReadonlySet<string>;
}

/** Why a group of its own, made by `partitioning_group_prefix`, would not keep agents of this file apart from others. */
export function isolationProblems(file: PollingFile, isolation?: Isolation): readonly FileProblem[] {
  const problems = new FileProblems(() => undefined);
  const ignoresExpression = isolation !== undefined && !hasCoordinationExpression(isolation.release);
  for (const [index, source] of file.sources.entries()) {
    const { polled } = isolation ?? {};
    if (polled !== undefined && ![...polled].some(supports(source.meters))) continue;
    tellSource(source, ["sources", index], ignoresExpression, problems);
  }
  return problems.outcome(file).problems;
}

function tellSource(
  source: PollingSource,
  path: readonly (string | number)[],
  ignoresExpression: boolean,
  problems: FileProblems,
): void {
  if (source.coordinationExpression !== undefined && !ignoresExpression) {
    problems.error(
      [...path, "group_id_coordination_expression"],
      "the group that the expression names is not prefixed by partitioning_group_prefix, so new and old agents would share it",
      "leave the expression out of the polling file until the upgrade has ended, or upgrade without overlap",
    );
  }
  if (source.resources.length > 0) {
    problems.warning(
      [...path, "resources"],
      "every agent names the group of static resources differently, so each of them polls all of these",
      "set the same PYTHONHASHSEED for all polling agents, or find the resources by discovery",
    );
  }
}
