/**
 * Every call that the operator makes, once. The chart's roles, the reference page and the preflight check of permissions
 * come from this table, so a call without its permission is a difference to this file and nowhere else.
 *
 * Reading and writing are bounded on purpose: deleted is only what the operator created, and a pod of a StatefulSet that never
 * becomes ready (I9); no escalate, bind or impersonate, no wildcard, no Secret unless its name is configured, nothing
 * cluster-scoped.
 */
import { GROUP, PLURAL } from "../../api/v1alpha1/names.ts";

/**
 * Named in the role, so that the operator can touch no other lease of its namespace. The chart puts the full name of the release in
 * its place, in the role and in `--lease-name`, or two releases in one namespace would wait for each other. Renaming it allows two
 * leaders once.
 */
export const LEASE_NAME = "ceilometer-upgrade-operator";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

export type Scope =
  /** Needed in each namespace that holds a resource. */
  | "namespaced"
  /** Needed in the operator's own namespace only. */
  | "leader"
  /** Only where the configuration of an agent lives in a Secret: by name, from the chart's `secrets`. */
  | "optional:secrets"
  /** Only where a verification reads logs: RBAC cannot narrow this one, so it is off until asked for. */
  | "optional:podLogs";

export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly Verb[];
  /** Only these objects. Verbs that name no object (create, and an unfiltered list or watch) cannot be narrowed so. */
  readonly resourceNames?: readonly string[];
  readonly scope: Scope;
  readonly why: string;
}

/** Everything is listed and watched, a single object by its name as a field selector: nothing is got. */
const read = ["list", "watch"] as const;

export const PERMISSIONS: readonly Permission[] = [
  {
    group: GROUP,
    resource: PLURAL,
    verbs: [...read, "patch"],
    scope: "namespaced",
    why: "Reads what is asked for; sets and removes the finalizer that gives borrowed fields back.",
  },
  {
    group: GROUP,
    resource: PLURAL,
    subresource: "status",
    verbs: ["patch"],
    scope: "namespaced",
    why: "Reports.",
  },
  ...["deployments", "daemonsets", "statefulsets"].map(
    (resource): Permission => ({
      group: "apps",
      resource,
      verbs: [...read, "patch"],
      scope: "namespaced",
      why: "Observes the agents; claims them, stops them, and starts them with the target's image and configuration.",
    }),
  ),
  ...["deployments", "daemonsets"].map(
    (resource): Permission => ({
      group: "apps",
      resource,
      verbs: ["create", "delete"],
      scope: "namespaced",
      why: "Starts a polling group of its own for new pollsters, and removes it when no old agent is left.",
    }),
  ),
  {
    group: "batch",
    resource: "jobs",
    verbs: [...read, "create"],
    scope: "namespaced",
    why: "Runs the database migration, its backup and verification Jobs. A Job is never changed or deleted.",
  },
  {
    group: "batch",
    resource: "cronjobs",
    verbs: read,
    scope: "namespaced",
    why: "Reads a suspended CronJob that a resource names as the template of a Job.",
  },
  {
    group: "",
    resource: "configmaps",
    verbs: [...read, "create", "patch", "delete"],
    scope: "namespaced",
    why: "Reads the agents' configuration; writes the record of an attempt and copies that are named by their content; removes polling files that it derived for a while.",
  },
  {
    group: "",
    resource: "pods",
    verbs: [...read, "delete"],
    scope: "namespaced",
    why: "Sees which release runs where, and whether an old pod is really gone; removes a pod of a StatefulSet that never becomes ready once the template is corrected, because its controller waits for it.",
  },
  {
    group: "autoscaling",
    resource: "horizontalpodautoscalers",
    verbs: read,
    scope: "namespaced",
    why: "Refuses an autoscaler that would start a second agent while the first is being verified.",
  },
  {
    group: "events.k8s.io",
    resource: "events",
    verbs: ["create", "patch"],
    scope: "namespaced",
    why: "Tells what was done and why, on the resource.",
  },
  {
    group: "",
    resource: "secrets",
    verbs: read,
    scope: "optional:secrets",
    why: "Reads agent configuration that lives in a Secret. Only the names listed in the chart's values, one watch each.",
  },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    scope: "optional:podLogs",
    why: "Verifies by the agents' own log lines that data is polled again.",
  },
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create"],
    scope: "leader",
    why: "Creates the lease that elects one leader among the replicas.",
  },
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["get", "update"],
    resourceNames: [LEASE_NAME],
    scope: "leader",
    why: "Holds and renews that lease. The chart names it by the full name of the release.",
  },
];

/** As a role names it: `pods/log`. */
export function resourceName({ resource, subresource }: Pick<Permission, "resource" | "subresource">): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

export function permissionsFor(scope: Scope): readonly Permission[] {
  return PERMISSIONS.filter((permission) => permission.scope === scope);
}
