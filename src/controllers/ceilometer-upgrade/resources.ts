/** The kinds of objects that the operator watches or writes, and where the API server serves them. */
import { GROUP, KIND, PLURAL, VERSION } from "../../api/v1alpha1/names.ts";
import type { Resource } from "../../kube/resource.ts";

const of = (group: string, version: string, kind: string, plural: string): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: true,
});

export const UPGRADE = of(GROUP, VERSION, KIND, PLURAL);
export const DEPLOYMENT = of("apps", "v1", "Deployment", "deployments");
export const DAEMON_SET = of("apps", "v1", "DaemonSet", "daemonsets");
export const STATEFUL_SET = of("apps", "v1", "StatefulSet", "statefulsets");
export const POD = of("", "v1", "Pod", "pods");
export const JOB = of("batch", "v1", "Job", "jobs");
export const CRON_JOB = of("batch", "v1", "CronJob", "cronjobs");
export const CONFIG_MAP = of("", "v1", "ConfigMap", "configmaps");
export const SECRET = of("", "v1", "Secret", "secrets");
export const AUTOSCALER = of("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");

const BY_KIND: ReadonlyMap<string, Resource> = new Map(
  [UPGRADE, DEPLOYMENT, DAEMON_SET, STATEFUL_SET, POD, JOB, CRON_JOB, CONFIG_MAP, SECRET, AUTOSCALER].map(
    (resource) => [resource.kind, resource],
  ),
);

/** Throws for a kind that the operator does not write: that is a mistake in the program. */
export function resourceOfKind(kind: string): Resource {
  const found = BY_KIND.get(kind);
  if (found === undefined) throw new Error(`the operator knows no ${kind}`);
  return found;
}
