/** What a polling agent reads of its polling file, and the dynamic pollsters that users add. */
import { z } from "zod";
import type { AgentConfiguration } from "./agent-configuration.ts";
import { canonical } from "./audit-facts.ts";
import type { MountedFiles } from "./audit-files.ts";
import { isValid } from "./name-patterns.ts";
import { readYaml } from "./read-yaml.ts";

export interface PollingSource {
  readonly name: string;
  readonly meters: readonly string[];
  /** What the file itself says is to be polled, as canonical JSON. */
  readonly resources: string | undefined;
  /** `group_id_coordination_expression`, from 2025.2 on. */
  readonly coordination: string | undefined;
}

/** A scalar is iterated by its characters, as Python does. */
const patterns = z
  .union([z.array(z.string()), z.string().transform((text) => [...text])])
  .refine((list) => isValid(list), "a list that no agent takes");
const sourceSchema = z
  .object({
    name: z.string(),
    meters: patterns.optional(),
    counters: patterns.optional(),
    resources: z.array(z.unknown()).nullish(),
    group_id_coordination_expression: z.string().optional(),
  })
  .transform((source): PollingSource => {
    const { resources } = source;
    return {
      name: source.name,
      meters: source.meters ?? source.counters ?? [],
      resources: (resources ?? []).length === 0 ? undefined : canonical(resources),
      coordination: source.group_id_coordination_expression,
    };
  })
  .refine(({ meters }) => meters.length > 0, "no meters");
const fileSchema = z.object({ sources: z.array(sourceSchema) });
const dynamicSchema = z.array(
  z.object({ name: z.string(), namespaces: z.union([z.array(z.string()), z.string()]).optional() }),
);

const OCATA = 8;
const PIKE = 9;
const EVERYTHING: PollingSource = { name: "packaged", meters: ["*"], resources: undefined, coordination: undefined };
const parsed = new Map<string, readonly PollingSource[]>();

/**
 * To Newton pipeline.yaml says what is polled; Ocata and Pike read polling.yaml, and pipeline.yaml without it; from Queens on
 * an agent without a polling file, or with a wrong one, polls nothing.
 */
export function pollingSources(
  configuration: AgentConfiguration,
  major: number,
  instead?: string,
): readonly PollingSource[] {
  const polling = instead ?? configuration.file(configuration.option("polling", "cfg_file") ?? "polling.yaml");
  const pipeline = configuration.file(configuration.option("DEFAULT", "pipeline_cfg_file") ?? "pipeline.yaml");
  const text = major < OCATA ? (instead ?? pipeline) : major <= PIKE ? (polling ?? pipeline) : polling;
  if (text === undefined) return major <= PIKE ? [EVERYTHING] : [];
  const known = parsed.get(text) ?? fileSchema.safeParse(readYaml(text)).data?.sources ?? [];
  parsed.set(text, known);
  return known;
}

/** Files below `pollsters_definitions_dirs`, Ussuri and later; the option is read from [DEFAULT] alone. */
export function dynamicPollsters(
  configuration: AgentConfiguration,
  files: MountedFiles,
): readonly { readonly name: string; readonly namespaces: readonly string[] }[] {
  const said = configuration.option("DEFAULT", "pollsters_definitions_dirs") ?? "/etc/ceilometer/pollsters.d";
  const directories = said.split(",").map((directory) => `${directory.trim().replace(/\/+$/, "")}/`);
  return [...files].flatMap(([path, text]) => {
    if (!path.endsWith(".yaml") || !directories.some((directory) => path.startsWith(directory))) return [];
    const found = dynamicSchema.safeParse(readYaml(text)).data ?? [];
    return found.map(({ name, namespaces = ["central"] }) => ({ name, namespaces: [namespaces].flat() }));
  });
}
