/** Why pods do not come up, told from what Kubernetes says of them: each with its object and a remedy. */
import { type Agent, agentText, newPods } from "./agent.ts";
import type { Pod } from "./observation.ts";
import type { Violation } from "./outcome.ts";

const PULL_FAILURES = new Set(["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"]);
const CONFIG_FAILURES = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);

function troubleOfPod(pod: Pod): Violation | undefined {
  const object = `Pod/${pod.metadata.name}`;
  const base = { gate: "Rollout", object, severity: "Error" } as const;
  if (pod.unschedulable !== undefined) {
    return {
      ...base,
      reason: "Unschedulable",
      message: `no host takes the pod: ${pod.unschedulable}`,
      remedy: "make room, or correct the node selector, tolerations or resources of the workload",
    };
  }
  for (const state of pod.states) {
    const { waiting } = state;
    if (waiting === undefined) continue;
    if (PULL_FAILURES.has(waiting.reason)) {
      return {
        ...base,
        reason: "ImagePullBackOff",
        message: `container ${state.name} cannot pull ${state.image}: ${waiting.message || waiting.reason}`,
        remedy: "correct spec.target.image (or the component's image), or make the registry reachable",
      };
    }
    if (waiting.reason === "CrashLoopBackOff") {
      const last = state.terminated;
      const how = last === undefined ? "" : `, last exit code ${last.exitCode} (${last.reason})`;
      return {
        ...base,
        reason: "CrashLoopBackOff",
        message: `container ${state.name} of ${state.image} keeps crashing after ${state.restarts} restarts${how}`,
        remedy: `read why with: kubectl logs -n ${pod.metadata.namespace} ${pod.metadata.name} -c ${state.name} --previous`,
      };
    }
    if (CONFIG_FAILURES.has(waiting.reason)) {
      return {
        ...base,
        reason: "ContainerCannotStart",
        message: `container ${state.name} cannot start: ${waiting.reason} ${waiting.message}`.trimEnd(),
        remedy: "supply what the container refers to (ConfigMap, Secret, key, volume)",
      };
    }
  }
  return undefined;
}

/** What keeps the new pods of an agent from running, at most one line per cause. */
export function troubleOf(agent: Agent): readonly Violation[] {
  const found = new Map<string, Violation>();
  const failure = agent.workload.status.createFailure;
  if (failure !== undefined) {
    found.set("create", {
      gate: "Rollout",
      object: agentText(agent),
      reason: "PodsCannotBeCreated",
      message: `its controller cannot create pods: ${failure}`,
      remedy: "raise the quota, or correct what the admission refuses",
      severity: "Error",
    });
  }
  for (const trouble of troubleOfPods(newPods(agent))) found.set(trouble.reason, trouble);
  return [...found.values()];
}

/** What keeps pods from running, of an agent or of a Job: at most one line per cause. */
export function troubleOfPods(pods: readonly Pod[]): readonly Violation[] {
  const found = new Map<string, Violation>();
  for (const pod of pods) {
    const trouble = pod.metadata.deletingSince === undefined ? troubleOfPod(pod) : undefined;
    if (trouble !== undefined && !found.has(trouble.reason)) found.set(trouble.reason, trouble);
  }
  return [...found.values()];
}
