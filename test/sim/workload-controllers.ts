/**
 * Models of the controllers of Deployments, ReplicaSets, DaemonSets and StatefulSets. Each call is one step of one of them;
 * true says that it wrote something. Pods are created and deleted one at a time, so that anything can happen in between.
 */

import { digest } from "../../src/model/digest.ts";
import type { Labels } from "../../src/model/meta.ts";
import type { ModelApiServer } from "./model-api-server.ts";
import type { Nodes } from "./nodes.ts";
import {
  hasEnded,
  isActive,
  isDeleting,
  isPod,
  isReady,
  isReplicaSet,
  type PodObject,
  type ReplicaSetObject,
  type Template,
  type WorkloadObject,
} from "./objects.ts";

const hashes = new WeakMap<Template, string>();
function hashOf(template: Template): string {
  const known = hashes.get(template) ?? digest(template).slice(0, 10);
  hashes.set(template, known);
  return known;
}

const HASH = "pod-template-hash";
const hashLabel = (pod: PodObject): string | undefined => pod.metadata.labels?.[HASH];

export const isOfTemplate = (pod: PodObject, template: Template): boolean => hashLabel(pod) === hashOf(template);

interface Owner {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}
const ownedBy = (api: ModelApiServer, owner: Owner): readonly PodObject[] =>
  api.list(isPod).filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === owner.metadata.uid);

export function createPod(
  api: ModelApiServer,
  owner: Owner,
  template: Template,
  place: { readonly name: string; readonly node: string | undefined; readonly labels?: Labels },
): void {
  const { name, node, labels } = place;
  api.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "openstack",
      name,
      labels: { ...template.metadata.labels, [HASH]: hashOf(template), ...labels },
      ownerReferences: [
        { apiVersion: "v1", kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true },
      ],
    },
    spec: { ...template.spec, ...(node === undefined ? {} : { nodeName: node }) },
    status: { phase: "Pending", conditions: [], containerStatuses: [] },
  });
}

const removePod = (api: ModelApiServer, pod: PodObject): boolean => {
  api.remove({ kind: "Pod", namespace: "openstack", name: pod.metadata.name });
  return true;
};

export function stepWorkload(api: ModelApiServer, nodes: Nodes, workload: WorkloadObject): boolean {
  switch (workload.kind) {
    case "Deployment":
      return stepDeployment(api, workload);
    case "DaemonSet":
      return stepDaemonSet(api, nodes, workload);
    case "StatefulSet":
      return stepStatefulSet(api, nodes, workload);
  }
}

function stepDeployment(api: ModelApiServer, deployment: WorkloadObject): boolean {
  const { replicas = 1, paused = false, template, strategy } = deployment.spec;
  const sets = api
    .list(isReplicaSet)
    .filter((set) => set.metadata.ownerReferences?.[0]?.uid === deployment.metadata.uid);
  const current = sets.find((set) => set.spec.hash === hashOf(template));
  const old = sets.filter((set) => set !== current);
  const active = sets.filter((set) => set.spec.replicas > 0);
  const rollout = { api, deployment, replicas, current, old };
  // A change of replicas is carried out on the set that has pods, old or new, before any rollout goes on.
  const rescaled = active.some((set) => set.spec.desired !== replicas);
  const acted =
    paused || rescaled
      ? rescale(rollout, active)
      : strategy?.type === "Recreate"
        ? recreate(rollout)
        : rollOver(rollout);
  return acted || reportDeployment(rollout);
}

interface Rollout {
  readonly api: ModelApiServer;
  readonly deployment: WorkloadObject;
  readonly replicas: number;
  readonly current: ReplicaSetObject | undefined;
  readonly old: readonly ReplicaSetObject[];
}

function scaleSet({ api, replicas }: Rollout, set: ReplicaSetObject, to: number): boolean {
  return api.update(set, { spec: { ...set.spec, replicas: to, desired: replicas } });
}

function rescale(rollout: Rollout, active: readonly ReplicaSetObject[]): boolean {
  const { replicas, current, old } = rollout;
  const latest = active.length === 0 ? (current ?? old[0]) : active.length === 1 ? active[0] : undefined;
  if (latest !== undefined) return scaleSet(rollout, latest, replicas);
  if (replicas === 0) return active.map((set) => scaleSet(rollout, set, 0)).includes(true);
  return active.map((set) => scaleSet(rollout, set, Math.min(set.spec.replicas, replicas))).includes(true);
}

function makeSet({ api, deployment, replicas }: Rollout): boolean {
  const { template } = deployment.spec;
  const hash = hashOf(template);
  const { name, uid } = deployment.metadata;
  api.create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      namespace: "openstack",
      name: `${name}-${hash}`,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true }],
    },
    spec: { replicas: 0, desired: replicas, hash, template },
    status: { replicas: 0, ready: 0 },
  });
  return true;
}

