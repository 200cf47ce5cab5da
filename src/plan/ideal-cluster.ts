/**
 * A cluster in which every controller does its work at once and perfectly: pods start and stop without delay, Jobs succeed,
 * agents poll. A plan is what the operator decides over such a cluster; what can go wrong in a real one can only make the
 * same writes later, or hold them.
 */
import { ANNOTATION, LABEL } from "../api/v1alpha1/names.ts";
import { matches, podsOf } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { canonicalJson } from "../model/digest.ts";
import { type Job, type Observation, type Pod, readWorld, type Seen, type Workload } from "../model/observation.ts";
import type { ObjectRef } from "../model/outcome.ts";
import type { ProbeRequest, ProbeResult } from "../model/probe.ts";
import type { Millis } from "../model/time.ts";
import { settle } from "./ideal-pods.ts";

export interface IdealCluster {
  /** What one look at it sees. Everything in it can be read. */
  readonly seen: Observation;
  /** The hosts that a DaemonSet has pods on when nothing keeps it from them, by its uid. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** The version of the last write. */
  readonly version: bigint;
}

export const present = <T>(value: T): Seen<T> => ({ seen: "present", value });
export const listOf = <T>(part: Seen<readonly T[]>): readonly T[] => (part.seen === "present" ? part.value : []);

export function findWorkload(cluster: IdealCluster, ref: Pick<ObjectRef, "kind" | "name">): Workload | undefined {
  return listOf(cluster.seen.workloads).find((each) => each.kind === ref.kind && each.metadata.name === ref.name);
}
export const podsOfWorkload = (cluster: IdealCluster, workload: Workload): readonly Pod[] =>
  podsOf(workload, listOf(cluster.seen.pods));

/** The hosts of a DaemonSet of which no pod was seen. */
type UnseenHosts = (workload: Workload) => readonly string[];

/**
 * The cluster that was seen, with everything that concerns the resource at rest. Undefined where some of it could not be
 * read: there is nothing to foresee from.
 */
export function idealCluster(seen: Observation, unseen: UnseenHosts = () => []): IdealCluster | undefined {
  const world = readWorld(seen);
  if ("unreadable" in world) return undefined;
  const { workloads, pods, jobs, records, upgrade } = world;
  const versions = [upgrade, ...workloads, ...jobs, ...records].map((each) => BigInt(each.metadata.resourceVersion));
  const concerned = workloads.filter((workload) => isConcerned(seen, workload));
  const cluster: IdealCluster = {
    seen: {
      ...seen,
      workloads: present(workloads),
      pods: present(pods),
      jobs: present(jobs.map((job) => (job.state === "running" ? succeeded(job, seen.now) : job))),
      records: present(records),
      copies: present(world.copies),
    },
    hosts: new Map(
      concerned.map((workload) => {
        const hosts = hostsOf(workload, pods, records);
        return [workload.metadata.uid, hosts.length > 0 ? hosts : unseen(workload)];
      }),
    ),
    version: versions.reduce((a, b) => (a > b ? a : b), 0n),
  };
  return concerned.reduce((next, workload) => settled(next, workload), cluster);
}

/** What one look sees once everything that concerns the resource is at rest. */
export function atRest(seen: Observation, unseen: UnseenHosts): Observation {
  return idealCluster(seen, unseen)?.seen ?? seen;
}

/** The resource names it, has claimed it, or its attempts made it. A namespace may hold many more. */
function isConcerned({ upgrade }: Observation, { kind, metadata }: Workload): boolean {
  const { collector, notification, polling, api } = upgrade.spec.components;
  const refs = [collector, notification, polling, api].flatMap((section) => section?.targets ?? []);
  const named = refs.some(
    (ref) =>
      ref.kind === kind &&
      (ref.name === undefined ? matches(ref.selector?.matchLabels ?? {}, metadata.labels) : ref.name === metadata.name),
  );
  return (
    named ||
    metadata.annotations[ANNOTATION.claim] !== undefined ||
    metadata.labels[LABEL.upgrade] === upgrade.metadata.uid
  );
}

export const succeeded = (job: Job, now: Millis): Job => ({ ...job, active: 0, state: "succeeded", finishedAt: now });

/** Where it runs; where an attempt has taken it down, where that attempt saw it run. */
function hostsOf(workload: Workload, pods: readonly Pod[], records: readonly AttemptRecord[]): readonly string[] {
  const now = podsOf(workload, pods).flatMap((pod) => pod.nodeName ?? []);
  const before = records.flatMap(
    (record) => record.targets.find((target) => target.uid === workload.metadata.uid)?.hosts ?? [],
  );
  return [...new Set([...now, ...before])].toSorted();
}

/** The cluster once the controller of one workload has nothing more to do. */
export function settled(cluster: IdealCluster, workload: Workload, before = workload): IdealCluster {
  const { seen } = cluster;
  const hosts = cluster.hosts.get(workload.metadata.uid) ?? [];
  const isNewTemplate = canonicalJson(workload.template) !== canonicalJson(before.template);
  const next = settle(workload, listOf(seen.pods), { hosts, now: seen.now, isNewTemplate });
  const isSame = (each: Workload): boolean => each.metadata.uid === workload.metadata.uid;
  const workloads = listOf(seen.workloads).map((each) => (isSame(each) ? next.workload : each));
  return { ...cluster, seen: { ...seen, workloads: present(workloads), pods: present(next.pods) } };
}

/** These questions answered as an ideal cluster answers them; undefined where none of them is news. */
export function answered(cluster: IdealCluster, asked: readonly ProbeRequest[]): IdealCluster | undefined {
  if (asked.length === 0) return undefined;
  const { seen } = cluster;
  const answer: ProbeResult = { at: seen.now, verdict: "pass", reason: "as planned" };
  const probes = new Map([...seen.probes, ...asked.map((probe) => [probe.id, answer] as const)]);
  return { ...cluster, seen: { ...seen, probes } };
}

export const atTime = (cluster: IdealCluster, now: Millis): IdealCluster => ({
  ...cluster,
  seen: { ...cluster.seen, now },
});
