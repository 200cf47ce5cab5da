/**
 * What one look at the cluster saw: narrow views of Kubernetes objects, with only the fields that decisions read.
 * The views are made once, at the edge (`controllers/ceilometer-upgrade/views/`); nothing here knows how.
 */
import type { Spec } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "./attempt.ts";
import type { Labels, Meta } from "./meta.ts";
import type { PodTemplate } from "./pod-template.ts";
import type { ProbeResult } from "./probe.ts";
import type { Millis } from "./time.ts";

/** What one look told us about one thing. Not knowing is a value, never a default. */
export type Seen<T> =
  | { readonly seen: "present"; readonly value: T }
  | { readonly seen: "absent" }
  | { readonly seen: "unreadable"; readonly why: string };

export type WorkloadKind = "Deployment" | "DaemonSet" | "StatefulSet";

export interface Workload {
  readonly kind: WorkloadKind;
  readonly metadata: Meta;
  /** Undefined for a DaemonSet, which has as many pods as hosts. */
  readonly replicas: number | undefined;
  readonly matchLabels: Labels;
  readonly template: PodTemplate;
  /** `RollingUpdate`, `Recreate` or `OnDelete`. */
  readonly strategy: string;
  /** How far a rolling update may go above and below the wanted number of pods: a number, or a share such as `25%`. */
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
  /** Only a StatefulSet has one: ordinals below it keep the old template. */
  readonly partition: number;
  /** Only a Deployment can be paused. */
  readonly paused: boolean;
  readonly status: WorkloadStatus;
}

/** Counts as the controller last reported them: only true of the generation it observed. */
export interface WorkloadStatus {
  readonly observedGeneration: number;
  /** Pods that exist, or for a DaemonSet hosts that should run one. */
  readonly desired: number;
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  /** A message of the controller that it cannot create pods (quota, admission), if it says so. */
  readonly createFailure?: string;
}

export interface ContainerState {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** How it ended, or ended the last time. */
  readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message: string };
}

export interface Pod {
  readonly metadata: Meta;
  readonly phase: string;
  readonly nodeName?: string;
  readonly podIP?: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  /** `<volume>=<kind>/<name>` for each volume that comes from a ConfigMap or Secret. */
  readonly sources: Labels;
  readonly states: readonly ContainerState[];
  readonly ready: boolean;
  readonly readySince?: Millis;
  /** Since when it is not ready, where it has been seen to be, or was never. */
  readonly unreadySince?: Millis;
  /** Why no host would take it, if the scheduler says so. */
  readonly unschedulable?: string;
}

export interface Job {
  readonly metadata: Meta;
  readonly template: PodTemplate;
  readonly active: number;
  readonly state: "running" | "succeeded" | "failed";
  /** Somebody has told it to make no pods: it is not over, and does not go on. */
  readonly suspended?: true;
  readonly finishedAt?: Millis;
  /** The reason and message of the Failed condition. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

export interface CronJob {
  readonly metadata: Meta;
  readonly template: PodTemplate;
}

export interface Autoscaler {
  readonly metadata: Meta;
  readonly targetKind: string;
  readonly targetName: string;
  readonly minReplicas: number;
}

/** A ConfigMap or Secret that somebody names. Values over the limit of the parser are `undefined`. */
export interface ConfigObject {
  readonly kind: "ConfigMap" | "Secret";
  readonly metadata: Meta;
  readonly immutable: boolean;
  /** When somebody last wrote to it, as far as the API server says; a pod that was created since was born with its content. */
  readonly changedAt: Millis;
  readonly data: ReadonlyMap<string, string | undefined>;
}

/** An immutable copy of a configuration file, with the digest of each key's text. */
export interface ConfigurationCopy {
  readonly name: string;
  readonly immutable: boolean;
  readonly digests: ReadonlyMap<string, string>;
  readonly metadata: Meta;
  /** What the operator made it for: `configuration` for a copy, `derived` for a file that only an upgrade needs. */
  readonly purpose: string;
}

export interface Upgrade {
  readonly metadata: Meta;
  readonly spec: Spec;
}

/** What the operator itself was configured with. */
export interface OperatorSettings {
  /** Prefixes of images that may be run. Empty: the repositories that the targets run now. */
  readonly imagesAllowed: readonly string[];
  readonly podLogs: boolean;
  /** Names of Secrets that may be read. */
  readonly secrets: readonly string[];
  /** Names of the providers that gates may ask. */
  readonly providers: readonly string[];
}

/** One moment, as the caches have it. */
export interface Observation {
  readonly now: Millis;
  readonly upgrade: Upgrade;
  readonly operator: OperatorSettings;
  /** Everything below is of the upgrade's namespace. */
  readonly workloads: Seen<readonly Workload[]>;
  readonly pods: Seen<readonly Pod[]>;
  readonly jobs: Seen<readonly Job[]>;
  readonly cronJobs: Seen<readonly CronJob[]>;
  readonly autoscalers: Seen<readonly Autoscaler[]>;
  readonly records: Seen<readonly AttemptRecord[]>;
  /** Copies of configuration that the operator made, for any resource: they outlive theirs. */
  readonly copies: Seen<readonly ConfigurationCopy[]>;
  /** The objects that spec.target.config names, by `<kind>/<name>`. */
  readonly files: ReadonlyMap<string, Seen<ConfigObject>>;
  /** The uids of all resources of this kind in the namespace: a claim of any other uid is void. */
  readonly upgradeUids: Seen<ReadonlySet<string>>;
  readonly probes: ReadonlyMap<string, ProbeResult>;
}

/** An Observation of which every part could be read. */
export interface World {
  readonly now: Millis;
  readonly upgrade: Upgrade;
  readonly operator: OperatorSettings;
  readonly workloads: readonly Workload[];
  readonly pods: readonly Pod[];
  readonly jobs: readonly Job[];
  readonly cronJobs: readonly CronJob[];
  readonly autoscalers: readonly Autoscaler[];
  readonly records: readonly AttemptRecord[];
  readonly copies: readonly ConfigurationCopy[];
  readonly files: ReadonlyMap<string, Seen<ConfigObject>>;
  readonly upgradeUids: ReadonlySet<string>;
  readonly probes: ReadonlyMap<string, ProbeResult>;
}

/** The whole of what was seen, or the reasons why some of it could not be. */
export function readWorld(seen: Observation): World | { readonly unreadable: readonly string[] } {
  const unreadable: string[] = [];
  const list = <T>(what: string, part: Seen<readonly T[]>): readonly T[] => {
    if (part.seen === "present") return part.value;
    if (part.seen === "unreadable") unreadable.push(`${what}: ${part.why}`);
    return [];
  };
  const world: World = {
    ...seen,
    workloads: list("workloads", seen.workloads),
    pods: list("pods", seen.pods),
    jobs: list("jobs", seen.jobs),
    cronJobs: list("cronjobs", seen.cronJobs),
    autoscalers: list("horizontalpodautoscalers", seen.autoscalers),
    records: list("attempt records", seen.records),
    copies: list("configuration copies", seen.copies),
    upgradeUids: seen.upgradeUids.seen === "present" ? seen.upgradeUids.value : new Set(),
  };
  if (seen.upgradeUids.seen === "unreadable") unreadable.push(`other upgrades: ${seen.upgradeUids.why}`);
  return unreadable.length > 0 ? { unreadable } : world;
}
