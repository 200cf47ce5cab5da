/** The paths of the documents, and what may go wrong on them, each as a story with a fixed order of steps. */

import type { PartialTopology } from "../sim/configuration.ts";
import type { ModelCluster } from "../sim/model-cluster.ts";
import type { Agents, Topology } from "../sim/topology.ts";
import { imageOf, specOf } from "../sim/topology.ts";
import { Transcript } from "./transcript.ts";

export const HOSTS = ["control-0", "compute-0", "compute-1", "compute-2"];
export const notification: Agents = {
  component: "notification",
  name: "ceilometer-notification",
  kind: "Deployment",
  replicas: 2,
};
const collector: Agents = { component: "collector", name: "ceilometer-collector", kind: "Deployment", replicas: 3 };
export const central: Agents = { component: "polling", name: "ceilometer-central", kind: "Deployment", replicas: 2 };
export const compute: Agents = { component: "polling", name: "ceilometer-compute", kind: "DaemonSet" };
const ipmi: Agents = { component: "polling", name: "ceilometer-ipmi", kind: "DaemonSet", strategy: "OnDelete" };
const api: Agents = { component: "api", name: "ceilometer-api", kind: "Deployment", replicas: 2 };

export const classic: Topology = {
  from: "newton",
  to: "ocata",
  hosts: HOSTS,
  agents: [collector, notification, central, compute, api],
};
export const modern: Topology = {
  from: "2025.1",
  to: "2025.2",
  hosts: HOSTS,
  agents: [notification, central, compute, ipmi],
};

const stateful: Topology = {
  ...modern,
  skipDatabase: true,
  agents: [
    { ...notification, kind: "StatefulSet" },
    { ...central, kind: "StatefulSet", strategy: "OnDelete" },
  ],
};
export const retiring: Topology = {
  ...classic,
  from: "pike",
  to: "queens",
  agents: [collector, notification, central, api],
};

const polls = (agents: Agents, pollingNamespace: "central" | "compute" | "ipmi"): Agents => ({
  ...agents,
  pollingNamespace,
});
const coordinated: PartialTopology = {
  coordinated: true,
  partitioned: false,
  pipeline: { before: { name: "all", publisher: "notifier://" }, immutable: true },
  polling: { before: ["*"] },
};
const PIPELINES = { before: coordinated.pipeline.before, after: { name: "all", publisher: "notifier://?topic=other" } };
const partitioned: PartialTopology = { ...coordinated, partitioned: true };
export const changed: PartialTopology = { ...partitioned, pipeline: { ...PIPELINES, immutable: true } };
const rollingIpmi: Agents = { ...polls(ipmi, "ipmi"), strategy: "RollingUpdate" };

/** Ocata to Pike: the group of notification agents stays, and rings are not looked at again. */
export const partialClassic: Topology = {
  from: "ocata",
  to: "pike",
  hosts: HOSTS,
  agents: [collector, notification, api],
  partial: partitioned,
};
const drained: Topology = {
  ...partialClassic,
  from: "pike",
  to: "queens",
  skipDatabase: true,
  partial: { ...partitioned, drain: "gate" },
};
export const central2 = polls(central, "central");
export const partialModern: Topology = {
  from: "2025.1",
  to: "2025.2",
  hosts: HOSTS,
  agents: [notification, central2, polls(compute, "compute"), rollingIpmi],
  partial: coordinated,
};
const withoutNew: Topology = { ...partialModern, from: "ussuri", to: "victoria" };
const uncoordinated: Topology = {
  ...partialModern,
  skipDatabase: true,
  agents: [central2, polls(compute, "compute")],
  partial: { ...coordinated, coordinated: false },
};
const cloudWideIpmi: Topology = {
  ...partialModern,
  from: "2023.2",
  to: "2024.1",
  skipDatabase: true,
  agents: [rollingIpmi],
};

/** What is upgraded partially from one end to the other. */
export const partialTopologies = {
  "partial-classic": partialClassic,
  "partial-pipeline-literal": { ...partialClassic, agents: [notification], partial: { ...changed, reload: "Literal" } },
  "partial-pipeline-merge": { ...partialClassic, agents: [notification], partial: { ...changed, reload: "Merge" } },
  "partial-drained-by-gate": drained,
  "partial-drained-by-a-person": {
    ...drained,
    agents: [notification],
    partial: { ...partitioned, drain: "person" },
  },
  "partial-no-new-pollsters": withoutNew,
  "partial-new-central-pollsters": partialModern,
  "partial-uncoordinated": uncoordinated,
  "partial-cloud-wide-ipmi": cloudWideIpmi,
} as const satisfies Readonly<Record<string, Topology>>;

