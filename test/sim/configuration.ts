/** How the Ceilometers of the model are configured, and what a partial upgrade of them is asked for, as users would write it. */
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { Agents, Topology } from "./topology.ts";

export type PollingNamespace = "central" | "compute" | "ipmi";

/** A pipeline file of one source and one sink, by the name of the pipeline and where it publishes. */
export interface PipelineWords {
  readonly name: string;
  readonly publisher: string;
}

export interface PartialTopology {
  /** `[coordination] backend_url` is set. */
  readonly coordinated: boolean;
  /** `[notification] workload_partitioning` is set; no agent does so without coordination. */
  readonly partitioned: boolean;
  /** The pipeline that the agents have, whether its ConfigMap is immutable, and the one that they are to get, if any. */
  readonly pipeline: {
    readonly before: PipelineWords;
    readonly immutable: boolean;
    readonly after?: PipelineWords;
    /** Somebody has edited a mutable one in place, which no agent has loaded yet. */
    readonly edited?: PipelineWords;
  };
  /** Patterns of the polling file that the agents have, and of the one that they are to get, if any. */
  readonly polling: { readonly before: readonly string[]; readonly after?: readonly string[] };
  readonly reload?: "Literal" | "Merge";
  /** Who says that the internal queues are empty. */
  readonly drain?: "gate" | "person";
  readonly only?: SpecInput["only"];
  readonly isolate?: "Auto" | "Always";
}

const NEWTON_AND_OLDER = new Set(["liberty", "mitaka", "newton"]);
export const GROUP_PREFIX = "upgrade";

const lines = (...text: readonly string[]): string => `${text.join("\n")}\n`;

/** Where polling agents may read it, it says how often, which later releases ignore. */
function pipelineFile({ name, publisher }: PipelineWords, what: "meters" | "events", from: string): string {
  const polls = what === "meters" && NEWTON_AND_OLDER.has(from);
  return lines(
    "sources:",
    `  - name: ${name}`,
    ...(polls ? ["    interval: 300"] : []),
    `    ${what}: ["*"]`,
    "    sinks: [all]",
    "sinks:",
    `  - {name: all, publishers: ["${publisher}"]}`,
  );
}

const patterns = (names: readonly string[]): string => JSON.stringify(names);
const pollingFile = (names: readonly string[]): string =>
  lines("sources:", "  - name: all", "    interval: 300", `    meters: ${patterns(names)}`);
/** To Newton the polling agents read a pipeline file. */
const pollingPipeline = (names: readonly string[], from: string): string =>
  pipelineFile({ name: "all", publisher: "notifier://" }, "meters", from).replace('["*"]', patterns(names));

const conf = ({ coordinated, partitioned }: PartialTopology): string =>
  lines(
    "[DEFAULT]",
    ...(coordinated ? ["[coordination]", "backend_url = redis://coordination"] : []),
    "[notification]",
    ...(partitioned ? ["workload_partitioning = true"] : []),
  );

const configMap = (name: string, data: Readonly<Record<string, string>>, immutable = true): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "openstack", name, labels: {} },
  data,
  ...(immutable ? { immutable } : {}),
});

const pipelines = (words: PipelineWords, from: string): Readonly<Record<string, string>> => ({
  "pipeline.yaml": pipelineFile(words, "meters", from),
  "event_pipeline.yaml": pipelineFile(words, "events", from),
});

/** Every file that is there before the upgrade, those for the new agents among them. */
export function configurationObjects({ from, partial }: Topology): readonly KubeObject[] {
  if (partial === undefined) return [];
  const { pipeline, polling } = partial;
  const polled = NEWTON_AND_OLDER.has(from)
    ? { "pipeline.yaml": pollingPipeline(polling.before, from) }
    : { "polling.yaml": pollingFile(polling.before) };
  return [
    configMap("ceilometer-conf", { "ceilometer.conf": conf(partial) }),
    configMap("ceilometer-pipeline", pipelines(pipeline.before, from), pipeline.immutable),
    configMap("ceilometer-polling", polled, false),
    configMap("ceilometer-drain", { "drain.conf": lines("[notification]", "notification_control_exchanges =") }),
    configMap("ceilometer-group", {
      "group.conf": lines("[polling]", `partitioning_group_prefix = ${GROUP_PREFIX}`),
    }),
    ...(pipeline.after === undefined ? [] : [configMap("ceilometer-pipeline-new", pipelines(pipeline.after, from))]),
    ...(polling.after === undefined
      ? []
      : [configMap("ceilometer-polling-new", { "polling.yaml": pollingFile(polling.after) }, false)]),
  ];
}

