/** Ceilometers in the model: what runs before, and what is wished for, as objects that a user would apply. */
import { API_VERSION, KIND } from "../../src/api/v1alpha1/names.ts";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import type { WorkloadKind } from "../../src/model/observation.ts";
import { agentPod, type PartialTopology, type PollingNamespace, partialWish } from "./configuration.ts";

export const NAMESPACE = "openstack";
export const UPGRADE_NAME = "ceilometer";

export interface Agents {
  readonly component: AgentComponent;
  readonly name: string;
  readonly kind: WorkloadKind;
  /** Not of a DaemonSet. */
  readonly replicas?: number;
  readonly strategy?: "RollingUpdate" | "Recreate" | "OnDelete";
  /** Of a rolling update; absent means what the API server defaults. */
  readonly maxSurge?: number;
  readonly maxUnavailable?: number;
  readonly paused?: boolean;
  /** Of polling agents that are configured. */
  readonly pollingNamespace?: PollingNamespace;
  /** It runs the target before the upgrade begins. */
  readonly isThere?: boolean;
}

export interface Topology {
  readonly from: string;
  readonly to: string;
  readonly agents: readonly Agents[];
  /** Hosts that run DaemonSets are called `compute…`; the others run everything else too. */
  readonly hosts: readonly string[];
  readonly skipDatabase?: boolean;
  readonly apiFirst?: boolean;
  /** How the agents are configured and what a partial upgrade is asked for. Absent: a full upgrade of agents without files. */
  readonly partial?: PartialTopology;
}

export const imageOf = (tag: string): string => `registry.example/ceilometer:${tag}`;

const PROGRAMS: Readonly<Record<AgentComponent, string>> = {
  collector: "ceilometer-collector",
  notification: "ceilometer-agent-notification",
  polling: "ceilometer-polling",
  api: "ceilometer-api",
};

function updateOf({ strategy = "RollingUpdate", maxSurge, maxUnavailable }: Agents) {
  const rollingUpdate = {
    ...(maxSurge === undefined ? {} : { maxSurge }),
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
  };
  return { type: strategy, ...(Object.keys(rollingUpdate).length === 0 ? {} : { rollingUpdate }) };
}

/** `configuredFor` is the release whose configuration files it mounts; absent where it has none. */
export function workloadObject(agents: Agents, image: string, configuredFor?: string): KubeObject {
  const { name, kind, component, replicas = 1, paused } = agents;
  const labels = { app: name };
  const update = updateOf(agents);
  const program = PROGRAMS[component];
  const pod = configuredFor === undefined ? undefined : agentPod(agents, configuredFor);
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace: NAMESPACE, name, labels, annotations: {} },
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas }),
      ...(paused === true ? { paused } : {}),
      selector: { matchLabels: labels },
      ...(kind === "Deployment" ? { strategy: update } : { updateStrategy: update }),
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "agent",
              image,
              command: [program, "--config-file=/etc/ceilometer/ceilometer.conf", ...(pod?.words ?? [])],
              ...(pod === undefined ? {} : { volumeMounts: pod.mounts }),
            },
          ],
          ...(pod === undefined ? {} : pod.spec),
          ...(kind === "DaemonSet" ? { nodeSelector: { role: "compute" } } : {}),
        },
      },
    },
  };
}

export function specOf(topology: Topology): SpecInput {
  const { agents, from, to } = topology;
  const targets = (component: AgentComponent) =>
    agents.filter((each) => each.component === component).map(({ kind, name }) => ({ kind, name }));
  const has = (component: AgentComponent): boolean => targets(component).length > 0;
  // Queens has neither.
  const retire = from === "pike" && to === "queens";
  const [first] = agents;
  const jobFrom = { kind: first?.kind ?? "Deployment", name: first?.name ?? "", container: "agent" } as const;
  const wish = partialWish(topology);
  return {
    strategy: topology.partial === undefined ? "Full" : "Partial",
    from: { release: from },
    // In some worlds what is ready is believed at once, in others after the usual time.
    ...(agents.length % 2 === 1 ? { minReadySeconds: 0 } : {}),
    target: { release: to, image: imageOf(to), ...wish.target },
    ...(wish.only.length === 0 ? {} : { only: wish.only }),
    ...(retire && has("collector") ? { acceptedRisks: targets("collector").map(emptied) } : {}),
    components: {
      database: topology.skipDatabase === true ? { action: "Skip" } : { jobFrom },
      ...(has("collector") ? { collector: { targets: targets("collector"), retire } } : {}),
      ...(has("notification") ? { notification: { targets: targets("notification"), ...wish.notification } } : {}),
      ...(has("polling")
        ? { polling: { targets: targets("polling"), verification: { podLog: {} }, ...wish.polling } }
        : {}),
      ...(has("api")
        ? { api: { targets: targets("api"), retire, position: topology.apiFirst === true ? "First" : "Last" } }
        : {}),
    },
  };
}

/** Nobody sends to the collectors of the model, so that somebody may say that their queues are empty. */
const emptied = ({ kind, name }: { readonly kind: string; readonly name: string }) => ({
  check: "CollectorQueueUnseen" as const,
  object: `${kind}/${name}`,
  reason: "nobody sends to it",
  expiresAt: "2100-01-01T00:00:00Z",
});

export function upgradeObject(spec: SpecInput): KubeObject {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { namespace: NAMESPACE, name: UPGRADE_NAME }, spec };
}