/** What is upgraded from one end to the other. */
export const topologies = { classic, modern, stateful, retiring, ...partialTopologies } as const;

export const isDown = (name: string) => (cluster: ModelCluster) =>
  cluster.workloads.some((each) => each.metadata.name === name && each.spec.replicas === 0);
export const runs = (name: string, tag: string) => (cluster: ModelCluster) =>
  cluster.workloads.some(
    (each) => each.metadata.name === name && each.spec.template.spec.containers[0]?.image === imageOf(tag),
  );
const retarget = (cluster: ModelCluster, tag: string): void =>
  cluster.rewish((spec) => ({ ...spec, target: { ...spec.target, image: imageOf(tag) } }));

function whole(topology: Topology): string {
  const transcript = new Transcript(topology);
  transcript.until();
  return transcript.text;
}

const partial = Object.fromEntries(
  Object.entries<Topology>(partialTopologies).map(([name, topology]) => [name, () => whole(topology)]),
);

export const stories: Readonly<Record<string, () => string>> = {
  ...partial,
  "partial-in-two-parts": () => {
    const topology: Topology = { ...partialModern, partial: { ...coordinated, only: ["database", "notification"] } };
    const transcript = new Transcript(topology);
    transcript.until();
    transcript.tell("spec.only is dropped: the rest of it");
    transcript.cluster.rewish(({ only: _, ...spec }) => spec);
    transcript.until();
    return transcript.text;
  },
  "partial-deleted-beside-an-isolated-group": () => {
    const transcript = new Transcript({ ...partialModern, skipDatabase: true, agents: [central2] });
    transcript.until(runs("ceilometer-central", "2025.2"));
    transcript.tell("kubectl delete ceilometerupgrade, while new agents roll in beside old ones and an isolated group");
    transcript.cluster.unwish();
    transcript.until();
    return transcript.text;
  },
  "partial-given-up-for-full": () => {
    const transcript = new Transcript({ ...partialModern, skipDatabase: true, agents: [central2] });
    transcript.until(runs("ceilometer-central", "2025.2"));
    transcript.tell("spec.strategy: Full, while new agents roll in beside old ones and an isolated group");
    transcript.cluster.rewish((spec) => ({ ...spec, strategy: "Full" }));
    transcript.until();
    return transcript.text;
  },
  "full-classic": () => whole(classic),
  "full-modern": () => whole(modern),
  statefulset: () => whole(stateful),
  "retire-at-queens": () => whole(retiring),
  "verification-fails": () => {
    const topology = { ...modern, agents: [notification, compute] };
    const spec = specOf(topology);
    const transcript = new Transcript(topology, {
      ...spec,
      target: { ...spec.target, image: imageOf("2025.2-blind") },
    });
    transcript.until();
    transcript.tell("an image whose agents do poll");
    retarget(transcript.cluster, "2025.2");
    transcript.until();
    return transcript.text;
  },
  "bad-image-then-corrected": () => {
    const topology = { ...modern, skipDatabase: true, agents: [notification, central] };
    const spec = specOf(topology);
    const transcript = new Transcript(topology, {
      ...spec,
      target: { ...spec.target, image: imageOf("2025.2-badimage") },
    });
    transcript.until(
      (_, decision) => decision?.headline.reason === "ProgressDeadlineExceeded" || decision?.phase === "Held",
    );
    transcript.tell("spec.target.image is corrected, while every notification agent is down");
    retarget(transcript.cluster, "2025.2");
    transcript.until();
    return transcript.text;
  },
  "paused-in-the-middle": () => {
    const transcript = new Transcript({ ...modern, agents: [notification, central] });
    transcript.until(isDown("ceilometer-notification"));
    transcript.tell("spec.paused: true, while the notification agents are down");
    transcript.cluster.rewish((spec) => ({ ...spec, paused: true }));
    transcript.until();
    transcript.tell("spec.paused: false");
    transcript.cluster.rewish((spec) => ({ ...spec, paused: false }));
    transcript.until();
    return transcript.text;
  },
  "deleted-before-the-start": () => {
    const transcript = new Transcript({ ...modern, agents: [notification, central] });
    transcript.until(isDown("ceilometer-notification"));
    transcript.tell("kubectl delete ceilometerupgrade, while the notification agents are down");
    transcript.cluster.unwish();
    transcript.until();
    return transcript.text;
  },
  "deleted-while-verifying": () => {
    const transcript = new Transcript({ ...modern, agents: [notification, central, compute] });
    transcript.until(runs("ceilometer-central", "2025.2"));
    transcript.tell("kubectl delete ceilometerupgrade, while one new polling agent runs alone");
    transcript.cluster.unwish();
    transcript.until();
    return transcript.text;
  },
};
