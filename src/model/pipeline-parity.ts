/**
 * Clause P3: do two notification agents have the same pipeline configuration? By meaning, not by bytes: agents that share
 * their work hand each other messages through internal queues that are named for a pipeline and numbered by a count, sign
 * them with a secret, and filter and transform them at both ends (notification.py to Pike, pipeline/base.py in Queens and
 * Rocky). Order of sources, patterns and keys, comments, quoting, unknown keys and sinks that nothing feeds mean nothing.
 */
import { canonicalJson, digest } from "./digest.ts";
import type { PipelineFile, PipelineSource } from "./pipeline.ts";
import type { PipelineSink } from "./pipeline-sink.ts";
import { publisherText } from "./publisher-text.ts";
import type { PublishedKind } from "./publishers.ts";
import { mustDrain, partitionsNotification, type Release, usesTransformers } from "./release.ts";
import { shownName } from "./shown-name.ts";

/** What the notification agents of one release load, or will load. */
export interface PipelineSide {
  readonly release: Release;
  readonly pipeline: PipelineFile;
  readonly events: PipelineFile;
  /** How many internal queues a pipeline's messages are spread over; means nothing from Stein on. */
  readonly queues: number;
  /** A digest of the secret that signs what goes through them. */
  readonly secretDigest: string;
}

export interface Difference {
  readonly about: "source" | "filter" | "sinks" | "publishers" | "transformers" | "queues" | "secret";
  /** A sentence: where, what the old agents have, what the new ones will have. */
  readonly message: string;
}

const FILES: Readonly<Record<PublishedKind, string>> = { meters: "pipeline.yaml", events: "event_pipeline.yaml" };
const filesOf = ({ pipeline, events }: PipelineSide): Readonly<Record<PublishedKind, PipelineFile>> => ({
  meters: pipeline,
  events,
});

const unique = (list: readonly string[]): readonly string[] => [...new Set(list)].toSorted();
const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  canonicalJson(unique(a)) === canonicalJson(unique(b));

const transformersOf = (sink: PipelineSink, release: Release) => (usesTransformers(release) ? sink.transformers : []);

/** The sinks that a source feeds. */
function fedSinks({ sources, sinks }: PipelineFile): readonly PipelineSink[] {
  const fed = new Set(sources.flatMap((source) => source.sinks));
  return sinks.filter(({ name }) => fed.has(name));
}

const byName = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
  list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

function canonicalFile(file: PipelineFile, release: Release): unknown {
  return {
    sources: byName(file.sources).map(({ name, filter, sinks }) => ({
      name,
      filter: unique(filter),
      sinks: unique(sinks),
    })),
    sinks: byName(fedSinks(file)).map((sink) => ({
      name: sink.name,
      publishers: unique(sink.publishers),
      transformers: transformersOf(sink, release),
    })),
  };
}

/** Equal if and only if there are no differences. Of a release without internal queues neither count nor secret matter. */
export function canonicalDigest({ release, pipeline, events, queues, secretDigest }: PipelineSide): string {
  const isPartitionable = partitionsNotification(release);
  return digest({
    meters: canonicalFile(pipeline, release),
    events: canonicalFile(events, release),
    queues: isPartitionable ? queues : 0,
    secret: isPartitionable ? secretDigest : "",
  });
}

const MOST_SHOWN = 8;

