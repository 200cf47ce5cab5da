/**
 * How often all agents of a workload must stop and start in a partial upgrade, told from what runs alone: once where two
 * pipelines would meet in one group of notification agents, once more where their queues are emptied first; once for polling
 * agents that must not meet, or that take new pollsters over. The operator is not asked.
 */

import { type Agents, imageOf, type Topology } from "../sim/topology.ts";
import { keepsItsRing, releaseOf } from "../support/audited-release.ts";
import { isSupported } from "../support/name-patterns.ts";
import { pollstersOf } from "../support/pollsters.ts";

const [PIKE, ROCKY, EPOXY_NEXT] = [9, 11, 25];

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
  const { before, after = before } = topology.partial?.polling ?? { before: ["*"] };
  const polled = new Set(pollstersOf(namespace, from).filter((name) => isSupported(before, name)));
  return pollstersOf(namespace, to).filter((name) => isSupported(after ?? ["*"], name) && !polled.has(name));
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
  if (agents.component !== "polling" || !meets(topology, agents)) return 0;
  const adds = addedPollsters(topology, agents.pollingNamespace ?? "central").length > 0;
  return adds || !sharesItsRing(topology) ? 1 : 0;
}

export function sharesItsRing({ from, to, partial }: Topology): boolean {
  const releases = [from, to].flatMap((name) => releaseOf(imageOf(name)) ?? []);
  return partial?.coordinated === true && !releases.some(keepsItsRing);
}

/** Whether old and new agents of the workload may be in one group, or on one resource, at one time. */
function meets(topology: Topology, agents: Agents): boolean {
  const { kind, replicas = 1, strategy, maxSurge, pollingNamespace } = agents;
  const [from] = majors(topology);
  if (kind === "DaemonSet") {
    const cloudWide = pollingNamespace === "ipmi" && from < EPOXY_NEXT && topology.partial?.coordinated === true;
    return cloudWide || (maxSurge ?? 0) > 0;
  }
  if (strategy === "Recreate") return false;
  return kind === "StatefulSet" ? replicas > 1 : replicas > 1 || maxSurge !== 0;
}
