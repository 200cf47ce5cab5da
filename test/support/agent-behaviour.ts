/**
 * What an agent does, worked out from its container and the files it had when it started: a polling agent polls pollsters on
 * resources in coordination groups, a notification agent has loaded a pipeline and may share internal queues with others.
 */
import { type AgentConfiguration, configurationOf, valuesOf } from "./agent-configuration.ts";
import type { MountedFiles } from "./audit-files.ts";
import type { AuditedRelease } from "./audited-release.ts";
import { fnmatch, isSupported } from "./name-patterns.ts";
import { loadedPipelines } from "./pipeline-meaning.ts";
import type { ContainerFact, PodFact } from "./pod-fact.ts";
import { dynamicPollsters, type PollingSource, pollingSources } from "./polling-meaning.ts";
import { pollstersOf } from "./pollsters.ts";

export interface Poll {
  readonly namespace: string;
  readonly pollster: string;
  /** The polling namespace and what is polled there: the cloud, a host, or a list that stands in the file. */
  readonly resource: string;
  /** The ring that divides the resource's parts among its members; undefined where the agent polls all of it by itself. */
  readonly group: string | undefined;
}

export interface PollingBehaviour {
  readonly kind: "polling";
  readonly polls: readonly Poll[];
}

export interface NotificationBehaviour {
  readonly kind: "notification";
  /** Undefined for an agent that shares nothing but the broker's queues with others. */
  readonly group: string | undefined;
  /** Agents of different epochs do not read each other's internal queues. */
  readonly epoch: "to Pike" | "Queens and Rocky" | "from Stein on";
  /** Equal texts mean the same. */
  readonly pipeline: string;
}

export type Behaviour = PollingBehaviour | NotificationBehaviour;

export interface Start {
  readonly pod: PodFact;
  readonly container: ContainerFact;
  readonly files: MountedFiles;
  readonly release: AuditedRelease;
  /** Another polling file than the one it has. */
  readonly pollingFile?: string;
}

const [NEWTON, OCATA, PIKE, ROCKY, USSURI, EPOXY_NEXT] = [7, 8, 9, 11, 14, 25];

/** Undefined for a container that is no polling and no notification agent. */
export function behaviourOf(start: Start): Behaviour | undefined {
  const configuration = configurationOf(start.container, start.files, start.release);
  if (configuration === undefined) return undefined;
  return configuration.program === "polling"
    ? { kind: "polling", polls: pollsOf(start, configuration) }
    : notificationOf(start, configuration);
}

function notificationOf({ release: { major } }: Start, configuration: AgentConfiguration): NotificationBehaviour {
  const isAsked = isTrue(configuration.option("notification", "workload_partitioning"));
  const backend = backendOf(configuration);
  // Stein removed the option (release note remove-notification-workload-partitioning).
  const isPartitioned = isAsked && major <= ROCKY && backend !== undefined;
  return {
    kind: "notification",
    group: isPartitioned ? `${backend} ceilometer.notification${major <= PIKE ? "" : ".v2"}` : undefined,
    epoch: major <= PIKE ? "to Pike" : major <= ROCKY ? "Queens and Rocky" : "from Stein on",
    pipeline: loadedPipelines(configuration, major),
  };
}

function pollsOf(start: Start, configuration: AgentConfiguration): readonly Poll[] {
  const { major } = start.release;
  const sources = pollingSources(configuration, major, start.pollingFile);
  const only = valuesOf(configuration.words, "--pollster-list");
  const namespaces = namespacesOf(configuration);
  const dynamic = major < USSURI ? [] : dynamicPollsters(configuration, start.files);
  const polls = namespaces.flatMap((namespace) => {
    const own = dynamic.filter((each) => each.namespaces.includes(namespace)).map(({ name }) => name);
    const names = [...pollstersOf(namespace, major), ...own].filter(
      (name) => only.length === 0 || only.some((pattern) => fnmatch(name, pattern)),
    );
    return sources.flatMap((source) => {
      const place = placeOf(start, configuration, source, namespace);
      return names
        .filter((name) => isSupported(source.meters, name))
        .map((pollster): Poll => ({ namespace, pollster, ...place }));
    });
  });
  // Within one task an agent polls each resource once for each pollster, whichever source comes first.
  const same = Map.groupBy(polls, ({ resource, pollster }) => `${resource} ${pollster}`);
  return [...same.values()].flatMap(([first]) => first ?? []);
}

function namespacesOf(configuration: AgentConfiguration): readonly string[] {
  const said = valuesOf(configuration.words, "--polling-namespaces");
  if (said.length > 0) return [...new Set(said)];
  const written = configuration.option("DEFAULT", "polling_namespaces")?.split(/[\s,]+/) ?? [];
  return written.length > 0 ? written : ["compute", "central"];
}

/** `construct_group_id` and the discoveries' `group_id` (ceilometer/polling/manager.py, 26.0.0; agent/manager.py to Pike). */
function placeOf(
  { pod, container, release: { major } }: Start,
  configuration: AgentConfiguration,
  source: PollingSource,
  namespace: string,
): Pick<Poll, "resource" | "group"> {
  const host = configuration.option("DEFAULT", "host") ?? (pod.hostNetwork ? pod.node : pod.name) ?? pod.name;
  const isPerHost = namespace !== "central";
  const seed = container.env["PYTHONHASHSEED"];
  const resource =
    source.resources !== undefined
      ? `${namespace} on the list ${source.resources}`
      : isPerHost
        ? `${namespace} on ${pod.node ?? "no host"}`
        : `${namespace} on the cloud`;
  const backend = backendOf(configuration);
  if (backend === undefined) return { resource, group: undefined };
  const prefix = configuration.option("polling", "partitioning_group_prefix") ?? "";
  const group = [...namespacesOf(configuration).toSorted(), ...(prefix === "" ? [] : [prefix])].join("-");
  if (source.coordination !== undefined && major >= EPOXY_NEXT)
    return { resource, group: `${backend} ${source.name}-${source.coordination}` };
  // Python salts the hash of a list that is in the file, so each agent is alone in a group of its own.
  if (source.resources !== undefined)
    return { resource, group: /^\d+$/.test(seed ?? "") ? `${backend} ${group}-${source.resources}` : undefined };
  const id = discoveryGroup(configuration, namespace, major, host);
  return { resource, group: id === undefined ? undefined : `${backend} ${group}-${id}` };
}

function discoveryGroup(
  configuration: AgentConfiguration,
  namespace: string,
  major: number,
  host: string,
): string | undefined {
  // `local_node` had the group of the whole cloud until 4f0bec177 (25.0.0).
  if (namespace === "ipmi") return major >= EPOXY_NEXT ? `LocalNode-${host}` : "global";
  if (namespace !== "compute") return "global";
  const isPartitioned =
    major <= NEWTON
      ? isTrue(configuration.option("compute", "workload_partitioning"))
      : configuration.option("compute", "instance_discovery_method") === "workload_partitioning";
  return major <= OCATA && !isPartitioned ? undefined : host;
}

/** Where groups are held. Drivers of tooz that only lock hold none. */
function backendOf(configuration: AgentConfiguration): string | undefined {
  const url = configuration.option("coordination", "backend_url") ?? "";
  return url === "" || /^(?:mysql|postgresql|ipc|kubernetes)\b/.test(url) ? undefined : url;
}

function isTrue(value: string | undefined): boolean {
  return /^(?:true|1|on|yes)$/i.test(value ?? "");
}
