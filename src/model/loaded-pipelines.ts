/**
 * From the configuration of an agent to the side of a comparison, and why a side may not be what running agents have loaded: a
 * container that starts again reads a mutable object anew, so agents of one template can run with two pipelines.
 */
import type { AgentConfiguration, Unknown } from "./agent-configuration.ts";
import type { AgentFile } from "./agent-file.ts";
import { packagedEventPipeline, packagedPipeline } from "./packaged-pipelines.ts";
import { type PipelineFile, parsePipeline } from "./pipeline.ts";
import type { PipelineSide } from "./pipeline-parity.ts";
import type { PublishedKind } from "./publishers.ts";
import type { Release } from "./release.ts";

export interface LoadedPipelines {
  /** Undefined where it is not known. */
  readonly side: PipelineSide | undefined;
  /** Empty where what running agents have loaded is known. */
  readonly unknowns: readonly Unknown[];
}

const WORDS: Readonly<Record<PublishedKind, string>> = { meters: "pipeline.yaml", events: "event_pipeline.yaml" };

const packaged = (what: PublishedKind, release: Release): PipelineFile =>
  what === "meters" ? packagedPipeline(release) : packagedEventPipeline(release);

function readFile(file: AgentFile, what: PublishedKind, release: Release, unknowns: Unknown[]) {
  if (file.state === "packaged") return packaged(what, release);
  if (file.state !== "read") {
    unknowns.push({ what: WORDS[what], why: file.why });
    return undefined;
  }
  const { source } = file;
  const object = source.kind === "object" ? `${source.object}/${source.name}` : "its object";
  if (!file.immutable) {
    const why = `${object} is mutable, so an agent that was started before may have loaded something else`;
    unknowns.push({ what: WORDS[what], why });
  }
  const parsed = parsePipeline(file.text, what, release);
  if (parsed.kind === "parsed") return parsed.file;
  const [problem] = parsed.problems;
  const line = problem.line === undefined ? "" : `, line ${problem.line}`;
  unknowns.push({ what: WORDS[what], why: `${release.name} cannot load it from ${object}${line}: ${problem.rule}` });
  return undefined;
}

type PipelineConfiguration = Pick<
  AgentConfiguration,
  "release" | "pipeline" | "eventPipeline" | "processingQueues" | "telemetrySecret"
>;

export function loadedPipelines(configuration: PipelineConfiguration): LoadedPipelines {
  const { release, processingQueues, telemetrySecret } = configuration;
  const unknowns: Unknown[] = [];
  const pipeline = readFile(configuration.pipeline, "meters", release, unknowns);
  const events = readFile(configuration.eventPipeline, "events", release, unknowns);
  if (processingQueues.kind === "unknown") {
    unknowns.push({ what: "[notification] pipeline_processing_queues", why: processingQueues.why });
  }
  if (telemetrySecret.kind === "unknown") {
    unknowns.push({ what: "[publisher] telemetry_secret", why: telemetrySecret.why });
  }
  const isKnown = processingQueues.kind === "known" && telemetrySecret.kind === "known";
  if (pipeline === undefined || events === undefined || !isKnown) return { side: undefined, unknowns };
  const side = {
    release,
    pipeline,
    events,
    queues: processingQueues.value,
    secretDigest: telemetrySecret.value,
  };
  return { side, unknowns };
}
