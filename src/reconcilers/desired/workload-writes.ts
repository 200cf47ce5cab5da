/**
 * The writes on workloads of others: JSON Patches that open with tests of what they were decided on. A stale one is refused
 * as a whole; status changes, which are frequent, do not refuse it. What is borrowed is recorded in the same write, and
 * given back by value (I9).
 */
import { ANNOTATION, FIELD_MANAGER, HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR } from "../../api/v1alpha1/names.ts";
import {
  type Agent,
  agentText,
  atTarget,
  isMovedByOthers,
  nodeSelectorBefore,
  nodeSelectorOf,
  replicasAfter,
  replicasBefore,
} from "../../model/agent.ts";
import { canonicalJson } from "../../model/digest.ts";
import type { Borrowed, Phase } from "../../model/marks.ts";
import type { Labels } from "../../model/meta.ts";
import type { Workload } from "../../model/observation.ts";
import type { Effect, Note, ObjectRef } from "../../model/outcome.ts";
import { type KubePatchOperation, pointer } from "../../model/patch.ts";
import { formatTime, type Millis } from "../../model/time.ts";
import { containerPath, setTemplate } from "./template-changes.ts";

/** Of which attempt, and when. */
export interface Moment {
  readonly plan: string;
  readonly retry: number;
  readonly now: Millis;
}

export const refOf = (workload: Workload): ObjectRef => ({
  kind: workload.kind,
  namespace: workload.metadata.namespace,
  name: workload.metadata.name,
});

const annotationPath = (key: string): string => pointer("metadata", "annotations", key);

/** The object, its spec, the container and the claim are those that were seen. */
function tests(agent: Agent): KubePatchOperation[] {
  const { uid, generation, annotations } = agent.workload.metadata;
  const operations: KubePatchOperation[] = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/generation", value: generation },
    { op: "test", path: containerPath(agent, "name"), value: agent.container.name },
  ];
  const claim = annotations[ANNOTATION.claim];
  if (claim !== undefined) operations.push({ op: "test", path: annotationPath(ANNOTATION.claim), value: claim });
  return operations;
}

/** Once its agents are down nobody can see any more where they were. */
const keptHosts = ({ hosts }: Phase, next: Phase["phase"]): Partial<Phase> =>
  hosts === undefined || next === "up" ? {} : { hosts };

function phaseMark(agent: Agent, moment: Moment, phase: Phase["phase"], more: Partial<Phase> = {}): KubePatchOperation {
  const before = agent.marks.phase;
  const same = before?.plan === moment.plan && before.retry === moment.retry;
  const at = formatTime(moment.now);
  const arrives = (phase === "up" || phase === "first") && !atTarget(agent);
  // Somebody has brought up what was taken down: that is a round, too.
  const again = same && phase === "down" && (before.phase === "down" || before.phase === "gone");
  const mark: Phase = {
    plan: moment.plan,
    phase,
    at,
    startedAt: same ? before.startedAt : at,
    rounds: (same ? before.rounds : 0) + (arrives || again ? 1 : 0),
    retry: moment.retry,
    ...(before?.plan === moment.plan ? keptHosts(before, phase) : {}),
    ...more,
  };
  return { op: "add", path: annotationPath(ANNOTATION.phase), value: canonicalJson(mark) };
}

function borrow(agent: Agent, loan: Borrowed): KubePatchOperation[] {
  // What was borrowed first is what must come back: a second loan never overwrites it, but what somebody else has set since does.
  const isTheirs = isScaledByOthers(agent) || isMovedByOthers(agent);
  if (agent.marks.borrowed !== undefined && !isTheirs) return [];
  return [{ op: "add", path: annotationPath(ANNOTATION.borrowed), value: canonicalJson(loan) }];
}

/** Somebody scaled the workload while the operator held it: that number, not the borrowed one, is what is wanted now. */
function isScaledByOthers(agent: Agent): boolean {
  const { phase, borrowed } = agent.marks;
  if (agent.workload.kind === "DaemonSet" || borrowed === undefined || phase === undefined) return false;
  const isOff = phase.phase === "down" || phase.phase === "gone";
  const held = isOff ? 0 : phase.phase === "first" ? Math.min(1, replicasAfter(agent)) : undefined;
  return held !== undefined && agent.workload.replicas !== held;
}

function returned(agent: Agent): KubePatchOperation[] {
  const present = agent.workload.metadata.annotations[ANNOTATION.borrowed] !== undefined;
  return present ? [{ op: "remove", path: annotationPath(ANNOTATION.borrowed) }] : [];
}

