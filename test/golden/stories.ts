/** The paths of the documents, and what may go wrong on them, each as a story with a fixed order of steps. */
import type { ModelCluster } from "../sim/model-cluster.ts";
import type { Agents, Topology } from "../sim/topology.ts";
import { imageOf, specOf } from "../sim/topology.ts";
import { Transcript } from "./transcript.ts";

const HOSTS = ["control-0", "compute-0", "compute-1", "compute-2"];
const notification: Agents = {
  component: "notification",
  name: "ceilometer-notification",
  kind: "Deployment",
  replicas: 2,
};
const collector: Agents = { component: "collector", name: "ceilometer-collector", kind: "Deployment", replicas: 3 };
const central: Agents = { component: "polling", name: "ceilometer-central", kind: "Deployment", replicas: 2 };
const compute: Agents = { component: "polling", name: "ceilometer-compute", kind: "DaemonSet" };
const ipmi: Agents = { component: "polling", name: "ceilometer-ipmi", kind: "DaemonSet", strategy: "OnDelete" };
const api: Agents = { component: "api", name: "ceilometer-api", kind: "Deployment", replicas: 2 };

const classic: Topology = {
  from: "newton",
  to: "ocata",
  hosts: HOSTS,
  agents: [collector, notification, central, compute, api],
};
const modern: Topology = { from: "2025.1", to: "2025.2", hosts: HOSTS, agents: [notification, central, compute, ipmi] };

const stateful: Topology = {
  ...modern,
  skipDatabase: true,
  agents: [
    { ...notification, kind: "StatefulSet" },
    { ...central, kind: "StatefulSet", strategy: "OnDelete" },
  ],
};
const retiring: Topology = { ...classic, from: "pike", to: "queens", agents: [collector, notification, central, api] };

/** What is upgraded from one end to the other. */
export const topologies = { classic, modern, stateful, retiring } as const;

const isDown = (name: string) => (cluster: ModelCluster) =>
  cluster.workloads.some((each) => each.metadata.name === name && each.spec.replicas === 0);
const runs = (name: string, tag: string) => (cluster: ModelCluster) =>
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

export const stories: Readonly<Record<string, () => string>> = {
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
