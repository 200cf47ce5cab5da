/**
 * One workload of a component and its pods, seen beside what it should become. Old and new are what a pod runs, never its
 * age: a pod is new if its agent's container has the target's image and the target's configuration.
 */
import { FIELD_MANAGER, HOSTNAME_NODE_SELECTOR, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { RecordedTarget } from "./attempt.ts";
import type { AgentComponent } from "./component.ts";
import { canonicalJson } from "./digest.ts";
import { type Marks, marksOf } from "./marks.ts";
import type { Labels } from "./meta.ts";
import type { Pod, Workload } from "./observation.ts";
import type { Container, PodTemplate, Volume, VolumeMount } from "./pod-template.ts";

/** A configuration file that the agent's container should have at a path. */
export interface WantedMount {
  readonly path: string;
  /** The volume's name in the template. */
  readonly volume: string;
  readonly kind: "ConfigMap" | "Secret";
  readonly object: string;
  readonly key: string;
}

/** A path where a file of the upgrade's own was mounted for a while: what was there before is to be there again. */
export interface Undone {
  readonly path: string;
  /** The volume that was borrowed for it. */
  readonly volume: string;
  readonly before: { readonly mount?: VolumeMount | undefined; readonly volume?: Volume | undefined };
}

export interface Wanted {
  readonly image: string;
  readonly mounts: readonly WantedMount[];
  readonly undone: readonly Undone[];
  /** A ceilometer.conf snippet that is mounted and appended to the command line as one more --config-file. */
  readonly appended: WantedMount | undefined;
  /** Replicas afterwards, where the resource asks for a number. */
  readonly replicas: number | undefined;
  /** The node selector afterwards, where a DaemonSet was kept down by what is undone. Null: none. */
  readonly hosts?: Labels | null;
  /** The target has no such component: the workload is kept at zero. */
  readonly retires?: boolean;
}

/** Where a snippet is mounted that is appended to the command line: never a path of anybody else's. */
export const APPENDED_DIRECTORY = "/etc/ceilometer-upgrade";
/** Names of the volumes of such snippets begin so. */
export const APPENDED_VOLUME = "ceilometer-upgrade-conf-";

export interface Agent {
  readonly component: AgentComponent;
  readonly workload: Workload;
  readonly container: Container;
  readonly containerIndex: number;
  readonly wanted: Wanted;
  readonly marks: Marks;
  readonly recorded: RecordedTarget | undefined;
  /** Pods that run or terminate. An evicted pod's object stays for ever and counts for nothing. */
  readonly pods: readonly Pod[];
}

export const agentText = (agent: { readonly workload: Workload }): string =>
  `${agent.workload.kind}/${agent.workload.metadata.name}`;

/** A pod is gone once it is deleted, or has ended for good; a terminating one is not. */
export function isLive(pod: Pod): boolean {
  return pod.phase !== "Failed" && pod.phase !== "Succeeded";
}

export function matches(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/**
 * Whether a selector means a pod. What the operator makes has the usual labels, too, which may be all that a selector asks for: the pod
 * of one of its Jobs is no agent, and that of an isolated group one of that group's only.
 */
export function selects(selector: Labels, { metadata: { labels } }: Pod): boolean {
  const isOwn = labels[LABEL.purpose] !== undefined && selector[LABEL.purpose] === undefined;
  return !isOwn && matches(selector, labels);
}

/** The live pods that belong to a workload: by its selector, which a pod keeps while it terminates. */
export function podsOf(workload: Workload, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) => isLive(pod) && selects(workload.matchLabels, pod));
}

export function makeAgent(input: Omit<Agent, "marks" | "pods">, pods: readonly Pod[]): Agent {
  return { ...input, marks: marksIn(input), pods: podsOf(input.workload, pods) };
}

/**
 * Somebody may have wiped the marks of a workload that is held: what is owed is in the record, too. That it is owed is plain where
 * the operator was the last one to say how many agents there are, or where, and this is not what there was.
 */
function marksIn({ workload, recorded }: Pick<Agent, "workload" | "recorded">): Marks {
  const marks = marksOf(workload.metadata);
  const { kind, metadata, template } = workload;
  const isHeld = marks.claim !== undefined && marks.borrowed === undefined && marks.phase === undefined;
  const isOurs = metadata.managers.some(({ manager, ofPlaces }) => manager === FIELD_MANAGER && ofPlaces === true);
  if (!isHeld || !isOurs || recorded === undefined) return marks;
  const { nodeSelector, replicas, replicasAfter } = recorded;
  if (kind === "DaemonSet") {
    const isSame = canonicalJson(template.spec.nodeSelector ?? null) === canonicalJson(nodeSelector);
    return isSame ? marks : { ...marks, borrowed: { nodeSelector } };
  }
  const isOwed = replicas !== undefined && ![replicas, replicasAfter].includes(workload.replicas);
  return isOwed ? { ...marks, borrowed: { replicas } } : marks;
}

