/** Models of kubelet and Job controller: pods become ready, fail to pull, crash, end; Jobs run one pod. */
import { formatTime, type Millis } from "../../src/model/time.ts";
import type { ModelApiServer } from "./model-api-server.ts";
import { hasEnded, isDeleting, isJob, isPod, isReady, type JobObject, type PodObject } from "./objects.ts";
import { createPod } from "./workload-controllers.ts";

const condition = (ready: boolean, now: Millis): PodObject["status"]["conditions"] => [
  { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(now) },
];

function stateOf(pod: PodObject, state: Readonly<Record<string, unknown>>): readonly unknown[] {
  const [first] = pod.spec.containers;
  return [{ name: first?.name ?? "", image: first?.image ?? "", ready: false, restartCount: 0, state }];
}

/** The fate of a pod is the end of its image's tag, as with the simulated kubelets of the real control plane. */
export function stepPod(api: ModelApiServer, pod: PodObject, now: Millis): boolean {
  if (isDeleting(pod)) {
    api.erase(pod);
    return true;
  }
  if (hasEnded(pod) || isReady(pod)) return false;
  const image = pod.spec.containers[0]?.image ?? "";
  const update = (phase: PodObject["status"]["phase"], ready: boolean, state: Readonly<Record<string, unknown>>) =>
    api.update(pod, { status: { phase, conditions: condition(ready, now), containerStatuses: stateOf(pod, state) } });
  const waits = pod.status.containerStatuses.length > 0 && pod.status.phase === "Pending";
  if (image.endsWith("-badimage")) {
    return !waits && update("Pending", false, { waiting: { reason: "ImagePullBackOff", message: "not found" } });
  }
  if (image.endsWith("-crash")) {
    return !waits && update("Pending", false, { waiting: { reason: "CrashLoopBackOff", message: "back-off" } });
  }
  if (pod.metadata.ownerReferences?.[0]?.kind !== "Job") return update("Running", true, { running: {} });
  if (pod.status.phase === "Pending") return update("Running", false, { running: {} });
  const failed = image.endsWith("-jobfail");
  const ended = { exitCode: failed ? 1 : 0, reason: failed ? "Error" : "Completed", message: "" };
  return update(failed ? "Failed" : "Succeeded", false, { terminated: ended });
}

export function stepJob(api: ModelApiServer, job: JobObject, now: Millis): boolean {
  if (job.status?.["conditions"] !== undefined) return false;
  const pod = api.list(isPod).find((each) => each.metadata.ownerReferences?.[0]?.uid === job.metadata.uid);
  if (pod === undefined) {
    createPod(api, job, job.spec.template, { name: `${job.metadata.name}-0`, node: "control-0" });
    return true;
  }
  if (!hasEnded(pod)) return api.update(job, { status: { active: 1 } });
  const at = formatTime(now);
  const failed = pod.status.phase === "Failed";
  const reason = failed ? "BackoffLimitExceeded" : "CompletionsReached";
  const type = failed ? "Failed" : "Complete";
  const conditions = [{ type, status: "True", reason, message: "", lastTransitionTime: at }];
  return api.update(job, { status: { active: 0, conditions, ...(failed ? {} : { completionTime: at }) } });
}

export const podsOf = (api: ModelApiServer): readonly PodObject[] => api.list(isPod);
export const jobsOf = (api: ModelApiServer): readonly JobObject[] => api.list(isJob);
