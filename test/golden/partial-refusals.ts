/** Every reason for which no partial upgrade is begun, each provoked alone in the model: what is said, and what to do about it. */
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { Violation } from "../../src/model/outcome.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import type { PartialTopology } from "../sim/configuration.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import type { WorkloadObject } from "../sim/objects.ts";
import { type Agents, specOf, type Topology } from "../sim/topology.ts";

interface Case {
  readonly topology: Topology;
  readonly spec?: (spec: SpecInput) => SpecInput;
  /** What is otherwise before the wish is made. */
  readonly before?: (cluster: ModelCluster) => void;
}

const notification: Agents = { component: "notification", name: "notification", kind: "Deployment", replicas: 2 };
const central: Agents = {
  component: "polling",
  name: "central",
  kind: "Deployment",
  replicas: 2,
  pollingNamespace: "central",
};
const coordinated: PartialTopology = {
  coordinated: true,
  partitioned: false,
  pipeline: { before: { name: "all", publisher: "notifier://" }, immutable: true },
  polling: { before: ["*"] },
};
const partitioned: PartialTopology = { ...coordinated, partitioned: true };
const modern: Topology = {
  from: "2025.1",
  to: "2025.2",
  hosts: ["control-0"],
  skipDatabase: true,
  agents: [central],
  partial: coordinated,
};
const messages: Topology = { ...modern, from: "pike", to: "queens", agents: [notification], partial: partitioned };
const changed = { ...partitioned.pipeline, after: { name: "all", publisher: "gnocchi://" } };

function withNotification(
  spec: SpecInput,
  change: Partial<NonNullable<SpecInput["components"]["notification"]>>,
): SpecInput {
  const { notification: section } = spec.components;
  if (section === undefined) throw new Error("no notification agents");
  return { ...spec, components: { ...spec.components, notification: { ...section, ...change } } };
}

function withPolling(spec: SpecInput, change: Partial<NonNullable<SpecInput["components"]["polling"]>>): SpecInput {
  const { polling } = spec.components;
  if (polling === undefined) throw new Error("no polling agents");
  return { ...spec, components: { ...spec.components, polling: { ...polling, ...change } } };
}

const configMap = (name: string, data: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "openstack", name },
  data,
});
const meter = (name: string): string =>
  `  - {name: ${name}, event_type: "${name}", type: gauge, unit: x, volume: 1, resource_id: $.payload.id}\n`;

/** The agents have two meters of their own; the new ones are to have one of them, and that one altered. */
function withMeters(cluster: ModelCluster, where: (workload: WorkloadObject) => boolean = () => true): void {
  cluster.api.create(configMap("meters", { "meters.yaml": `metric:\n${meter("kept")}${meter("dropped")}` }));
  const altered = meter("kept").replace("unit: x", "unit: y");
  cluster.api.create(configMap("meters-new", { "meters.yaml": `metric:\n${altered}` }));
  for (const workload of cluster.workloads.filter(where)) mountMeters(cluster, workload);
}

function mountMeters({ api }: ModelCluster, workload: WorkloadObject): void {
  const { template } = workload.spec;
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const mount = { name: "meters", mountPath: "/etc/ceilometer/meters.d/meters.yaml", subPath: "meters.yaml" };
  const containers = template.spec.containers.map((each) => ({
    ...each,
    volumeMounts: [...list(each["volumeMounts"]), mount],
  }));
  const volumes = [...list(template.spec["volumes"]), { name: "meters", configMap: { name: "meters" } }];
  const next = { ...template, spec: { ...template.spec, containers, volumes } };
  api.update(workload, { spec: { ...workload.spec, template: next } });
}

const definitions: NonNullable<SpecInput["target"]["config"]> = {
  definitions: [{ kind: "ConfigMap", name: "meters-new", key: "meters.yaml" }],
};

