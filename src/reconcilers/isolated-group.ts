/**
 * The isolated polling group of one workload through its life: started with exactly the new pollsters, verified to poll them,
 * stopped when no old agent is left, removed at the end with the files that were derived for it (clause P4, I7).
 */
import { LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import { type Agent, agentText, isLive, isRolledOut, makeAgent, templateGap } from "../model/agent.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import { elapsed } from "../model/clock.ts";
import type { ConfigurationCopy, Workload, World } from "../model/observation.ts";
import type { Effect, Note, ObjectsSeen, Outcome, Violation } from "../model/outcome.ts";
import { shownName } from "../model/shown-name.ts";
import { formatDuration } from "../model/time.ts";
import { troubleOf } from "../model/trouble.ts";
import { isolatedMount, isolatedSnippet, isolatedWorkload, stopIsolated } from "./desired/isolated-workload.ts";
import { waitForPods } from "./own-job.ts";
import { waitUntilSteady } from "./progress.ts";
import type { Scene } from "./scene.ts";
import { seePolling } from "./see-polling.ts";

const CLAUSE = "P4";
const MOST_NAMES = 5;

/** A workload whose new pollsters start in a group of their own. */
export interface Isolating {
  readonly agent: Agent;
  readonly plan: RecordedPolling;
  readonly isolated: NonNullable<RecordedPolling["isolated"]>;
}

export function isolating(agents: readonly Agent[]): readonly Isolating[] {
  return agents.flatMap((agent) => {
    const plan = agent.recorded?.polling;
    return plan?.path === "Isolate" && plan.isolated !== undefined ? [{ agent, plan, isolated: plan.isolated }] : [];
  });
}

/** By its owner, never by its name alone. */
export function isolatedOf(world: World, { isolated }: Pick<Isolating, "isolated">): Workload | undefined {
  return world.workloads.find(
    ({ kind, metadata }) =>
      kind === isolated.kind && metadata.name === isolated.name && metadata.owner?.uid === world.upgrade.metadata.uid,
  );
}

/** The copy as an agent of its own: what its pods must run to count as it. */
function asAgent(world: World, { agent, plan, isolated }: Isolating, workload: Workload): Agent | undefined {
  const { containers } = workload.template.spec;
  const containerIndex = containers.findIndex(({ name }) => name === agent.container.name);
  const container = containers[containerIndex];
  if (container === undefined) return undefined;
  const mounts = [...agent.wanted.mounts.filter(({ path }) => path !== plan.file.path), isolatedMount(plan, isolated)];
  const appended = isolated.config === undefined ? undefined : isolatedSnippet(isolated.config);
  const wanted = { ...agent.wanted, mounts, undone: [], appended };
  return makeAgent(
    { component: "polling", workload, container, containerIndex, wanted, recorded: undefined },
    world.pods,
  );
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(shownName).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** Undefined once the group runs, was seen to poll and stays up. */
export function startIsolated(scene: Scene, one: Isolating): Outcome | undefined {
  const { world, target } = scene;
  const { agent, plan, isolated } = one;
  const object = `${isolated.kind}/${isolated.name}`;
  const existing = isolatedOf(world, one);
  if (existing === undefined) {
    const taken = isNameTaken(world, one);
    if (taken !== undefined) return taken;
    const message = `start ${object} beside ${agentText(agent)}, in the group ${isolated.prefix}, to poll only what is new: ${named(plan.added ?? [])}`;
    const note = { reason: "Isolating", message, clause: CLAUSE, object };
    const body = isolatedWorkload(agent, plan, isolated, world.upgrade, target);
    return { kind: "act", effect: { kind: "create", object: body, why: note }, note };
  }
  const copy = asAgent(world, one, existing);
  // What was stopped, or is not what was made, is made anew: that it is there proves nothing.
  if (copy === undefined || isGroupStopped(existing)) return retire(world, existing, "which does not poll what is new");
  if (!isRolledOut(copy)) return waitForCopy(scene, copy);
  const since = copy.workload.metadata.createdAt;
  return (
    seePolling(scene, copy, { since, what: "the new pollsters", whose: "the isolated agents" }) ??
    waitUntilSteady(scene, [copy], CLAUSE)
  );
}

/** A workload of the group's name that is not this resource's: it may poll what the group is for, and is not ours to stop. */
export function isNameTaken(world: World, one: Isolating): Outcome | undefined {
  const { kind, name } = one.isolated;
  const isThere = world.workloads.some((each) => each.kind === kind && each.metadata.name === name);
  if (!isThere || isolatedOf(world, one) !== undefined) return undefined;
  const violation: Violation = {
    gate: "PartitionGroup",
    object: `${kind}/${name}`,
    reason: "NameTaken",
    message: "a workload of that name exists and belongs to somebody else",
    remedy: "rename or delete it",
    severity: "Error",
  };
  return { kind: "held", violations: [violation] };
}

function waitForCopy(scene: Scene, copy: Agent): Outcome {
  const { world, record } = scene;
  const { status, metadata, replicas } = copy.workload;
  const { spec } = world.upgrade;
  const seconds = spec.components.polling?.progressDeadlineSeconds ?? spec.progressDeadlineSeconds;
  const spent = elapsed(record.clock, metadata.createdAt, world.now);
  const object = agentText(copy);
  const message = `${object}: ${status.available} of ${replicas ?? status.desired} isolated agents available`;
  const trouble = troubleOf(copy);
  // Its pods may run, and none of them counts: what is left to do is another thing than to look at them.
  const gap = templateGap(copy);
  const remedy =
    gap === undefined
      ? "look at the pods of the isolated group; the upgrade goes on by itself when they are available"
      : `somebody has changed it: ${gap}; delete ${object}, and it is made anew`;
  const late: readonly Violation[] =
    spent < seconds * 1000
      ? []
      : [
          {
            gate: "ProgressDeadline",
            object,
            reason: "ProgressDeadlineExceeded",
            message: `${message} for ${formatDuration(spent)}, longer than the deadline of ${formatDuration(seconds * 1000)}`,
            remedy,
            severity: "Error",
          },
        ];
  const [first, ...rest] = [...trouble, ...late];
  const recheckAt = world.now + Math.max(0, seconds * 1000 - spent);
  if (first !== undefined) return { kind: "held", violations: [first, ...rest], recheckAt };
  return { kind: "wait", note: { reason: "Isolating", message, clause: CLAUSE, object }, recheckAt };
}

/** No agent of the group is wanted to run. */
export function isGroupStopped({ kind, template, replicas }: Workload): boolean {
  return kind === "DaemonSet" ? template.spec.nodeSelector?.[OFFLINE_NODE_SELECTOR] !== undefined : replicas === 0;
}

/** Undefined once no agent of the group runs any more. */
export function stopGroup(world: World, workload: Workload, why: Note): Outcome | undefined {
  const note = { ...why, object: agentText({ workload }) };
  if (!isGroupStopped(workload)) return { kind: "act", effect: stopIsolated(workload, note), note };
  const observed = workload.status.observedGeneration >= workload.metadata.generation;
  const pods = podsOfCopy(world, workload);
  const left = pods.length;
  if (left === 0 && observed) return undefined;
  const message = `${left} agent${left === 1 ? "" : "s"} of the isolated group ${agentText({ workload })} not gone yet`;
  const going = pods.filter(({ metadata }) => metadata.deletingSince !== undefined);
  return waitForPods(world, going, { ...note, message });
}

const podsOfCopy = (world: World, { matchLabels }: Workload) =>
  world.pods.filter(
    (pod) => isLive(pod) && Object.entries(matchLabels).every(([key, value]) => pod.metadata.labels[key] === value),
  );

/**
 * One deletion at a time of what was made for isolated groups of this resource, in this attempt or in one that was given up:
 * the copies, then the files that nobody mounts any more. Undefined once nothing of it is left.
 */
export function removeGroups(world: World, why: Note): Effect | undefined {
  const [workload] = isolatedWorkloads(world);
  if (workload !== undefined) return removal(workload.kind, workload.metadata, why);
  const file = derivedFiles(world).find((each) => !isMounted(world, each.name));
  return file === undefined ? undefined : removal("ConfigMap", file.metadata, why);
}

/** Groups of an attempt that was given up are stopped and removed before this one starts its own. */
export function retireAbandoned(scene: Scene): Outcome | undefined {
  const { world, agents } = scene;
  const own = new Set(isolating(agents.polling).map(({ isolated }) => isolated.name));
  const abandoned = isolatedWorkloads(world).find(({ metadata }) => !own.has(metadata.name));
  return abandoned && retire(world, abandoned, "the isolated group of an attempt that was given up");
}

/** Stops it, and removes it when it runs nowhere any more. */
function retire(world: World, workload: Workload, which: string): Outcome {
  const object = agentText({ workload });
  const why = { reason: "RetiringIsolated", message: `stop ${object}, ${which}`, clause: CLAUSE, object };
  const stopped = stopGroup(world, workload, why);
  if (stopped !== undefined) return stopped;
  const note = { ...why, reason: "RemovingIsolated", message: `remove ${object}, which runs nowhere any more` };
  return { kind: "act", effect: removal(workload.kind, workload.metadata, note), note };
}

/** The isolated groups that this resource owns. */
export function isolatedWorkloads(world: World): readonly Workload[] {
  const { uid } = world.upgrade.metadata;
  return world.workloads.filter(
    ({ metadata }) => metadata.owner?.uid === uid && metadata.labels[LABEL.purpose] === "isolated",
  );
}

/** What nobody may let go that has not seen it: it would stay for good. */
export function filesSeen(world: World): ObjectsSeen {
  const { namespace, uid } = world.upgrade.metadata;
  const labels = { [LABEL.upgrade]: uid, [LABEL.purpose]: "derived" };
  return { kind: "ConfigMap", namespace, labels, uids: derivedFiles(world).map(({ metadata }) => metadata.uid) };
}

function derivedFiles(world: World): readonly ConfigurationCopy[] {
  const { uid } = world.upgrade.metadata;
  return world.copies.filter(
    ({ purpose, metadata }) => purpose === "derived" && metadata.labels[LABEL.upgrade] === uid,
  );
}

/** A file that some template or live pod names stays, or the pod could not start again. */
function isMounted(world: World, name: string): boolean {
  const source = `ConfigMap/${name}`;
  const named = world.workloads.some(({ template }) =>
    template.spec.volumes?.some(({ configMap }) => configMap?.name === name),
  );
  return named || world.pods.some((pod) => isLive(pod) && Object.values(pod.sources).includes(source));
}

function removal(kind: string, { namespace, name, uid, resourceVersion }: Workload["metadata"], why: Note): Effect {
  return {
    kind: "delete",
    ref: { kind, namespace, name },
    uid,
    resourceVersion,
    why: { ...why, object: `${kind}/${name}` },
  };
}
