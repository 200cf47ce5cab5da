/**
 * The configuration that an agent has, as its template and the objects it mounts tell: what decides whether the notification
 * agents share their work, and the files that they load. What cannot be read is unknown, never absent and never a default.
 *
 * Option names and defaults are those of Ceilometer's releases (notification.py, coordination.py, publisher/utils.py,
 * compute/discovery.py, agent/manager.py and polling/manager.py, pipeline.py and agent.py).
 */
import { type AgentFile, findFile } from "./agent-file.ts";
import { fileAt } from "./agent-files.ts";
import { AgentSettings, type AgentView, known, type Objects, type Setting, textOf, unknown } from "./agent-settings.ts";
import { type CommandLine, commandLineOf, namespaceByName, scriptOf } from "./command-line.ts";
import type { AgentComponent } from "./component.ts";
import { digestText } from "./digest.ts";
import { booleanOf, integerOf, listOf } from "./oslo-config.ts";
import type { Container, PodTemplate } from "./pod-template.ts";
import { hasDynamicPollsters, parseRelease, partitionsNotification, pollingFiles, type Release } from "./release.ts";

export interface Unknown {
  readonly what: string;
  readonly why: string;
}

export interface AgentConfiguration {
  readonly component: AgentComponent;
  readonly release: Release;
  readonly command: CommandLine;
  /** `[notification] workload_partitioning`, to Rocky. */
  readonly workloadPartitioning: Setting<boolean>;
  /** `[notification] pipeline_processing_queues`, to Rocky; 0 where the release has no internal queues. */
  readonly processingQueues: Setting<number>;
  /** Whether `[coordination] backend_url` is set. The URL is not kept: it may hold a password. */
  readonly coordinated: Setting<boolean>;
  /** `[polling] partitioning_group_prefix`. */
  readonly groupPrefix: Setting<string | undefined>;
  /** A digest of `[publisher] telemetry_secret`. */
  readonly telemetrySecret: Setting<string>;
  /** `[compute] instance_discovery_method`; undefined to Newton, which has no such option. */
  readonly instanceDiscovery: Setting<string | undefined>;
  /** `[DEFAULT] pollsters_definitions_dirs`; under [polling] it is registered too, and never read. None to Train. */
  readonly pollstersDefinitionsDirs: Setting<readonly string[]>;
  readonly pollingNamespaces: Setting<readonly string[]>;
  readonly pipeline: AgentFile;
  readonly eventPipeline: AgentFile;
  /** What polling agents read; `pipeline.yaml` to Newton, and in Ocata and Pike where polling.yaml is missing. */
  readonly polling: AgentFile;
  /** Whether the notification agents hand each other messages through internal queues. */
  readonly partitioned: true | false | "unknown";
  readonly unknowns: readonly Unknown[];
}

export interface AgentInput {
  readonly template: PodTemplate;
  readonly container: Container;
  readonly component: AgentComponent;
  readonly release: Release;
  readonly objects: Objects;
}

const DEFAULT_QUEUES = 10;
const DEFAULT_SECRET = "change this for valid signing";
/** `[compute] instance_discovery_method` came with Ocata (compute/discovery.py). */
const hasInstanceDiscovery = (release: Release): boolean => release.major >= (parseRelease("ocata")?.major ?? 0);
const OLD_SECRET_NAMES = [
  ["DEFAULT", "metering_secret"],
  ["publisher_rpc", "metering_secret"],
  ["publisher", "metering_secret"],
] as const;

function viewOf({ template, container, release, objects }: AgentInput): AgentView {
  const path = scriptOf(container);
  const script = path === undefined ? undefined : textOf(fileAt(template, container, path), objects);
  const command = commandLineOf(container, script?.kind === "text" ? script.text : undefined);
  return { template, container, command, release, objects };
}

const map = <T, U>(setting: Setting<T>, change: (value: T) => U): Setting<U> =>
  setting.kind === "known" ? known(change(setting.value)) : setting;

function namespacesOf({ command, container }: AgentView, settings: AgentSettings): Setting<readonly string[]> {
  if (command.pollingNamespaces !== undefined && !command.assumed) return known(command.pollingNamespaces);
  const written = settings.text("DEFAULT", "polling_namespaces");
  if (written.kind === "known" && written.value !== undefined) return known(listOf(written.value));
  // A wrapper is named for the one namespace that it gives its agent.
  const script = scriptOf(container);
  const named = namespaceByName(script === undefined ? [container.name] : [script, container.name]);
  if (command.assumed && named !== undefined) return known(named);
  return map(written, () => ["compute", "central"]);
}