function setReplicas(agent: Agent, replicas: number): KubePatchOperation[] {
  if (agent.workload.kind === "DaemonSet" || agent.workload.replicas === replicas) return [];
  return [
    { op: "test", path: "/spec/replicas", value: agent.workload.replicas },
    { op: "replace", path: "/spec/replicas", value: replicas },
  ];
}

function setNodeSelector(agent: Agent, wanted: Labels | null): KubePatchOperation[] {
  const path = "/spec/template/spec/nodeSelector";
  const current = nodeSelectorOf(agent);
  if (canonicalJson(current ?? null) === canonicalJson(wanted)) return [];
  if (wanted === null)
    return [
      { op: "test", path, value: current },
      { op: "remove", path },
    ];
  if (current === undefined) return [{ op: "add", path, value: wanted }];
  return [
    { op: "test", path, value: current },
    { op: "replace", path, value: wanted },
  ];
}

function patch(agent: Agent, changes: readonly KubePatchOperation[], why: Note): Effect {
  const [first, ...rest] = [...tests(agent), ...changes];
  if (first === undefined) throw new Error("a patch without tests");
  return {
    kind: "patch",
    ref: refOf(agent.workload),
    operations: [first, ...rest],
    why: { ...why, object: agentText(agent) },
  };
}

/**
 * Nothing old may be there when it is made, and these are the pods that were seen: a watch of pods that is late shows none, too
 * (I2, I3, I8).
 */
export function onlyWithPodsOf(effect: Effect, seen: readonly Pick<Agent, "workload" | "pods">[]): Effect {
  if (effect.kind !== "patch") return effect;
  const onlyWith = seen.map(({ workload, pods: those }) => ({
    kind: "Pod" as const,
    namespace: workload.metadata.namespace,
    labels: workload.matchLabels,
    uids: those.map(({ metadata }) => metadata.uid),
  }));
  return { ...effect, onlyWith };
}

/** Where a first agent was tried already, and where it can be. */
export interface Where {
  readonly tried?: readonly string[];
  readonly hosts?: readonly string[];
}

const listed = ({ tried = [], hosts = [] }: Where): Partial<Phase> => ({
  ...(tried.length === 0 ? {} : { tried: [...tried] }),
  ...(hosts.length === 0 ? {} : { hosts: [...hosts] }),
});

/** No pods on any host. A DaemonSet asks for a host that does not exist; others have no replicas. */
export function takeDown(agent: Agent, moment: Moment, why: Note, where: Where = {}): Effect {
  const mark = phaseMark(agent, moment, "down", listed(where));
  if (agent.workload.kind === "DaemonSet") {
    const before = nodeSelectorBefore(agent);
    const selector = { ...before, [OFFLINE_NODE_SELECTOR]: "true" };
    return patch(agent, [...borrow(agent, { nodeSelector: before }), ...setNodeSelector(agent, selector), mark], why);
  }
  const loan = { replicas: agent.workload.replicas ?? 0 };
  return patch(agent, [...borrow(agent, loan), ...setReplicas(agent, 0), mark], why);
}

/** To zero for good: nothing is borrowed, because nothing will be given back. */
export function retire(agent: Agent, moment: Moment, why: Note): Effect {
  const offline = { ...nodeSelectorBefore(agent), [OFFLINE_NODE_SELECTOR]: "true" };
  const values = agent.workload.kind === "DaemonSet" ? setNodeSelector(agent, offline) : setReplicas(agent, 0);
  return patch(agent, [...returned(agent), ...values, phaseMark(agent, moment, "down")], why);
}

/** Image, configuration and everything that was borrowed, in one write. */
export function start(agent: Agent, moment: Moment, why: Note): Effect {
  return patch(
    agent,
    [...setTemplate(agent), ...giveBackValues(agent), ...returned(agent), phaseMark(agent, moment, "up")],
    why,
  );
}

/** One new agent: one replica, or one host. */
export function startFirst(
  agent: Agent,
  moment: Moment,
  host: { readonly node: string; readonly tried: readonly string[] } | undefined,
  why: Note,
): Effect {
  if (agent.workload.kind === "DaemonSet") {
    const before = nodeSelectorBefore(agent);
    const selector = host === undefined ? before : { ...before, [HOSTNAME_NODE_SELECTOR]: host.node };
    const more = host === undefined ? {} : { node: host.node, tried: [...host.tried] };
    return patch(
      agent,
      [
        ...borrow(agent, { nodeSelector: before }),
        ...setTemplate(agent),
        ...setNodeSelector(agent, selector),
        phaseMark(agent, moment, "first", more),
      ],
      why,
    );
  }
  const one = Math.min(1, replicasAfter(agent));
  return patch(
    agent,
    [
      ...borrow(agent, { replicas: replicasBefore(agent) }),
      ...setTemplate(agent),
      ...setReplicas(agent, one),
      phaseMark(agent, moment, "first"),
    ],
    why,
  );
}

