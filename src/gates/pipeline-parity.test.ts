import { describe, expect, it } from "vitest";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import type { AgentFile } from "../model/agent-file.ts";
import { known, type Setting, unknown } from "../model/agent-settings.ts";
import { type LoadedPipelines, loadedPipelines } from "../model/loaded-pipelines.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { pipelineParity } from "./pipeline-parity.ts";

const release = (name: string): Release => {
  const parsed = parseRelease(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const OBJECT = "Deployment/ceilometer-notification";
const PIPELINE = 'sources: [{name: a, meters: ["*"], sinks: [s]}]\nsinks: [{name: s, publishers: ["notifier://"]}]\n';
const EVENTS = PIPELINE.replace("meters", "events");

const source = { kind: "object", object: "ConfigMap", name: "etc", key: "pipeline.yaml", subPath: true } as const;
const file = (text: string, immutable = true): AgentFile => ({
  path: "pipeline.yaml",
  source,
  immutable,
  state: "read",
  text,
});
const PACKAGED: AgentFile = { path: "pipeline.yaml", source: { kind: "image" }, immutable: true, state: "packaged" };
const HIDDEN: AgentFile = { ...PACKAGED, immutable: false, state: "unknown", why: "Secret/etc could not be read" };

interface Given {
  readonly pipeline?: AgentFile;
  readonly events?: AgentFile;
  readonly queues?: Setting<number>;
  readonly secret?: Setting<string>;
  readonly release?: string;
}
function loaded(given: Given = {}): LoadedPipelines {
  const configuration: Pick<
    AgentConfiguration,
    "release" | "pipeline" | "eventPipeline" | "processingQueues" | "telemetrySecret"
  > = {
    release: release(given.release ?? "newton"),
    pipeline: given.pipeline ?? file(PIPELINE),
    eventPipeline: given.events ?? file(EVENTS),
    processingQueues: given.queues ?? known(10),
    telemetrySecret: given.secret ?? known("s"),
  };
  return loadedPipelines(configuration);
}
const told = (partitioned: true | false | "unknown", before: Given, after: Given): readonly string[] =>
  pipelineParity({ object: OBJECT, partitioned, before: loaded(before), after: loaded(after) }).map(
    ({ severity, reason, message }) => `${severity} ${reason}: ${message}`,
  );

const OTHER = file(PIPELINE.replace("notifier", "test"));
const PUBLISHES =
  "pipeline.yaml: the sink s publishes to notifier:// in the old agents, and to test:// in the new ones";

describe("agents that share their work through internal queues", () => {
  it("may run side by side with the same configuration that cannot change, or with the same packaged one", () => {
    expect(told(true, {}, {})).toEqual([]);
    expect(told(true, {}, { pipeline: file(`# same\n${PIPELINE}`) })).toEqual([]);
    expect(told(true, { pipeline: PACKAGED, release: "mitaka" }, { pipeline: PACKAGED, release: "ocata" })).toEqual([]);
  });

  it("are held for each difference, with object and remedy", () => {
    expect(told(true, {}, { pipeline: OTHER, queues: known(5) })).toEqual([
      `Error PipelineDiffers: ${PUBLISHES}; agents that share their work must have the same (P3)`,
      "Error PipelineDiffers: [notification] pipeline_processing_queues: the old agents use 10 internal queues, the new ones 5 internal queues; agents that share their work must have the same (P3)",
    ]);
    const found = pipelineParity({
      object: OBJECT,
      partitioned: true,
      before: loaded(),
      after: loaded({ pipeline: OTHER, events: HIDDEN }),
    });
    expect(found.map(({ gate, object }) => [gate, object])).toEqual([["PipelineParity", OBJECT]]);
    for (const { remedy } of found) expect(remedy).not.toBe("");
    const eras = told(true, { pipeline: PACKAGED, release: "ocata" }, { pipeline: PACKAGED, release: "pike" });
    expect(eras.length).toBeGreaterThan(0);
  });

  it("are held where what they have loaded is not known, though it looks the same", () => {
    expect(told(true, { pipeline: file(PIPELINE, false) }, { events: HIDDEN })).toEqual([
      "Error PipelineUnknown: what the old agents have loaded of pipeline.yaml is not known: ConfigMap/etc is mutable, so an agent that was started before may have loaded something else (P3)",
      "Error PipelineUnknown: what the new agents will load of event_pipeline.yaml is not known: Secret/etc could not be read (P3)",
    ]);
    expect(told(true, { queues: unknown("x"), secret: unknown("y") }, {})).toEqual([
      "Error PipelineUnknown: what the old agents have loaded of [notification] pipeline_processing_queues is not known: x (P3)",
      "Error PipelineUnknown: what the old agents have loaded of [publisher] telemetry_secret is not known: y (P3)",
    ]);
    expect(told(true, {}, { pipeline: file("sources: []\n") })).toEqual([
      "Error PipelineUnknown: what the new agents will load of pipeline.yaml is not known: newton cannot load it from ConfigMap/etc, line 1: Both sources & sinks are required (P3)",
    ]);
  });
});

it("agents of which partitioning is not known count as such that share, unless parity is known", () => {
  expect(told("unknown", {}, {})).toEqual([]);
  expect(told("unknown", {}, { pipeline: OTHER })).toEqual([
    "Error PipelineUnknown: whether the agents share their work ([notification] workload_partitioning) cannot be read (P3)",
    `Error PipelineDiffers: ${PUBLISHES}; agents that share their work must have the same (P3)`,
  ]);
});

describe("agents without internal queues", () => {
  it("may run side by side; that they differ is a warning", () => {
    expect(told(false, {}, {})).toEqual([]);
    expect(told(false, { pipeline: HIDDEN }, {})).toEqual([]);
    expect(told(false, {}, { pipeline: OTHER })).toEqual([
      `Warning PipelinesMixed: while old and new agents run side by side, each message goes through the pipeline of whichever takes it: ${PUBLISHES}`,
    ]);
  });

  it("are not told of queues and secrets that they do not use", () => {
    expect(told(false, {}, { queues: known(3), secret: known("t") })).toEqual([]);
  });
});