/** What somebody has made of a mutable pipeline file since the agents started. */
export function editedPipeline({ from, partial }: Topology): Readonly<Record<string, string>> | undefined {
  const { edited, immutable = true } = partial?.pipeline ?? {};
  return edited === undefined || immutable ? undefined : pipelines(edited, from);
}

interface AgentPod {
  /** After the program, on its command line. */
  readonly words: readonly string[];
  readonly mounts: readonly Readonly<Record<string, unknown>>[];
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Which files of which ConfigMap an agent reads. */
function filesOf({ component }: Agents): Readonly<Record<string, readonly string[]>> {
  const files = { "ceilometer-conf": ["ceilometer.conf"] };
  if (component === "notification")
    return { ...files, "ceilometer-pipeline": ["pipeline.yaml", "event_pipeline.yaml"] };
  return component === "polling" ? { ...files, "ceilometer-polling": ["polling.yaml"] } : files;
}

/** The configuration of an agent's pod: each file by subPath at its usual place. */
export function agentPod(agents: Agents, from: string): AgentPod {
  const files = Object.entries(filesOf(agents));
  const named = (key: string): string => (key === "polling.yaml" && NEWTON_AND_OLDER.has(from) ? "pipeline.yaml" : key);
  const volumes = files.map(([object]) => ({ name: object, configMap: { name: object } }));
  const mounts = files.flatMap(([name, keys]) =>
    keys.map(named).map((key) => ({ name, mountPath: `/etc/ceilometer/${key}`, subPath: key })),
  );
  const { pollingNamespace } = agents;
  return {
    words: pollingNamespace === undefined ? [] : ["--polling-namespaces", pollingNamespace],
    mounts,
    spec: { volumes, ...(agents.kind === "DaemonSet" ? { hostNetwork: true } : {}) },
  };
}

const file = (name: string, key: string) => ({ kind: "ConfigMap", name, key }) as const;

interface PartialWish {
  readonly target: Pick<SpecInput["target"], "config">;
  readonly only: NonNullable<SpecInput["only"]>;
  readonly notification: Omit<NonNullable<SpecInput["components"]["notification"]>, "targets">;
  readonly polling: Pick<NonNullable<SpecInput["components"]["polling"]>, "isolatedGroup">;
}

/** What a resource says of a partial upgrade besides its targets. */
export function partialWish({ partial }: Topology): PartialWish {
  if (partial === undefined) return { target: {}, only: [], notification: {}, polling: {} };
  const { pipeline, polling, reload, drain, only = [], isolate } = partial;
  const config = {
    ...(pipeline.after === undefined
      ? {}
      : {
          pipeline: file("ceilometer-pipeline-new", "pipeline.yaml"),
          eventPipeline: file("ceilometer-pipeline-new", "event_pipeline.yaml"),
        }),
    ...(polling.after === undefined ? {} : { polling: file("ceilometer-polling-new", "polling.yaml") }),
  };
  const gate = { prometheus: { provider: "monitoring", query: "sum(rabbitmq_queue_messages)", max: "0" } };
  return {
    target: Object.keys(config).length === 0 ? {} : { config },
    only,
    notification: {
      ...(reload === undefined ? {} : { reload }),
      ...(drain === undefined
        ? {}
        : { drain: { config: file("ceilometer-drain", "drain.conf"), ...(drain === "gate" ? { gate } : {}) } }),
    },
    polling: {
      isolatedGroup: {
        config: file("ceilometer-group", "group.conf"),
        ...(isolate === undefined ? {} : { when: isolate }),
      },
    },
  };
}
