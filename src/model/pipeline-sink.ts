/** The sinks of a pipeline file: where data goes, and to Rocky how it is transformed on the way. */
import type { FilePath, FileProblems } from "./file-problem.ts";
import { type Entry, isMapping, nameOf } from "./file-source.ts";
import { type PublishedKind, publisherFault } from "./publishers.ts";
import { type Release, usesTransformers } from "./release.ts";
import { shownName } from "./shown-name.ts";

export interface Transformer {
  readonly name: string;
  /** Plain data of the file. */
  readonly parameters: unknown;
}

export interface PipelineSink {
  readonly name: string;
  /** Each with `://`, as the agent completes them. May carry passwords: never shown. */
  readonly publishers: readonly string[];
  /** In their order. Always empty from Stein on, which ignores them. */
  readonly transformers: readonly Transformer[];
}

/** What a file is read for, and where its problems go. */
export interface Reading {
  readonly what: PublishedKind;
  readonly release: Release;
  readonly problems: FileProblems;
}

/** Entry points `ceilometer.transformer` of Ceilometer itself, the same from Liberty to Rocky. */
const TRANSFORMERS = ["accumulator", "delta", "unit_conversion", "rate_of_change", "aggregator", "arithmetic"];

function readPublishers({ entry, path }: Entry, { what, release, problems }: Reading): readonly string[] {
  const { publishers } = entry;
  const here = [...path, "publishers"];
  if (publishers === undefined || publishers === null || (Array.isArray(publishers) && publishers.length === 0)) {
    problems.error(path, "No publisher specified", "list at least one publisher");
    return [];
  }
  if (!Array.isArray(publishers)) {
    problems.error(here, "publishers should be a list", "write a list, even for one publisher");
    return [];
  }
  const found: string[] = [];
  for (const [index, publisher] of publishers.entries()) {
    if (typeof publisher !== "string") {
      problems.error([...here, index], "the publisher is no text", 'write it as a URL such as "gnocchi://"');
      continue;
    }
    const url = publisher.includes("://") ? publisher : `${publisher}://`;
    const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
    const fault = publisherFault(scheme, what, release);
    if (fault !== undefined) {
      const rule = `Unable to load publisher ${shownName(scheme)}://: ${fault.rule}`;
      if (fault.foreign) problems.plugin([...here, index], `Publisher/${shownName(scheme)}`, rule, fault.remedy);
      else problems.error([...here, index], rule, fault.remedy);
    }
    found.push(url);
  }
  return found;
}

function readTransformer(value: unknown, path: FilePath, problems: FileProblems): Transformer | undefined {
  if (!isMapping(value)) {
    problems.error(path, "the transformer is no mapping", "write it with name and parameters");
    return undefined;
  }
  const { name, parameters } = value;
  if (parameters === undefined) {
    problems.error(path, "the transformer has no parameters", 'add "parameters: {}"');
  }
  const remedy = `use one of ${TRANSFORMERS.join(", ")}`;
  if (typeof name !== "string") {
    problems.error(path, "No transformer named (none) loaded", remedy);
    return undefined;
  }
  if (!TRANSFORMERS.includes(name)) {
    const shown = shownName(name);
    problems.plugin(path, `Transformer/${shown}`, `No transformer named ${shown} loaded`, remedy);
  }
  return { name, parameters: parameters ?? {} };
}

function readTransformers({ entry, path }: Entry, { release, problems }: Reading): readonly Transformer[] {
  const { transformers } = entry;
  const here = [...path, "transformers"];
  const isNone = transformers === undefined || transformers === null;
  if (isNone || (Array.isArray(transformers) && transformers.length === 0)) return [];
  if (!usesTransformers(release)) {
    problems.warning(
      here,
      `${release.name} ignores transformers`,
      "compute rates in the backend, and remove them here",
    );
    return [];
  }
  if (!Array.isArray(transformers)) {
    problems.error(here, "transformers should be a list", "write a list, even for one transformer");
    return [];
  }
  return transformers.flatMap((value, index) => readTransformer(value, [...here, index], problems) ?? []);
}

export function readSink(entry: Entry, reading: Reading): PipelineSink {
  return {
    name: nameOf(entry, reading.problems),
    publishers: readPublishers(entry, reading),
    transformers: readTransformers(entry, reading),
  };
}