function recreate(rollout: Rollout): boolean {
  const { api, replicas, current, old } = rollout;
  const up = old.find((set) => set.spec.replicas > 0);
  if (up !== undefined) return scaleSet(rollout, up, 0);
  if (old.some((set) => ownedBy(api, set).some((pod) => !hasEnded(pod)))) return false;
  return current === undefined ? makeSet(rollout) : scaleSet(rollout, current, replicas);
}

function rollOver(rollout: Rollout): boolean {
  const { replicas, current, old } = rollout;
  if (current === undefined) return makeSet(rollout);
  const total = [current, ...old].reduce((sum, set) => sum + set.spec.replicas, 0);
  const { surge, unavailable } = budgetOf(rollout.deployment);
  const room = replicas + surge - total;
  if (current.spec.replicas > replicas) return scaleSet(rollout, current, replicas);
  if (current.spec.replicas < replicas && room > 0) {
    return scaleSet(rollout, current, Math.min(replicas, current.spec.replicas + room));
  }
  const up = old.filter((set) => set.spec.replicas > 0);
  if (up.length === 0) return scaleSet(rollout, current, current.spec.replicas);
  // As many as may go once the new pods that are not ready yet are left out of account; counts of old pods may be stale.
  const least = replicas - unavailable;
  const most = total - least - (current.spec.replicas - current.status.ready);
  if (most <= 0) return false;
  // Pods that are not ready serve nobody, so those of every old set go first.
  const sick = up.find((set) => set.spec.replicas > set.status.ready);
  if (sick !== undefined) {
    return scaleSet(rollout, sick, sick.spec.replicas - Math.min(most, sick.spec.replicas - sick.status.ready));
  }
  const spare = [current, ...old].reduce((sum, set) => sum + set.status.ready, 0) - least;
  const [next] = up;
  return next !== undefined && spare > 0 && scaleSet(rollout, next, Math.max(0, next.spec.replicas - spare));
}

/** A share of what is wanted, or a number; one of both is at least one. */
function budgetOf({ kind, spec }: WorkloadObject): { readonly surge: number; readonly unavailable: number } {
  const { replicas = 1, strategy, updateStrategy } = spec;
  const { rollingUpdate = {} } = strategy ?? updateStrategy ?? {};
  const usual = kind === "Deployment" ? "25%" : undefined;
  const count = (value: number | string, round: (share: number) => number): number =>
    typeof value === "number" ? value : round((replicas * Number.parseInt(value, 10)) / 100);
  const surge = count(rollingUpdate["maxSurge"] ?? usual ?? 0, Math.ceil);
  const unavailable = count(rollingUpdate["maxUnavailable"] ?? usual ?? 1, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function reportDeployment({ api, deployment, current, old }: Rollout): boolean {
  const sum = (count: (set: ReplicaSetObject) => number): number =>
    [...(current === undefined ? [] : [current]), ...old].reduce((total, set) => total + count(set), 0);
  const ready = sum((set) => set.status.ready);
  return api.update(deployment, {
    status: {
      observedGeneration: deployment.metadata.generation,
      replicas: sum((set) => set.status.replicas),
      updatedReplicas: current?.status.replicas ?? 0,
      readyReplicas: ready,
      availableReplicas: ready,
    },
  });
}

export function stepReplicaSet(api: ModelApiServer, nodes: Nodes, set: ReplicaSetObject): boolean {
  const pods = ownedBy(api, set).filter(isActive);
  if (pods.length < set.spec.replicas) {
    const name = `${set.metadata.name}-${api.revision}`;
    createPod(api, set, set.spec.template, { name, node: nodes.pick(set.spec.template.spec.nodeSelector) });
    return true;
  }
  const surplus = pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)))[0];
  if (pods.length > set.spec.replicas && surplus !== undefined) return removePod(api, surplus);
  return api.update(set, { status: { replicas: pods.length, ready: pods.filter(isReady).length } });
}

function stepDaemonSet(api: ModelApiServer, nodes: Nodes, set: WorkloadObject): boolean {
  const { template, updateStrategy } = set.spec;
  const wanted = nodes.matching(template.spec.nodeSelector);
  const pods = ownedBy(api, set);
  const misplaced = pods.find(
    (pod) => !isDeleting(pod) && (hasEnded(pod) || !wanted.includes(pod.spec.nodeName ?? "")),
  );
  if (misplaced !== undefined) return removePod(api, misplaced);
  // A pod that terminates still holds its host.
  const free = wanted.find((node) => !pods.some((pod) => pod.spec.nodeName === node));
  if (free !== undefined) {
    createPod(api, set, template, { name: `${set.metadata.name}-${api.revision}`, node: free });
    return true;
  }
  const outdated = pods.filter((pod) => isActive(pod) && hashLabel(pod) !== hashOf(template));
  if (updateStrategy?.type !== "OnDelete" && outdated.length > 0) {
    if (budgetOf(set).surge > 0) {
      if (surgeOver(api, set, pods, wanted)) return true;
    } else {
      const down = wanted.length - pods.filter((pod) => isActive(pod) && isReady(pod)).length;
      const spare = down < budgetOf(set).unavailable;
      const next = outdated.find((pod) => !isReady(pod)) ?? (spare ? outdated[0] : undefined);
      if (next !== undefined) return removePod(api, next);
    }
  }
  // Counts are of hosts, by the oldest pod of each, though it may be terminating.
  const oldest = wanted.flatMap((node) => pods.find((pod) => pod.spec.nodeName === node) ?? []);
  const ready = oldest.filter(isReady).length;
  return api.update(set, {
    status: {
      observedGeneration: set.metadata.generation,
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: oldest.length,
      updatedNumberScheduled: oldest.filter((pod) => hashLabel(pod) === hashOf(template)).length,
      numberReady: ready,
      numberAvailable: ready,
    },
  });
}

