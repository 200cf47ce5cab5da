/**
 * What a notification agent makes of its pipeline files, as a text that is equal for equal meanings. Order, comments, quoting
 * and keys that it does not read make no difference; a file that is not mounted is the one in the image.
 */
import { z } from "zod";
import type { AgentConfiguration } from "./agent-configuration.ts";
import { canonical } from "./audit-facts.ts";
import { readYaml } from "./read-yaml.ts";

const PIKE = 9;
const ROCKY = 11;
const name = z.string();
const names = z.array(name).transform((list) => [...new Set(list)].toSorted());
const sourceSchema = z.object({
  name,
  meters: names.optional(),
  counters: names.optional(),
  events: names.optional(),
  sinks: names,
});
const sinkSchema = z.object({ name, publishers: z.array(name), transformers: z.array(z.unknown()).nullish() });
const fileSchema = z.object({ sources: z.array(sourceSchema), sinks: z.array(sinkSchema) });

export function loadedPipelines(configuration: AgentConfiguration, major: number): string {
  const file = (option: string, usual: string, packaged: string): string => {
    const text = configuration.file(configuration.option("DEFAULT", option) ?? usual);
    return text === undefined ? packaged : meaningOf(text, major);
  };
  return canonical({
    // The auditor does not have the files of the images, so those of two releases count as different.
    samples: file("pipeline_cfg_file", "pipeline.yaml", `as packaged in ${major}`),
    // This one only ever changed its publisher; as long as agents are partitioned, once, with Pike.
    events: file(
      "event_pipeline_cfg_file",
      "event_pipeline.yaml",
      `as packaged ${major < PIKE ? "to Ocata" : "from Pike on"}`,
    ),
    // Both must agree, or messages lie in queues that nobody reads, or are dropped for their signature.
    queues: configuration.option("notification", "pipeline_processing_queues") ?? "10",
    secret: configuration.option("publisher", "telemetry_secret") ?? "",
  });
}

function meaningOf(text: string, major: number): string {
  const file = fileSchema.safeParse(readYaml(text)).data;
  if (file === undefined) return `unreadable: ${text}`;
  const sinks = new Map(
    file.sinks.map((sink) => [
      sink.name,
      {
        publishers: [...new Set(sink.publishers.map((url) => (url.includes("://") ? url : `${url}://`)))].toSorted(),
        transformers: major <= ROCKY ? (sink.transformers ?? []) : [],
      },
    ]),
  );
  const pipelines = file.sources.flatMap((source) =>
    source.sinks.map((sink) => {
      const takes = source.meters ?? source.counters ?? source.events ?? [];
      return { name: `${source.name}:${sink}`, takes, sink: sinks.get(sink) };
    }),
  );
  return canonical(pipelines.toSorted((left, right) => (left.name < right.name ? -1 : 1)));
}
