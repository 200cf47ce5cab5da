/**
 * Are the files that the new agents will run with valid for their release? Ceilometer's agents stay up and Ready with a broken
 * file, and drop or never collect data; so the files are read before anything is stopped.
 */
import type { FileProblem, ParsedFile } from "../model/file-problem.ts";
import type { Violation } from "../model/outcome.ts";
import { parsePipeline } from "../model/pipeline.ts";
import { parsePolling } from "../model/polling-file.ts";
import { pollingFiles, type Release } from "../model/release.ts";

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
  return {
    gate: GATE,
    object,
    reason: "ConfigurationInvalid",
    message: `${where.join(", ")}: ${problem.rule}`,
    remedy: problem.remedy,
    severity: problem.severity,
  };
}

function problemsOf(
  file: ConfigurationFile | undefined,
  parse: (text: string) => ParsedFile<unknown>,
  consequence: string,
): readonly Violation[] {
  if (file === undefined) return [];
  if (file.text === undefined) return [missing(file, consequence)];
  const parsed = parse(file.text);
  const problems = parsed.kind === "broken" ? parsed.problems : parsed.warnings;
  return problems.map((problem) => invalid(file, problem));
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
