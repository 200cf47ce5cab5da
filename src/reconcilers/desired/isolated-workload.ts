/**
 * The isolated polling group (clause P4): a copy of a workload of polling agents with the target's image, its own
 * `partitioning_group_prefix` and a polling file that matches exactly the new pollsters. It is the operator's own: owned by the
 * resource, named by the plan, and seen by no Service, autoscaler or disruption budget of the original, because one label of
 * the original's selector differs.
 */
import { OFFLINE_NODE_SELECTOR } from "../../api/v1alpha1/names.ts";
import {
  type Agent,
  APPENDED_DIRECTORY,
  APPENDED_VOLUME,
  nodeSelectorBefore,
  type WantedMount,
} from "../../model/agent.ts";
import type { RecordedPolling } from "../../model/attempt.ts";
import type { Labels } from "../../model/meta.ts";
import type { Upgrade, Workload } from "../../model/observation.ts";
import type { Effect, Note, ObjectBody } from "../../model/outcome.ts";
import type { Container, EnvVar } from "../../model/pod-template.ts";
import { hasExporter, type Release, readsOptionsFromEnvironment } from "../../model/release.ts";
import { renderedAsWanted } from "../configuration-of.ts";
import { gitOpsOptOut, ownerReference, ownLabels } from "./job.ts";

type Isolated = NonNullable<RecordedPolling["isolated"]>;

export const PREFIX_VARIABLE = "OS_POLLING__PARTITIONING_GROUP_PREFIX";
const EXPORTER_VARIABLE = "OS_POLLING__PROMETHEUS_LISTEN_ADDRESSES";
/** Where the exporter of a copy on the host's network listens: the original's port is taken. */
const EXPORTER_ADDRESS = "127.0.0.1:9201";

/** The file with exactly the new pollsters, where the agent reads its polling file. */
export const isolatedMount = ({ file }: RecordedPolling, isolated: Isolated): WantedMount => ({
  ...file,
  kind: isolated.file.kind,
  object: isolated.file.object,
  key: isolated.file.key,
});

/** The file with the group's prefix, for images that do not read it from the environment. */
export const isolatedSnippet = (config: NonNullable<Isolated["config"]>): WantedMount => ({
  path: `${APPENDED_DIRECTORY}/group.conf`,
  volume: `${APPENDED_VOLUME}group`,
  kind: config.kind,
  object: config.object,
  key: config.key,
});

/** A copy that the original's selector chose would be the original's pod. */
export function isolatedLabels(original: Workload, upgrade: Upgrade): Labels {
  const keys = Object.keys(original.matchLabels).toSorted();
  const changed = keys.find((key) => /(^|[/.])component$/.test(key)) ?? keys[0] ?? "component";
  const value = `${original.matchLabels[changed] ?? ""}-new`.slice(-63).replace(/^[^A-Za-z0-9]+/, "");
  return {
    ...original.template.labels,
    ...ownLabels(upgrade, "polling", "isolated"),
    [changed]: value,
  };
}

/** One agent is enough for a group of a few pollsters; a DaemonSet has one on each host. */
const REPLICAS = 1;