/** Names in their order, the first of them if they are many. */
function listed(names: readonly string[]): string {
  const shown = unique(names).slice(0, MOST_SHOWN).map(shownPattern);
  const more = unique(names).length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

/** A pattern has four more letters than a name. */
const shownPattern = (pattern: string): string =>
  pattern
    .split(/([*?![\]])/)
    .map(shownPart)
    .join("");
const shownPart = (part: string): string => (/^[*?![\]]$/.test(part) ? part : shownName(part));

export function pipelineDifferences(before: PipelineSide, after: PipelineSide): readonly Difference[] {
  const [old, next] = [filesOf(before), filesOf(after)];
  return [
    ...(["meters", "events"] as const).flatMap((what) => [
      ...sourceDifferences(old[what], next[what], what),
      ...sinkDifferences(
        { file: old[what], release: before.release },
        { file: next[what], release: after.release },
        FILES[what],
      ),
    ]),
    ...internalDifferences(before, after),
  ];
}

/** The pipelines of a source, as Ceilometer names them. */
function pipelinesOf(source: PipelineSource, what: PublishedKind): string {
  const prefix = what === "events" ? "event:" : "";
  const names = unique(source.sinks).map(
    (sink) => `${prefix}${source.name === sink ? sink : `${source.name}:${sink}`}`,
  );
  return names.length === 1 ? `pipeline ${listed(names)}` : `pipelines ${listed(names)}`;
}

function sourceDifferences(before: PipelineFile, after: PipelineFile, what: PublishedKind): readonly Difference[] {
  const found: Difference[] = [];
  const file = FILES[what];
  const only = (source: PipelineSource, which: string): Difference => ({
    about: "source",
    message: `${file}: only the ${which} agents have the source ${shownName(source.name)}, ${pipelinesOf(source, what)}`,
  });
  for (const old of byName(before.sources)) {
    const next = after.sources.find(({ name }) => name === old.name);
    if (next === undefined) {
      found.push(only(old, "old"));
      continue;
    }
    const where = `${file}: the source ${shownName(old.name)}`;
    if (!sameSet(old.filter, next.filter)) {
      const message = `${where} takes ${listed(old.filter)} in the old agents, and ${listed(next.filter)} in the new ones`;
      found.push({ about: "filter", message });
    }
    if (!sameSet(old.sinks, next.sinks)) {
      const message = `${where} feeds ${listed(old.sinks)} in the old agents, and ${listed(next.sinks)} in the new ones`;
      found.push({ about: "sinks", message });
    }
  }
  const added = byName(after.sources).filter((next) => before.sources.every(({ name }) => name !== next.name));
  return [...found, ...added.map((source) => only(source, "new"))];
}

interface FileOfRelease {
  readonly file: PipelineFile;
  readonly release: Release;
}

/** A sink that only one side feeds is told by its sources. */
function sinkDifferences(before: FileOfRelease, after: FileOfRelease, file: string): readonly Difference[] {
  const found: Difference[] = [];
  for (const old of byName(fedSinks(before.file))) {
    const next = fedSinks(after.file).find(({ name }) => name === old.name);
    if (next === undefined) continue;
    const where = `${file}: the sink ${shownName(old.name)}`;
    if (!sameSet(old.publishers, next.publishers)) {
      found.push({ about: "publishers", message: `${where} ${publishersText(old.publishers, next.publishers)}` });
    }
    const [was, will] = [transformersOf(old, before.release), transformersOf(next, after.release)];
    if (canonicalJson(was) !== canonicalJson(will)) {
      const names = [was, will].map((list) => list.map(({ name }) => name).join(", ") || "nothing");
      const same = names[0] === names[1];
      const how = same
        ? `transforms by ${names[0] ?? ""} with other parameters in the new agents`
        : `transforms by ${names[0] ?? ""} in the old agents, and by ${names[1] ?? ""} in the new ones`;
      found.push({ about: "transformers", message: `${where} ${how}` });
    }
  }
  return found;
}

/** Addresses only as far as they hold no secret; where that leaves no difference, it is said that there is one. */
function publishersText(before: readonly string[], after: readonly string[]): string {
  const [was, will] = [before, after].map((list) => unique(list.map(publisherText)).join(", "));
  if (was === will) return `publishes to ${was ?? ""}, in the new agents with other paths, parameters or credentials`;
  return `publishes to ${was ?? ""} in the old agents, and to ${will ?? ""} in the new ones`;
}

function queuesText({ release, queues }: PipelineSide): string {
  return partitionsNotification(release) ? `${queues} internal queues` : "no internal queues";
}

function internalDifferences(before: PipelineSide, after: PipelineSide): readonly Difference[] {
  const found: Difference[] = [];
  const [was, will] = [queuesText(before), queuesText(after)];
  if (was !== will) {
    const message = `[notification] pipeline_processing_queues: the old agents use ${was}, the new ones ${will}`;
    found.push({ about: "queues", message });
  }
  const both = partitionsNotification(before.release) && partitionsNotification(after.release);
  if (both && before.secretDigest !== after.secretDigest) {
    const message = "[publisher] telemetry_secret: the new agents have another one, and drop what the old ones signed";
    found.push({ about: "secret", message });
  }
  return found;
}

/**
 * Why the internal queues must be empty before the agents are stopped and started with the new configuration: what waits in them
 * would be read by nobody, or taken and dropped. Empty where a plain restart loses nothing.
 */
export function mustEmptyFirst(before: PipelineSide, after: PipelineSide): readonly string[] {
  if (!partitionsNotification(before.release)) return [];
  const reasons: string[] = [];
  if (mustDrain(before.release, after.release)) {
    reasons.push(`agents of ${after.release.name} do not read the internal queues of ${before.release.name}`);
  }
  const names = new Set([...after.pipeline.names, ...after.events.names]);
  const gone = [...before.pipeline.names, ...before.events.names].filter((name) => !names.has(name));
  if (gone.length > 0) reasons.push(`nobody would read what waits for the pipelines that go: ${listed(gone)}`);
  if (partitionsNotification(after.release) && after.queues < before.queues) {
    reasons.push(
      `the internal queues become fewer, ${before.queues} now and ${after.queues} then; nobody would read the last`,
    );
  }
  const differences = pipelineDifferences(before, after);
  if (differences.some(({ about }) => about === "secret")) {
    reasons.push("the telemetry secret changes, and what was signed with the old one would be dropped");
  }
  if (differences.some(({ about }) => about === "transformers")) {
    reasons.push("transformers change, and samples that belong together would be split over two ways to compute");
  }
  return reasons;
}