const cases: Readonly<Record<string, Case>> = {
  "queues have to be emptied, and nothing says how": { topology: messages },
  "a drain that turns no intake off": {
    topology: messages,
    spec: (spec) => withNotification(spec, { drain: { acknowledged: "" } }),
  },
  "a drain by a provider that nobody has configured": {
    topology: { ...messages, partial: { ...partitioned, drain: "gate" } },
    spec: (spec) =>
      withNotification(spec, {
        drain: {
          config: { kind: "ConfigMap", name: "ceilometer-drain", key: "drain.conf" },
          gate: { http: { provider: "nobody", path: "/", pointer: "/messages", max: "0" } },
        },
      }),
  },
  "ceilometer.conf is not there, so nobody knows whether agents share their work": {
    topology: { ...messages, from: "newton", to: "ocata", partial: { ...partitioned, pipeline: changed } },
    before: ({ api }) => {
      const conf = api.get("ConfigMap", "ceilometer-conf");
      if (conf !== undefined) api.erase(conf);
    },
  },
  "the old agents do not understand the new pipeline that they are to load first": {
    topology: { ...messages, from: "newton", to: "ocata", partial: { ...partitioned, pipeline: changed } },
  },
  "a definition is dropped and one altered": {
    topology: { ...messages, from: "ussuri", to: "victoria", partial: coordinated },
    before: withMeters,
    spec: (spec) => ({ ...spec, target: { ...spec.target, config: definitions } }),
  },
  "nobody can say what the new definitions drop": {
    topology: { ...messages, from: "ussuri", to: "victoria", partial: coordinated },
    before: (cluster) => {
      withMeters(cluster);
      const meters = cluster.api.get("ConfigMap", "meters");
      if (meters !== undefined) cluster.api.update(meters, { data: { "meters.yaml": "metric: {" } });
    },
    spec: (spec) => ({ ...spec, target: { ...spec.target, config: definitions } }),
  },
  "the agents of the second workload alone have a definition that is dropped": {
    topology: {
      ...messages,
      from: "ussuri",
      to: "victoria",
      partial: coordinated,
      agents: [notification, { ...notification, name: "notification-too" }],
    },
    before: (cluster) => {
      withMeters(cluster, ({ metadata }) => metadata.name === "notification-too");
    },
    spec: (spec) => ({ ...spec, target: { ...spec.target, config: definitions } }),
  },
  "two workloads that share their work on pipelines that differ, and none is given": {
    topology: {
      ...messages,
      from: "newton",
      to: "ocata",
      agents: [notification, { ...notification, name: "notification-too" }],
      partial: { ...partitioned, pipeline: { ...partitioned.pipeline, immutable: false } },
    },
    before: (cluster) => {
      const given = cluster.api.get("ConfigMap", "ceilometer-pipeline");
      if (given === undefined) throw new Error("no pipeline");
      const texts = Object.entries(given["data"] ?? {}).map(([key, text]): [string, string] => [
        key,
        String(text).replaceAll("notifier://", "notifier://?topic=other"),
      ]);
      cluster.api.create(configMap("other-pipeline", Object.fromEntries<string>(texts)));
      const other = cluster.workloads.find(({ metadata }) => metadata.name === "notification-too");
      if (other === undefined) throw new Error("no second workload");
      const template: unknown = JSON.parse(
        JSON.stringify(other.spec.template).replaceAll('"ceilometer-pipeline"', '"other-pipeline"'),
      );
      cluster.api.patchMerge(
        { kind: "Deployment", namespace: "openstack", name: "notification-too" },
        { spec: { template } },
      );
    },
  },
  "a workload that replaces its pods only by hand": {
    topology: { ...modern, agents: [{ ...central, kind: "StatefulSet", strategy: "OnDelete" }] },
  },
  "a polling namespace that nobody knows": {
    topology: modern,
    spec: (spec) =>
      withPolling(spec, { targets: [{ kind: "Deployment", name: "central", pollingNamespaces: ["elsewhere"] }] }),
  },
  "agents that cannot be told the prefix of their group": {
    topology: { ...modern, from: "newton", to: "ocata" },
    spec: (spec) => withPolling(spec, { isolatedGroup: { when: "Auto" } }),
  },
  "a group of their own is asked for, and the polling file is not there": {
    topology: { ...modern, partial: { ...coordinated, isolate: "Always" } },
    before: ({ api }) => {
      const file = api.get("ConfigMap", "ceilometer-polling");
      if (file !== undefined) api.erase(file);
    },
  },
};

const said = ({ reason, gate, object, message, remedy, severity }: Violation): string =>
  `  ${severity === "Warning" ? "(warning) " : ""}${reason} (${gate}) ${object}: ${message}; ${remedy}`;

function told(name: string, { topology, spec = (same) => same, before }: Case): readonly string[] {
  const cluster = new ModelCluster(topology, decide);
  before?.(cluster);
  for (let turn = 0; turn < 100 && cluster.stepOthers(); turn += 1);
  cluster.wish(spec(specOf(topology)));
  cluster.deliverAll();
  const decision = cluster.look()?.decision;
  if (decision === undefined) throw new Error("nothing was looked at");
  const held = decision.effect === undefined && decision.findings.some(({ severity }) => severity === "Error");
  return [name, ...(held ? [] : [`  NOT REFUSED: ${decision.headline.reason}`]), ...decision.findings.map(said)];
}

export function partialRefusals(): string {
  return `${Object.entries(cases)
    .flatMap(([name, one]) => told(name, one))
    .join("\n")}\n`;
}
