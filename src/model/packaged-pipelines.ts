/**
 * What an agent runs with that was given no pipeline.yaml or event_pipeline.yaml: the defaults of its release, in meaning. A
 * ConfigMap without the key therefore means another pipeline after an upgrade over one of these borders. Source: the files
 * themselves at each release's tag, `etc/ceilometer/` to Ocata and `ceilometer/pipeline/data/` from Pike on; to Ocata they
 * come with the image's configuration and not with the package.
 */
import type { PipelineFile } from "./pipeline.ts";
import type { PipelineSink, Transformer } from "./pipeline-sink.ts";
import { parseRelease, type Release, usesTransformers } from "./release.ts";

/** The first major version of each, in order. */
const METERS: readonly (readonly [since: string, publisher: string])[] = [
  ["liberty", "notifier://"],
  ["pike", "gnocchi://"],
];
const EVENTS: readonly (readonly [since: string, publisher: string])[] = [
  ["liberty", "notifier://"],
  ["pike", "gnocchi://"],
  ["ussuri", "panko://"],
  ["xena", "notifier://"],
];

const isSince = (release: Release, since: string): boolean => release.major >= (parseRelease(since)?.major ?? 0);
const publisherOf = (eras: typeof METERS, release: Release): string =>
  eras.findLast(([since]) => isSince(release, since))?.[1] ?? "notifier://";

const DISK = ["disk", "disk.device"].flatMap((disk) =>
  ["read", "write"].flatMap((direction) => ["bytes", "requests"].map((unit) => `${disk}.${direction}.${unit}`)),
);
const NETWORK = ["incoming", "outgoing"].flatMap((direction) =>
  ["bytes", "packets"].map((unit) => `network.${direction}.${unit}`),
);

const rate = (target: object, source?: object): Transformer => ({
  name: "rate_of_change",
  parameters: { ...(source === undefined ? {} : { source }), target: { ...target, type: "gauge" } },
});

/** Pike added the upper limit. */
function cpuRate(release: Release): Transformer {
  const limit = isSince(release, "pike") ? { max: 100 } : {};
  const scale = "100.0 / (10**9 * (resource_metadata.cpu_number or 1))";
  return rate({ name: "cpu_util", unit: "%", ...limit, scale });
}
const CPU_DELTA: Transformer = {
  name: "delta",
  parameters: { target: { name: "cpu.delta" }, growth_only: true },
};
const DISK_RATE = rate(
  { map_to: { name: "\\1.\\2.\\3.rate", unit: "\\1/s" } },
  { map_from: { name: "(disk\\.device|disk)\\.(read|write)\\.(bytes|requests)", unit: "(B|request)" } },
);
const NETWORK_RATE = rate(
  { map_to: { name: "network.\\1.\\2.rate", unit: "\\1/s" } },
  { map_from: { name: "network\\.(incoming|outgoing)\\.(bytes|packets)", unit: "(B|packet)" } },
);

/** pipeline.yaml. To Rocky it has sources of its own for what its transformers compute. */
export function packagedPipeline(release: Release): PipelineFile {
  const publishers = [publisherOf(METERS, release)];
  const sink = (name: string, ...transformers: readonly Transformer[]): PipelineSink => ({
    name,
    publishers,
    transformers,
  });
  const everything = { name: "meter_source", filter: ["*"], sinks: ["meter_sink"] };
  if (!usesTransformers(release)) {
    return { sources: [everything], sinks: [sink("meter_sink")], names: ["meter_source:meter_sink"] };
  }
  return {
    sources: [
      everything,
      { name: "cpu_source", filter: ["cpu"], sinks: ["cpu_sink", "cpu_delta_sink"] },
      { name: "disk_source", filter: DISK, sinks: ["disk_sink"] },
      { name: "network_source", filter: NETWORK, sinks: ["network_sink"] },
    ],
    sinks: [
      sink("meter_sink"),
      sink("cpu_sink", cpuRate(release)),
      sink("cpu_delta_sink", CPU_DELTA),
      sink("disk_sink", DISK_RATE),
      sink("network_sink", NETWORK_RATE),
    ],
    names: [
      "meter_source:meter_sink",
      "cpu_source:cpu_sink",
      "cpu_source:cpu_delta_sink",
      "disk_source:disk_sink",
      "network_source:network_sink",
    ],
  };
}

/** event_pipeline.yaml. */
export function packagedEventPipeline(release: Release): PipelineFile {
  const publishers = [publisherOf(EVENTS, release)];
  return {
    sources: [{ name: "event_source", filter: ["*"], sinks: ["event_sink"] }],
    sinks: [{ name: "event_sink", publishers, transformers: [] }],
    names: ["event:event_source:event_sink"],
  };
}