function queuesOf(settings: AgentSettings, release: Release): Setting<number> {
  if (!partitionsNotification(release)) return known(0);
  return settings.value(["notification", "pipeline_processing_queues"], DEFAULT_QUEUES, (text) => {
    const queues = integerOf(text);
    return queues === undefined || queues < 1 ? undefined : queues;
  });
}

/** The files of each are read. */
const MOST_DIRECTORIES = 32;

function pollstersDirs(settings: AgentSettings, release: Release): Setting<readonly string[]> {
  if (!hasDynamicPollsters(release)) return known([]);
  const dirs = settings.values("DEFAULT", "pollsters_definitions_dirs");
  if (dirs.kind === "known" && dirs.value.length > MOST_DIRECTORIES)
    return unknown(`pollsters_definitions_dirs names more than ${MOST_DIRECTORIES} directories`);
  return map(dirs, (values) => (values.length === 0 ? ["/etc/ceilometer/pollsters.d"] : values));
}

function pollingFileOf(view: AgentView, settings: AgentSettings, pipeline: AgentFile): AgentFile {
  const files = pollingFiles(view.release);
  if (!files.includes("polling")) return pipeline;
  const path = settings.value(["polling", "cfg_file"], "polling.yaml", (text) => text);
  const polling = findFile(view, path, "polling");
  return polling.state === "missing" && files.includes("pipeline") ? pipeline : polling;
}

/** The options as the agent has them, for whoever asks for one by name. */
export const settingsOf = (input: AgentInput): AgentSettings => new AgentSettings(viewOf(input));

export function readAgentConfiguration(input: AgentInput): AgentConfiguration {
  const { component, release } = input;
  const view = viewOf(input);
  const settings = new AgentSettings(view);
  const workloadPartitioning = partitionsNotification(release)
    ? settings.value(["notification", "workload_partitioning"], false, booleanOf)
    : known(false);
  const path = (name: string, otherwise: string) => settings.value(["DEFAULT", name], otherwise, (text) => text);
  const pipeline = findFile(view, path("pipeline_cfg_file", "pipeline.yaml"), "pipeline");
  const eventPipeline = findFile(view, path("event_pipeline_cfg_file", "event_pipeline.yaml"), "pipeline");
  const secret = settings.text("publisher", "telemetry_secret", OLD_SECRET_NAMES);
  const read = {
    workloadPartitioning,
    processingQueues: queuesOf(settings, release),
    coordinated: map(settings.text("coordination", "backend_url"), (url) => url !== undefined && url !== ""),
    groupPrefix: settings.text("polling", "partitioning_group_prefix", [["central", "partitioning_group_prefix"]]),
    telemetrySecret: map(secret, (text) => digestText(text ?? DEFAULT_SECRET)),
    instanceDiscovery: hasInstanceDiscovery(release)
      ? settings.value<string | undefined>(["compute", "instance_discovery_method"], "libvirt_metadata", (text) => text)
      : known(undefined),
    pollstersDefinitionsDirs: pollstersDirs(settings, release),
    pollingNamespaces: namespacesOf(view, settings),
  };
  const files = { pipeline, eventPipeline, polling: pollingFileOf(view, settings, pipeline) };
  return {
    component,
    release,
    command: view.command,
    ...read,
    ...files,
    partitioned: workloadPartitioning.kind === "known" ? workloadPartitioning.value : "unknown",
    unknowns: unknownsOf(read, files, settings),
  };
}

/** Every unknown, told once where it comes from. */
function unknownsOf(
  read: Readonly<Record<string, Setting<unknown>>>,
  files: Readonly<Record<string, AgentFile>>,
  settings: AgentSettings,
): readonly Unknown[] {
  const found: Unknown[] = settings.unread.map((why) => ({ what: "options", why }));
  for (const [what, setting] of Object.entries(read)) {
    if (setting.kind === "unknown") found.push({ what, why: setting.why });
  }
  for (const [what, file] of Object.entries(files)) {
    if (file.state === "unknown" || file.state === "missing") found.push({ what, why: file.why });
  }
  return found;
}
