/** What happened, as the watches tell it: pods, Jobs, Events and the resource, each with the time at which it was seen. */
import { LABEL } from "../../src/api/v1alpha1/names.ts";
import type { ChangeType } from "../../tools/control-plane/watch.ts";
import type { EventView, JobView, PodView, UpgradeView } from "./views.ts";

/** All times are milliseconds since the epoch. */
export interface PodRecord {
  readonly name: string;
  /** The workload behind the pod, "Deployment/ceilometer-central". */
  readonly object: string;
  readonly images: readonly string[];
  /** Names of the ConfigMaps and Secrets that it mounts. */
  readonly files: readonly string[];
  /** Of a polling group that exists for a while, beside the workload that it was copied from. */
  readonly isIsolated: boolean;
  readonly seenAt: number;
  readonly readyAt?: number;
  readonly stoppingAt?: number;
  readonly goneAt?: number;
}

export interface JobRecord {
  readonly object: string;
  readonly image: string;
  readonly seenAt: number;
  readonly endedAt?: number;
  readonly state: "running" | "complete" | "failed";
}

export interface EventRecord {
  readonly at: number;
  readonly type: string;
  readonly reason: string;
  readonly note: string;
}

export interface Story {
  readonly upgrade: UpgradeView | undefined;
  readonly pods: readonly PodRecord[];
  readonly jobs: readonly JobRecord[];
  /** Oldest first. */
  readonly events: readonly EventRecord[];
}

/** A change of one object, and when it was seen. */
interface Seen<T> {
  readonly type: ChangeType;
  readonly object: T;
  readonly at: number;
}

export interface Storyteller {
  pod(seen: Seen<PodView>): void;
  job(seen: Seen<JobView>): void;
  event(seen: Seen<EventView>): void;
  upgrade(seen: Seen<UpgradeView>): void;
  story(): Story;
}

export function createStoryteller(): Storyteller {
  const pods = new Map<string, PodRecord>();
  const jobs = new Map<string, JobRecord>();
  const events = new Map<string, EventRecord>();
  let upgrade: UpgradeView | undefined;
  return {
    pod({ type, object, at }) {
      const { uid } = object.metadata;
      pods.set(uid, podRecord(pods.get(uid), type, object, at));
    },
    job({ object, at }) {
      const { uid } = object.metadata;
      jobs.set(uid, jobRecord(jobs.get(uid), object, at));
    },
    event({ type, object, at }) {
      if (type === "DELETED" || object.regarding.kind !== "CeilometerUpgrade") return;
      const said = Date.parse(object.eventTime ?? "");
      const { reason, note } = object;
      events.set(object.metadata.uid, { at: Number.isNaN(said) ? at : said, type: object.type, reason, note });
    },
    upgrade({ type, object }) {
      upgrade = type === "DELETED" ? undefined : object;
    },
    story: () => ({
      upgrade,
      pods: [...pods.values()],
      jobs: [...jobs.values()],
      events: [...events.values()].toSorted((a, b) => a.at - b.at),
    }),
  };
}

function podRecord(before: PodRecord | undefined, type: ChangeType, pod: PodView, at: number): PodRecord {
  const isReady = pod.status.conditions.some((each) => each.type === "Ready" && each.status === "True");
  const readyAt = before?.readyAt ?? (isReady ? at : undefined);
  const isStopping = type === "DELETED" || pod.metadata.deletionTimestamp !== undefined;
  const stoppingAt = before?.stoppingAt ?? (isStopping ? at : undefined);
  return {
    name: pod.metadata.name,
    object: workloadOf(pod),
    images: pod.spec.containers.map(({ image }) => image),
    files: pod.spec.volumes.flatMap(({ configMap, secret }) => configMap?.name ?? secret?.secretName ?? []).toSorted(),
    isIsolated: pod.metadata.labels[LABEL.purpose] === "isolated",
    seenAt: before?.seenAt ?? at,
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(stoppingAt === undefined ? {} : { stoppingAt }),
    ...(type === "DELETED" ? { goneAt: at } : {}),
  };
}

/** A ReplicaSet is named after its Deployment and the hash that its pods carry as a label. */
function workloadOf({ metadata: { name, labels, ownerReferences } }: PodView): string {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined) return `Pod/${name}`;
  const hash = labels["pod-template-hash"];
  if (owner.kind !== "ReplicaSet" || hash === undefined) return `${owner.kind}/${owner.name}`;
  return `Deployment/${owner.name.replace(new RegExp(`-${hash}$`), "")}`;
}

function jobRecord(before: JobRecord | undefined, job: JobView, at: number): JobRecord {
  const has = (type: string): boolean =>
    job.status.conditions.some((each) => each.type === type && each.status === "True");
  const state = has("Complete") ? "complete" : has("Failed") ? "failed" : "running";
  const endedAt = before?.endedAt ?? (state === "running" ? undefined : at);
  return {
    object: `Job/${job.metadata.name}`,
    image: job.spec.template.spec.containers[0]?.image ?? "",
    seenAt: before?.seenAt ?? at,
    ...(endedAt === undefined ? {} : { endedAt }),
    state,
  };
}