export function isolatedWorkload(
  agent: Agent,
  plan: RecordedPolling,
  isolated: Isolated,
  upgrade: Upgrade,
  target: Release,
): ObjectBody {
  const { workload } = agent;
  const labels = isolatedLabels(workload, upgrade);
  const others = agent.wanted.mounts.filter(({ path }) => path !== plan.file.path);
  const extra = isolated.config === undefined ? [] : [isolatedSnippet(isolated.config)];
  const rendered = renderedAsWanted(agent, [...others, isolatedMount(plan, isolated), ...extra]);
  const { nodeSelector: held, ...spec } = rendered.template.spec;
  // A DaemonSet that an attempt before holds asks for a host that does not exist, or for one alone; its copy must not.
  const nodeSelector = workload.kind === "DaemonSet" ? nodeSelectorBefore(agent) : (held ?? null);
  const { [OFFLINE_NODE_SELECTOR]: _offline, ...hosts } = nodeSelector ?? {};
  const container = grouped(rendered.container, agent.wanted.image, isolated, {
    environment: readsOptionsFromEnvironment(target),
    exporter: spec["hostNetwork"] === true && hasExporter(target),
    appended: extra[0]?.path,
  });
  const unported = spec["hostNetwork"] === true ? offHostPorts : withoutHostPorts;
  const containers = spec.containers.map((each) => unported(each.name === container.name ? container : each));
  const sidecars = spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(unported) };
  return {
    apiVersion: "apps/v1",
    kind: isolated.kind,
    metadata: {
      namespace: upgrade.metadata.namespace,
      name: isolated.name,
      labels: ownLabels(upgrade, "polling", "isolated"),
      annotations: gitOpsOptOut,
      ownerReferences: [ownerReference(upgrade)],
    },
    spec: {
      ...(isolated.kind === "Deployment" ? { replicas: REPLICAS } : {}),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: workload.template.annotations },
        spec: { ...spec, containers, ...sidecars, ...(nodeSelector === null ? {} : { nodeSelector: hosts }) },
      },
    },
  };
}

function grouped(
  container: Container,
  image: string,
  { prefix }: Isolated,
  how: { readonly environment: boolean; readonly exporter: boolean; readonly appended: string | undefined },
): Container {
  const set: readonly EnvVar[] = [
    ...(how.environment && how.appended === undefined ? [{ name: PREFIX_VARIABLE, value: prefix }] : []),
    ...(how.exporter ? [{ name: EXPORTER_VARIABLE, value: EXPORTER_ADDRESS }] : []),
  ];
  const env = [...(container.env ?? []).filter(({ name }) => !set.some((own) => own.name === name)), ...set];
  const field = container.args === undefined ? "command" : "args";
  const words = [...(container[field] ?? []), "--config-file", how.appended ?? ""];
  return { ...container, image, env, ...(how.appended === undefined ? {} : { [field]: words }) };
}

/** With an address of its own its ports hurt nobody, and probes may name them; only those of the host are the original's. */
function withoutHostPorts(container: Container): Container {
  if (!Array.isArray(container["ports"])) return container;
  const ports = container["ports"].map((port: Readonly<Record<string, unknown>>) => {
    const { hostPort: _taken, ...rest } = port;
    return rest;
  });
  return { ...container, ports };
}

const PROBES = ["startupProbe", "readinessProbe", "livenessProbe"];
const BY_PORT = ["httpGet", "tcpSocket", "grpc"];

/**
 * On the host's network a twin with the same ports would keep the original from being scheduled, or the other way round; and who
 * probes a port there is answered by the original, or by nobody. So both go; a probe by a command stays. That the group polls is
 * seen by its verification, which no probe would show.
 */
function offHostPorts(container: Container): Container {
  const { ports: _ports, ...rest } = container;
  const kept = Object.entries(rest).filter(([field, value]) => !(PROBES.includes(field) && asksPort(value)));
  return { ...Object.fromEntries(kept), name: container.name, image: container.image };
}

const asksPort = (probe: unknown): boolean =>
  typeof probe === "object" && probe !== null && BY_PORT.some((how) => how in probe);

/** To zero, decided on what was seen: the group is stopped before the others take its pollsters over. */
export function stopIsolated(isolated: Workload, why: Note): Effect {
  const { uid, generation, namespace, name } = isolated.metadata;
  const selector = { ...isolated.template.spec.nodeSelector, [OFFLINE_NODE_SELECTOR]: "true" };
  const change =
    isolated.kind === "DaemonSet"
      ? ({ op: "add", path: "/spec/template/spec/nodeSelector", value: selector } as const)
      : ({ op: "replace", path: "/spec/replicas", value: 0 } as const);
  return {
    kind: "patch",
    ref: { kind: isolated.kind, namespace, name },
    operations: [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/metadata/generation", value: generation },
      change,
    ],
    why,
  };
}
