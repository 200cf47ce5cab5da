/** What the status is made of: a resource with the workloads, pods and Jobs of its namespace. */
import type { Caches } from "../../controllers/ceilometer-upgrade/caches.ts";
import {
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  POD,
  STATEFUL_SET,
  UPGRADE,
} from "../../controllers/ceilometer-upgrade/resources.ts";
import type { JobView } from "../../controllers/ceilometer-upgrade/views/job.ts";
import { parseTemplate } from "../../controllers/ceilometer-upgrade/views/template.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import type { Pod, Workload } from "../../model/observation.ts";
import type { Millis } from "../../model/time.ts";

export interface Sight {
  readonly upgrade: UpgradeView;
  readonly workloads: readonly Workload[];
  readonly pods: readonly Pod[];
  readonly jobs: readonly Pick<JobView, "metadata" | "state">[];
  readonly now: Millis;
}

/** The kinds that it takes. */
export const SEEN_KINDS = [UPGRADE, DEPLOYMENT, DAEMON_SET, STATEFUL_SET, POD, JOB] as const;

/** Undefined where there is no such resource. */
export function sightOf(caches: Caches, namespace: string, name: string, now: Millis): Sight | undefined {
  const upgrade = caches.upgrades.get(namespace, name);
  if (upgrade === undefined) return undefined;
  const views = [caches.deployments, caches.daemonSets, caches.statefulSets].flatMap((each) => each.of(namespace));
  const workloads = views.map((view) => ({ ...view, template: parseTemplate(view.template) }));
  return { upgrade, workloads, pods: caches.pods.of(namespace), jobs: caches.jobs.of(namespace), now };
}