/** The same workload, with something else wanted of it: a stage on the way, or where it came from. */
export const wanting = (agent: Agent, wanted: Partial<Wanted>): Agent => ({
  ...agent,
  wanted: { ...agent.wanted, ...wanted },
});

/** A reason is given where the template is not at the target, for people who ask what is still to do. */
export function templateGap(agent: Agent): string | undefined {
  const { container, workload, wanted } = agent;
  if (container.image !== wanted.image) return `runs ${container.image}`;
  const mounts = wanted.appended === undefined ? wanted.mounts : [...wanted.mounts, wanted.appended];
  const missing = mounts.find((mount) => !hasMount(workload.template, container, mount));
  if (missing !== undefined) return `${missing.path} is not ${missing.kind}/${missing.object}`;
  const kept = wanted.undone.find((each) => !isUndone(workload.template, container, each));
  if (kept !== undefined) return `${kept.path} is not what it was before`;
  const appended = appendedFiles(container);
  const right = wanted.appended === undefined ? [] : [wanted.appended.path];
  return appended.join() === right.join() ? undefined : `its command line has ${appended.join(", ") || "no snippet"}`;
}

export const atTarget = (agent: Agent): boolean => templateGap(agent) === undefined;

/** Paths of snippets that an upgrade has appended to the command line. */
export function appendedFiles(container: Container): readonly string[] {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  return words.filter((word) => word.startsWith(`${APPENDED_DIRECTORY}/`));
}

function isUndone(template: PodTemplate, container: Container, { path, volume, before }: Undone): boolean {
  const mount = container.volumeMounts?.find((candidate) => candidate.mountPath === path);
  const source = template.spec.volumes?.find((candidate) => candidate.name === volume);
  return (
    canonicalJson(mount ?? null) === canonicalJson(before.mount ?? null) &&
    canonicalJson(source ?? null) === canonicalJson(before.volume ?? null)
  );
}

/** `<kind>/<name>` of the object that a volume takes its files from, where it takes them from one. */
export function sourceOfVolume(volume: Volume | undefined): string | undefined {
  if (volume?.configMap !== undefined) return `ConfigMap/${volume.configMap.name}`;
  return volume?.secret === undefined ? undefined : `Secret/${volume.secret.secretName}`;
}

function hasMount(template: PodTemplate, container: Container, wanted: WantedMount): boolean {
  const volume = template.spec.volumes?.find((candidate) => candidate.name === wanted.volume);
  const object = wanted.kind === "ConfigMap" ? volume?.configMap?.name : volume?.secret?.secretName;
  const mount = container.volumeMounts?.find((candidate) => candidate.mountPath === wanted.path);
  return object === wanted.object && mount?.name === wanted.volume && mount.subPath === wanted.key;
}

/** Whether a pod's agent runs the target's image and configuration. */
export function isNew(agent: Agent, pod: Pod): boolean {
  const container = pod.containers.find((candidate) => candidate.name === agent.container.name);
  const { wanted } = agent;
  // Of what retires there is none, though the resource may give it the image that it has.
  if (wanted.retires === true || container?.image !== wanted.image) return false;
  if (!wanted.mounts.every((mount) => pod.sources[mount.volume] === `${mount.kind}/${mount.object}`)) return false;
  if (!wanted.undone.every(({ volume, before }) => pod.sources[volume] === sourceOfVolume(before.volume))) return false;
  const { appended } = wanted;
  const snippets = Object.entries(pod.sources).filter(([volume]) => volume.startsWith(APPENDED_VOLUME));
  const right = appended === undefined ? [] : [[appended.volume, `${appended.kind}/${appended.object}`]];
  return canonicalJson(snippets) === canonicalJson(right);
}

export const oldPods = (agent: Agent): readonly Pod[] => agent.pods.filter((pod) => !isNew(agent, pod));
export const newPods = (agent: Agent): readonly Pod[] => agent.pods.filter((pod) => isNew(agent, pod));

/**
 * Whether something is still to be done to the workload itself: its template is not at the target, or it is and old pods run
 * that this plan has not replaced (somebody else changed the template, or its strategy leaves old pods alone).
 */
export function needsWork(agent: Agent, plan: string): boolean {
  if (!atTarget(agent)) return true;
  const phase = agent.marks.phase;
  const started = phase?.plan === plan && phase.phase !== "down" && phase.phase !== "gone";
  return !started && oldPods(agent).length > 0;
}

/** The node selector of the template, undefined where it has none. */
export const nodeSelectorOf = (agent: Agent): Labels | undefined => agent.workload.template.spec.nodeSelector;

/** Asked to run nowhere: no replicas, or a host that does not exist. */
export function isDown(agent: Agent): boolean {
  if (agent.workload.kind === "DaemonSet") return nodeSelectorOf(agent)?.[OFFLINE_NODE_SELECTOR] !== undefined;
  return agent.workload.replicas === 0;
}

/**
 * Its controller would make old pods again: where the strategy of a StatefulSet names no partition, each ordinal below the number of
 * old pods that its status still counts gets a pod of the old template (`newVersionedStatefulSetPod`, Kubernetes v1.36.3), though the
 * last of them is gone.
 */
