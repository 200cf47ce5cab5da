/**
 * How often all agents of a workload must stop and start in a partial upgrade, told from what runs alone: once where two
 * pipelines would meet in one group of notification agents, once more where their queues are emptied first; once for polling
 * agents that must not meet, or that take new pollsters over. The operator is not asked.
 */

import { type Agents, imageOf, type Topology } from "../sim/topology.ts";
import { keepsItsRing, releaseOf } from "../support/audited-release.ts";
import { isSupported } from "../support/name-patterns.ts";
import { pollstersOf } from "../support/pollsters.ts";

const [OCATA, PIKE, ROCKY, EPOXY_NEXT] = [8, 9, 11, 25];

function majors({ from, to }: Topology): readonly [number, number] {
  return [releaseOf(imageOf(from))?.major ?? 0, releaseOf(imageOf(to))?.major ?? 0];
}

/** To Pike, in Queens and Rocky, and from Stein on: agents of different ones do not read each other's queues. */
const epochOf = (major: number): number => (major <= PIKE ? 0 : major <= ROCKY ? 1 : 2);

export function mustDrain(topology: Topology): boolean {
  const [from, to] = majors(topology);
  const partitioned = topology.partial?.partitioned === true && from <= ROCKY;
  return partitioned && epochOf(from) !== epochOf(to);
}

export function pipelinesDiffer({ partial }: Topology): boolean {
  const { before, after = before, immutable = true } = partial?.pipeline ?? {};
  return !immutable || before?.name !== after?.name || before?.publisher !== after?.publisher;
}

/** Pollsters of a namespace that only the target's agents poll. */
export function addedPollsters(topology: Topology, namespace: string): readonly string[] {
  const [from, to] = majors(topology);
  const { before } = topology.partial?.polling ?? { before: ["*"] };
  const polled = new Set(pollstersOf(namespace, from).filter((name) => isSupported(before, name)));
  return pollstersOf(namespace, to).filter((name) => isSupported(patternsAfter(topology), name) && !polled.has(name));
}

/** Ocata's agents without a polling.yaml, as those of Newton are, poll what their pipeline.yaml says. */
export function patternsAfter({ from, partial }: Topology): readonly string[] {
  const { polling, pipeline } = partial ?? {};
  const standsIn = from === "newton" && pipeline?.after !== undefined ? ["*"] : undefined;
  return polling?.after ?? standsIn ?? polling?.before ?? ["*"];
}

export function windowsOf(topology: Topology, agents: Agents): number {
  const { partial } = topology;
  const [from] = majors(topology);
  if (agents.component === "notification") {
    if (partial?.partitioned !== true || from > ROCKY) return 0;
    const { before, after = before } = partial.pipeline;
    const empties = mustDrain(topology) || before.name !== after.name;
    return empties ? 2 : pipelinesDiffer(topology) ? 1 : 0;
  }
  if (agents.component !== "polling") return 0;
  const adds = addedPollsters(topology, agents.pollingNamespace ?? "central").length > 0;
  const shares = sharesItsRing(topology, agents);
  const mayMeet = meets(topology, agents);
  if (adds && partial?.isolate === "Always") return mayMeet && !shares ? 2 : 1;
  return mayMeet && (adds || !shares) ? 1 : 0;
}

/** Whether old and new agents divide what there is among them. */
function sharesItsRing(topology: Topology, { pollingNamespace }: Agents): boolean {
  const { from, to, partial } = topology;
  const releases = [from, to].flatMap((name) => releaseOf(imageOf(name)) ?? []);
  const [old, next] = majors(topology);
  // To Ocata compute agents of a host share it only where they are told to; ipmi's groups got another name once.
  if (pollingNamespace === "compute" && old <= OCATA) return false;
  if (pollingNamespace === "ipmi" && old < EPOXY_NEXT !== next < EPOXY_NEXT) return false;
  return partial?.coordinated === true && !releases.some(keepsItsRing);
}

/** Whether old and new agents of the workload may be in one group, or on one resource, at one time. */
function meets(topology: Topology, agents: Agents): boolean {
  const { kind, replicas = 1, strategy, maxSurge, pollingNamespace } = agents;
  const [old, next] = majors(topology);
  const isCoordinated = topology.partial?.coordinated === true;
  if (kind === "DaemonSet") {
    const cloudWide = pollingNamespace === "ipmi" && old < EPOXY_NEXT && next < EPOXY_NEXT && isCoordinated;
    return cloudWide || (maxSurge ?? 0) > 0;
  }
  const mates = topology.agents.filter((each) => each.pollingNamespace === pollingNamespace && each.replicas !== 0);
  if (isCoordinated && mates.length > 1) return true;
  // A Deployment makes a new pod while the old one terminates, surge or not.
  return kind === "StatefulSet" ? replicas > 1 : strategy !== "Recreate";
}