/** A new pod beside the old one of a host; the old one goes once the new one is ready. */
function surgeOver(
  api: ModelApiServer,
  set: WorkloadObject,
  pods: readonly PodObject[],
  wanted: readonly string[],
): boolean {
  const { template } = set.spec;
  const isCurrent = (pod: PodObject): boolean => hashLabel(pod) === hashOf(template);
  for (const node of wanted) {
    const here = pods.filter((pod) => pod.spec.nodeName === node && isActive(pod));
    const current = here.find(isCurrent);
    const [old, another] = here.filter((pod) => !isCurrent(pod));
    if (old === undefined) continue;
    // Of a revision that never came up: it goes before the next one may begin anywhere.
    if (another !== undefined) return removePod(api, another);
    if (current === undefined) {
      const surging = pods.filter((pod) => isActive(pod) && isCurrent(pod) && !isReady(pod)).length;
      if (surging >= budgetOf(set).surge) continue;
      createPod(api, set, template, { name: `${set.metadata.name}-${api.revision}`, node });
      return true;
    }
    if (isReady(current) || !isReady(old)) return removePod(api, old);
  }
  return false;
}

interface StatefulSetStatus {
  /** The revision that all pods were of when the last rollout was complete, and how many pods of it there still are. */
  readonly currentTemplate?: Template;
  readonly currentReplicas?: number;
}

/**
 * Of which template a missing pod is made. Where the strategy names no partition, those below the count of the status are of the former
 * revision, though that count is behind (`newVersionedStatefulSetPod`, Kubernetes v1.36.3).
 */
function templateFor({ spec, status = {} }: WorkloadObject, ordinal: number): Template {
  const { currentTemplate, currentReplicas = 0 }: StatefulSetStatus = status;
  const isRolling = spec.updateStrategy?.type === "RollingUpdate" && spec.updateStrategy.rollingUpdate === undefined;
  return isRolling && ordinal < currentReplicas ? (currentTemplate ?? spec.template) : spec.template;
}

/** OrderedReady: one after the other upwards, and one after the other downwards. */
function stepStatefulSet(api: ModelApiServer, nodes: Nodes, set: WorkloadObject): boolean {
  const { replicas = 1, template, updateStrategy } = set.spec;
  const pods = ownedBy(api, set);
  const ordinal = (pod: PodObject): number => Number(pod.metadata.name.slice(set.metadata.name.length + 1));
  const settling = pods.some((pod) => isDeleting(pod));
  const wanted = settling ? 0 : replicas;
  for (let index = 0; index < wanted; index += 1) {
    const pod = pods.find((each) => ordinal(each) === index);
    if (pod === undefined) {
      const place = { name: `${set.metadata.name}-${index}`, node: nodes.pick(template.spec.nodeSelector) };
      createPod(api, set, templateFor(set, index), place);
      return true;
    }
    if (hasEnded(pod)) return removePod(api, pod);
    if (!isReady(pod)) break;
  }
  const surplus = pods.filter((pod) => ordinal(pod) >= replicas).toSorted((a, b) => ordinal(b) - ordinal(a))[0];
  if (surplus !== undefined && !settling) return removePod(api, surplus);
  const outdated = pods.filter((pod) => isActive(pod) && hashLabel(pod) !== hashOf(template));
  const next = outdated.toSorted((a, b) => ordinal(b) - ordinal(a))[0];
  const healthy = pods.length === replicas && pods.every((pod) => isActive(pod) && isReady(pod));
  if (updateStrategy?.type !== "OnDelete" && next !== undefined && healthy) {
    // Counted out at once, unlike one that is scaled away: its place is for the new revision.
    const { currentReplicas = 0 }: StatefulSetStatus = set.status ?? {};
    api.update(set, { status: { ...set.status, currentReplicas: Math.max(0, currentReplicas - 1) } });
    return removePod(api, next);
  }
  const active = pods.filter(isActive);
  const ready = active.filter(isReady).length;
  const { currentTemplate = template }: StatefulSetStatus = set.status ?? {};
  const current = healthy && outdated.length === 0 ? template : currentTemplate;
  return api.update(set, {
    status: {
      observedGeneration: set.metadata.generation,
      currentTemplate: current,
      currentReplicas: active.filter((pod) => hashLabel(pod) === hashOf(current)).length,
      replicas: pods.length,
      updatedReplicas: active.length - outdated.length,
      readyReplicas: ready,
      availableReplicas: ready,
    },
  });
}