function isCountedStill(agent: Agent): boolean {
  return agent.workload.kind === "StatefulSet" && isDown(agent) && agent.workload.status.current > 0;
}

/** Though none of its old pods is left, its controller may make another one: it has not acted on the last write, or not counted them out. */
export function mayMakeOld(agent: Agent): boolean {
  return !isObserved(agent) || isCountedStill(agent);
}

/** The host that a DaemonSet is pinned to by the operator, if it is. */
export function pinnedTo(agent: Agent): string | undefined {
  const phase = agent.marks.phase;
  if (agent.workload.kind !== "DaemonSet" || phase?.phase !== "first") return undefined;
  return phase.node !== undefined && nodeSelectorOf(agent)?.[HOSTNAME_NODE_SELECTOR] === phase.node
    ? phase.node
    : undefined;
}

/** The record speaks of the time before the attempt: it is asked only where what is there now was put there by us. */
function recordedIfHeld(agent: Agent): RecordedTarget | undefined {
  const phase = agent.marks.phase?.phase;
  return phase === "down" || phase === "gone" || phase === "first" ? agent.recorded : undefined;
}

/** What a workload had before anything was borrowed: from its own mark, else from the record, else what it has. */
export function replicasBefore(agent: Agent): number {
  return agent.marks.borrowed?.replicas ?? recordedIfHeld(agent)?.replicas ?? agent.workload.replicas ?? 0;
}

export function nodeSelectorBefore(agent: Agent): Labels | null {
  if (agent.wanted.hosts !== undefined) return agent.wanted.hosts;
  const borrowed = agent.marks.borrowed?.nodeSelector;
  if (borrowed !== undefined) return isMovedByOthers(agent) ? movedTo(agent, borrowed) : borrowed;
  const recorded = recordedIfHeld(agent);
  return recorded === undefined ? (nodeSelectorOf(agent) ?? null) : recorded.nodeSelector;
}

/**
 * Somebody gave a DaemonSet other hosts while the operator held it: what the operator writes is what it has borrowed and a key of its
 * own, and nothing else. Those hosts, not the borrowed ones, are what is wanted now.
 */
export function isMovedByOthers(agent: Agent): boolean {
  const { borrowed, phase } = agent.marks;
  if (agent.workload.kind !== "DaemonSet" || borrowed?.nodeSelector === undefined) return false;
  if (phase === undefined || !["down", "gone", "first"].includes(phase.phase)) return false;
  return canonicalJson(movedTo(agent, borrowed.nodeSelector) ?? {}) !== canonicalJson(borrowed.nodeSelector ?? {});
}

/**
 * Their selector without what the operator holds a DaemonSet by, now or at a step before: `kubectl rollout undo` brings such a
 * template back. In the place of it there may have been another value before.
 */
function movedTo(agent: Agent, borrowed: Labels | null): Labels | null {
  const { node, tried = [], hosts = [] } = agent.marks.phase ?? {};
  const pins = new Set([...(node === undefined ? [] : [node]), ...tried, ...hosts]);
  const isHold = (key: string, value: string): boolean =>
    key === OFFLINE_NODE_SELECTOR || (key === HOSTNAME_NODE_SELECTOR && pins.has(value));
  const theirs = Object.entries(nodeSelectorOf(agent) ?? {}).filter(([key, value]) => !isHold(key, value));
  const held = [OFFLINE_NODE_SELECTOR, HOSTNAME_NODE_SELECTOR].filter((key) =>
    isHold(key, nodeSelectorOf(agent)?.[key] ?? ""),
  );
  const before = Object.entries(borrowed ?? {}).filter(([key]) => held.includes(key));
  return theirs.length + before.length === 0 ? null : Object.fromEntries([...theirs, ...before]);
}

/** Replicas at the end: what the resource asks for, else what there were. */
export const replicasAfter = (agent: Agent): number => agent.wanted.replicas ?? replicasBefore(agent);

/**
 * Its controller has acted on the last write. Until then it may make a pod of the generation before, in the place of one that
 * was evicted, and its counts describe that generation.
 */
export function isObserved({ workload: { status, metadata } }: Agent): boolean {
  return status.observedGeneration >= metadata.generation;
}

/** The controller has seen the template, and every pod it wants is new and available. */
export function isRolledOut(agent: Agent): boolean {
  const { status, kind, replicas, strategy } = agent.workload;
  if (!isObserved(agent)) return false;
  if (oldPods(agent).length > 0) return false;
  if (kind === "DaemonSet") {
    // With OnDelete a verified first agent keeps the pin of its own template, so it never counts as updated.
    const updated = strategy === "OnDelete" || status.updated >= status.desired;
    return updated && status.available >= status.desired;
  }
  const wanted = replicas ?? 0;
  if (kind === "StatefulSet") {
    // With OnDelete the revisions never agree, so the pods themselves are counted.
    const ready = newPods(agent).filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);
    return ready.length === wanted && status.ready === wanted;
  }
  return status.updated === wanted && status.current === wanted && status.available === wanted;
}
