/**
 * What an upgrade cannot promise is refused before anything is written: workloads whose own settings would start old pods again
 * or never start new ones, or that somebody else's controller reconciles.
 */
import { type Agent, agentText, isDown, isObserved } from "../model/agent.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";

const GATE = "WorkloadFits";

export function workloadFits(agents: readonly Agent[], world: World): readonly Violation[] {
  const isFull = world.upgrade.spec.strategy === "Full";
  return agents.flatMap((agent) => [
    ...startsOldPods(agent),
    ...ownedByController(agent),
    ...sharedPod(agent, agents),
    ...withoutLabels(agent),
    ...rewritten(agent),
    ...(isFull ? [...autoscaled(agent, world), ...withoutHosts(agent)] : updatedByHand(agent)),
  ]);
}

/** Settings under which a workload whose template is new starts old pods: checked before, and again at each start. */
export function startsOldPods(agent: Agent): readonly Violation[] {
  return [...pausedDeployment(agent), ...partitioned(agent)];
}

const violation = (agent: Agent, reason: string, message: string, remedy: string): Violation => ({
  gate: GATE,
  object: agentText(agent),
  reason,
  message,
  remedy,
  severity: "Error",
});

/** Scaling a paused Deployment up after a change of image starts pods of the old one, and no pod is replaced. */
function pausedDeployment(agent: Agent): readonly Violation[] {
  if (!agent.workload.paused) return [];
  const name = agent.workload.metadata.name;
  return [
    violation(
      agent,
      "WorkloadPaused",
      "the Deployment is paused, so its controller starts old pods and replaces none",
      `kubectl rollout resume deployment/${name}`,
    ),
  ];
}

/** Ordinals below the partition come back with the old template. */
function partitioned(agent: Agent): readonly Violation[] {
  if (agent.workload.partition === 0) return [];
  return [
    violation(
      agent,
      "PartitionedStatefulSet",
      `its update partition is ${agent.workload.partition}, so its lower ordinals would come back old`,
      "set spec.updateStrategy.rollingUpdate.partition to 0",
    ),
  ];
}

/** In a partial upgrade the workload's own controller replaces its pods, which with OnDelete it never does. */
function updatedByHand(agent: Agent): readonly Violation[] {
  if (agent.workload.strategy !== "OnDelete" || agent.component === "api") return [];
  return [
    violation(
      agent,
      "UpdateOnDelete",
      "its update strategy is OnDelete, so its controller would never replace an old pod",
      "set spec.updateStrategy.type to RollingUpdate, or use strategy: Full",
    ),
  ];
}

function ownedByController(agent: Agent): readonly Violation[] {
  const owner = agent.workload.metadata.owner;
  if (owner === undefined) return [];
  return [
    violation(
      agent,
      "OwnedByController",
      `${owner.kind}/${owner.name} controls it and would take back every change`,
      `upgrade Ceilometer through ${owner.kind}/${owner.name}, or remove that owner`,
    ),
  ];
}

/** Two agents in one pod cannot be upgraded one after the other. */
function sharedPod(agent: Agent, agents: readonly Agent[]): readonly Violation[] {
  const other = agents.find((each) => each !== agent && each.workload.metadata.uid === agent.workload.metadata.uid);
  if (other === undefined) return [];
  return [
    violation(
      agent,
      "SharedPod",
      `it is named by ${agent.component} and by ${other.component}; agents in one pod cannot be upgraded in order`,
      "name it in one component only, or give each agent a workload of its own",
    ),
  ];
}

/** An autoscaler leaves a workload of zero replicas alone, but makes two of the first new agent's one. */
export function autoscaled(agent: Agent, world: World): readonly Violation[] {
  if (agent.component !== "polling") return [];
  const { kind, metadata } = agent.workload;
  const autoscaler = world.autoscalers.find((each) => each.targetKind === kind && each.targetName === metadata.name);
  if (autoscaler === undefined || autoscaler.minReplicas <= 1) return [];
  return [
    violation(
      agent,
      "AutoscalerMinimum",
      `HorizontalPodAutoscaler/${autoscaler.metadata.name} asks for at least ${autoscaler.minReplicas}, but one new agent must start alone`,
      `kubectl patch hpa ${autoscaler.metadata.name} --patch '{"spec":{"minReplicas":1}}' until the upgrade has ended`,
    ),
  ];
}

/** One host is chosen for the first agent among those that have one now; without any, all hosts would start at once. */
function withoutHosts(agent: Agent): readonly Violation[] {
  const { kind, status, metadata } = agent.workload;
  if (agent.component !== "polling" || kind !== "DaemonSet" || isDown(agent)) return [];
  if (status.desired === 0 || agent.pods.length > 0) return [];
  return [
    violation(
      agent,
      "NoAgentRuns",
      `it wants an agent on ${status.desired} hosts and has none on any, so no host can be chosen for the first new one`,
      `see why its pods are not created: kubectl describe daemonset ${metadata.name}`,
    ),
  ];
}

/**
 * Something writes another image into pods than their template names (a mirror's or a policy's admission webhook): no pod would ever
 * be seen to run the target. Told where the controller counts every pod as one of the template, and none has its image.
 */
function rewritten(agent: Agent): readonly Violation[] {
  const { workload, container } = agent;
  const { status, replicas = status.desired } = workload;
  const isAtRest = isObserved(agent) && status.updated === replicas && status.current === replicas;
  const images = agent.pods
    .filter(({ metadata }) => metadata.deletingSince === undefined)
    .map(({ containers }) => containers.find(({ name }) => name === container.name)?.image);
  const [image] = images;
  if (!isAtRest || image === undefined || images.includes(container.image)) return [];
  return [
    violation(
      agent,
      "ImageRewritten",
      `its pods run ${image} where its template says ${container.image}, so no pod would be known to run the target`,
      "name images in the workload and in the resource as pods get them, or exempt the namespace from the admission webhook that rewrites them",
    ),
  ];
}

/** Pods are known by the labels of their workload's selector; without any, no pod would be seen, and none counts as gone. */
function withoutLabels(agent: Agent): readonly Violation[] {
  if (Object.keys(agent.workload.matchLabels).length > 0) return [];
  return [
    violation(
      agent,
      "SelectorUnsupported",
      "its selector has no matchLabels, so its pods cannot be told from others",
      "recreate it with a selector of matchLabels, as openstack-helm and the other charts do",
    ),
  ];
}