/** The others: what was borrowed comes back, the template stays. */
export function startRest(agent: Agent, moment: Moment, why: Note): Effect {
  return patch(agent, [...giveBackValues(agent), ...returned(agent), phaseMark(agent, moment, "rest")], why);
}

const SECOND: Millis = 1000;

/**
 * Nothing changes but the mark: its last pod is gone, and from now on its group forgets it. Marks are in whole seconds, cut off;
 * this one is the next second, because less than the whole time-out is not enough.
 */
export function markGone(agent: Agent, moment: Moment, why: Note): Effect {
  const now = Math.ceil(moment.now / SECOND) * SECOND;
  return patch(agent, [phaseMark(agent, { ...moment, now }, "gone")], why);
}

/** Nothing changes but the clock of the step, which starts anew: a retry is asked for. */
export function restartClock(agent: Agent, moment: Moment, why: Note): Effect {
  const { phase = "up", node, tried } = agent.marks.phase ?? {};
  const pinned = { ...(node === undefined ? {} : { node }), ...(tried === undefined ? {} : { tried }) };
  return patch(agent, [phaseMark(agent, moment, phase, phase === "first" ? pinned : {})], why);
}

/** What was borrowed comes back and nothing else changes: the resource is being deleted. */
export function giveBack(agent: Agent, why: Note): Effect {
  const replicas = isScaledByOthers(agent) ? [] : setReplicas(agent, replicasBefore(agent));
  const values = agent.workload.kind === "DaemonSet" ? setNodeSelector(agent, nodeSelectorBefore(agent)) : replicas;
  return patch(agent, [...values, ...returned(agent)], why);
}

function giveBackValues(agent: Agent): KubePatchOperation[] {
  if (agent.workload.kind === "DaemonSet") return setNodeSelector(agent, nodeSelectorBefore(agent));
  if (agent.wanted.replicas === undefined && isScaledByOthers(agent)) return [];
  return setReplicas(agent, replicasAfter(agent));
}

/** Only one attempt of one resource works on a workload. The loser of two claims is refused with a conflict. */
export function claim(workload: Workload, upgrade: string, record: string, why: Note): Effect {
  return {
    kind: "annotate",
    ref: refOf(workload),
    uid: workload.metadata.uid,
    resourceVersion: workload.metadata.resourceVersion,
    metadata: { annotations: { [ANNOTATION.claim]: canonicalJson({ upgrade, record }) } },
    why: { ...why, object: `${workload.kind}/${workload.metadata.name}` },
  };
}

const isOurs = ({ manager, operation, subresource }: Workload["metadata"]["managers"][number]): boolean =>
  manager === FIELD_MANAGER && operation === "Update" && subresource === undefined;

/** The operator is still an owner of some of its spec. Its note of the plan stays its own. */
export const isOwned = ({ metadata }: Workload): boolean =>
  metadata.managers.some((each) => isOurs(each) && each.ofSpec === true);

/**
 * Lets go of a workload: the claim, the marks and (unless it is to be kept) the ownership of the fields that were written,
 * so that the next server-side apply of somebody else meets no conflict.
 */
export function release(
  workload: Workload,
  options: { readonly completedPlan?: string; readonly keepOwnership: boolean },
  why: Note,
): Effect {
  const { uid, resourceVersion, annotations, managers } = workload.metadata;
  const operations: KubePatchOperation[] = [{ op: "test", path: "/metadata/resourceVersion", value: resourceVersion }];
  for (const key of [ANNOTATION.claim, ANNOTATION.phase, ANNOTATION.borrowed]) {
    if (annotations[key] !== undefined) operations.push({ op: "remove", path: annotationPath(key) });
  }
  if (options.completedPlan !== undefined) {
    operations.push({ op: "add", path: annotationPath(ANNOTATION.completedPlan), value: options.completedPlan });
  }
  if (!options.keepOwnership) {
    const ours = managers.flatMap((each, index) => (isOurs(each) ? [index] : []));
    for (const index of ours.toReversed()) {
      operations.push({ op: "test", path: `/metadata/managedFields/${index}/manager`, value: FIELD_MANAGER });
      operations.push({ op: "remove", path: `/metadata/managedFields/${index}` });
    }
  }
  return {
    kind: "patch",
    ref: refOf(workload),
    operations: [{ op: "test", path: "/metadata/uid", value: uid }, ...operations],
    why: { ...why, object: `${workload.kind}/${workload.metadata.name}` },
  };
}
