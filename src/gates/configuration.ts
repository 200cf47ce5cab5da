/**
 * Are the files that the new agents will run with valid for their release? Ceilometer's agents stay up and Ready with a broken
 * file, and drop or never collect data; so the files are read before anything is stopped.
 */
import type { FileProblem, ParsedFile } from "../model/file-problem.ts";
import type { Violation } from "../model/outcome.ts";
import { parsePipeline } from "../model/pipeline.ts";
import { parsePolling } from "../model/polling-file.ts";
import { pollingFiles, type Release } from "../model/release.ts";
import { PLUGIN_UNKNOWN } from "./accepted-risk.ts";

export interface ConfigurationFile {
  /** "ConfigMap/name". */
  readonly object: string;
  readonly key: string;
  /** Undefined: the object has no such key. */
  readonly text: string | undefined;
}

export interface ConfigurationInput {
  readonly pipeline?: ConfigurationFile;
  readonly eventPipeline?: ConfigurationFile;
  readonly polling?: ConfigurationFile;
  readonly release: Release;
}

const GATE = "Configuration";

const missing = ({ object, key }: ConfigurationFile, consequence: string): Violation => ({
  gate: GATE,
  object,
  reason: "ConfigurationMissing",
  message: `it has no key ${key}; without it ${consequence}`,
  remedy: `add the key ${key}, or correct spec.target.config`,
  severity: "Error",
});

function invalid({ object, key }: ConfigurationFile, problem: FileProblem): Violation {
  const where = [
    key,
    ...(problem.line === undefined ? [] : [`line ${problem.line}`]),
    ...(problem.place === "" ? [] : [problem.place]),
  ];
  if (problem.plugin !== undefined) return unproven(problem.plugin, `${object}, ${where.join(", ")}`, problem);
  return {
    gate: GATE,
    object,
    reason: "ConfigurationInvalid",
    message: `${where.join(", ")}: ${problem.rule}`,
    remedy: problem.remedy,
    severity: problem.severity,
  };
}

/** The object is the plugin: a word on it shall not cover what else may come to stand in the file. */
const unproven = (plugin: string, where: string, { rule, remedy, severity }: FileProblem): Violation => ({
  gate: GATE,
  object: plugin,
  reason: PLUGIN_UNKNOWN,
  message: `${where}: ${rule}`,
  remedy: `${remedy}; or, where a package in the image brings it, accept it: spec.acceptedRisks with check ${PLUGIN_UNKNOWN} and object ${plugin}`,
  severity,
});

function problemsOf(
  file: ConfigurationFile | undefined,
  parse: (text: string) => ParsedFile<unknown>,
  consequence: string,
): readonly Violation[] {
  if (file === undefined) return [];
  if (file.text === undefined) return [missing(file, consequence)];
  return parse(file.text).problems.map((problem) => invalid(file, problem));
}

/** Newton and older have no polling.yaml: it would be mounted and never read. */
function unread(file: ConfigurationFile | undefined, release: Release): readonly Violation[] {
  if (file === undefined) return [];
  return [
    {
      gate: GATE,
      object: file.object,
      reason: "ConfigurationInvalid",
      message: `${file.key}: ${release.name} does not read polling.yaml, its polling agents read pipeline.yaml`,
      remedy: "remove spec.target.config.polling",
      severity: "Warning",
    },
  ];
}

/** All problems of all files at once. */
export function configurationProblems(input: ConfigurationInput): readonly Violation[] {
  const { release } = input;
  const packaged = "the agents use the default that their image carries";
  const polls = pollingFiles(release).includes("polling");
  return [
    ...problemsOf(input.pipeline, (text) => parsePipeline(text, "meters", release), packaged),
    ...problemsOf(input.eventPipeline, (text) => parsePipeline(text, "events", release), packaged),
    ...(polls
      ? problemsOf(input.polling, parsePolling, "the polling agents do not start")
      : unread(input.polling, release)),
  ];
}
