/** Ceilometers in the model: what runs before, and what is wished for, as objects that a user would apply. */
import { API_VERSION, KIND } from "../../src/api/v1alpha1/names.ts";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import type { WorkloadKind } from "../../src/model/observation.ts";

export const NAMESPACE = "openstack";
export const UPGRADE_NAME = "ceilometer";

export interface Agents {
  readonly component: AgentComponent;
  readonly name: string;
  readonly kind: WorkloadKind;
  /** Not of a DaemonSet. */
  readonly replicas?: number;
  readonly strategy?: "RollingUpdate" | "Recreate" | "OnDelete";
  readonly paused?: boolean;
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
}

export const imageOf = (tag: string): string => `registry.example/ceilometer:${tag}`;

const PROGRAMS: Readonly<Record<AgentComponent, string>> = {
  collector: "ceilometer-collector",
  notification: "ceilometer-agent-notification",
  polling: "ceilometer-polling",
  api: "ceilometer-api",
};

export function workloadObject(agents: Agents, image: string): KubeObject {
  const { name, kind, component, replicas = 1, strategy, paused } = agents;
  const labels = { app: name };
  const update = { type: strategy ?? "RollingUpdate" };
  const program = PROGRAMS[component];
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
          containers: [{ name: "agent", image, command: [program, "--config-file=/etc/ceilometer/ceilometer.conf"] }],
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
  return {
    strategy: "Full",
    from: { release: from },
    target: { release: to, image: imageOf(to) },
    components: {
      database: topology.skipDatabase === true ? { action: "Skip" } : { jobFrom },
      ...(has("collector") ? { collector: { targets: targets("collector"), retire } } : {}),
      ...(has("notification") ? { notification: { targets: targets("notification") } } : {}),
      ...(has("polling") ? { polling: { targets: targets("polling"), verification: { podLog: {} } } } : {}),
      ...(has("api")
        ? { api: { targets: targets("api"), retire, position: topology.apiFirst === true ? "First" : "Last" } }
        : {}),
    },
  };
}

export function upgradeObject(spec: SpecInput): KubeObject {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { namespace: NAMESPACE, name: UPGRADE_NAME }, spec };
}
