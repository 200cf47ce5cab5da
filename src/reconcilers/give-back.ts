/**
 * The resource is being deleted, or a workload was dropped from it: what was borrowed is given back by value (I9), without
 * breaking the order that holds meanwhile (I2, I3). A workload that is down comes back as it was, unless another one of its
 * component was brought to the target already: then it comes back as that, because old and new must not run together.
 */
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { startsOldPods } from "../gates/workload-fits.ts";
import {
  type Agent,
  agentText,
  appendedFiles,
  atTarget,
  isDown,
  isObserved,
  makeAgent,
  mayMakeOld,
  oldPods,
  type Wanted,
  wanting,
} from "../model/agent.ts";
import { type AttemptRecord, foremostFirst, type RecordedTarget } from "../model/attempt.ts";
import { AGENT_COMPONENTS, type AgentComponent } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import { marksOf } from "../model/marks.ts";
import type { Workload, World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import { parseRelease } from "../model/release.ts";
import { releaseRecords } from "./attempt-writes.ts";
import { type Awaited, awaited, keptJob, untilGone } from "./awaited.ts";
import { giveBack, onlyWithPodsOf, release, start, takeDown } from "./desired/workload-writes.ts";
import { dropFinalizer } from "./finish.ts";
import { filesSeen, isolatedWorkloads, removeGroups, stopGroup } from "./isolated-group.ts";
import { nextDoubt } from "./progress.ts";
import { allAgents, type Scene } from "./scene.ts";
import { mountsFor, undoneBy } from "./targets.ts";
import { type Told, waiting } from "./tell.ts";
import { wantedBack } from "./way-back.ts";

const WHY: Note = { reason: "GivingBack", message: "give back what was borrowed, by value", clause: "I9" };

export function giveEverythingBack(world: World): Decision {
  const none: Note = { reason: "Deleting", message: "nothing is borrowed any more; the resource can go" };
  if (!world.upgrade.metadata.finalizers.includes(FINALIZER)) return waiting("Deleting", none, { steps: [] });

  const doubtAt = nextDoubt(world.pods, world.now);
  const told: Told = { steps: [], ...(doubtAt === undefined ? {} : { recheckAt: doubtAt }) };
  const running = keptJob(world);
  if (running !== undefined) return waiting("Deleting", running, told);
  const next = nextReturn(world) ?? releaseRecords(world.records) ?? dropFinalizer(world, [filesSeen(world)]);
  if (!("kind" in next)) {
    const { remedy, ...note } = next;
    const message = remedy === undefined ? note.message : `${note.message}; ${remedy}`;
    return waiting("Deleting", { ...note, message }, told);
  }
  return { ...waiting("Deleting", next.why, { steps: [] }), effect: next };
}

/** What was borrowed and is still out; undefined once nothing is, and all is let go. */
function nextReturn(world: World): Effect | Awaited | undefined {
  const ours = world.workloads.filter((workload) => isOurs(workload, world));
  const [next] = ours;
  return (
    mayNotWiden(world, ours) ??
    stopGroups(world, "the resource is being deleted") ??
    widenAll(world, ours) ??
    bringBack(world, ours, () => true) ??
    undo(world, ours) ??
    returnForgotten(world, ours) ??
    removeGroups(world, { ...WHY, message: "remove what was made for a while" }) ??
    (next === undefined ? undefined : release(next, { keepOwnership: false }, { ...WHY, message: "let it go" }))
  );
}

/** Isolated groups stop before the others poll what they polled (I7). */
function stopGroups(world: World, because: string): Effect | Awaited | undefined {
  for (const workload of isolatedWorkloads(world)) {
    const message = `stop the isolated group ${agentText({ workload })}: ${because}`;
    const outcome = stopGroup(world, workload, { ...WHY, message });
    if (outcome?.kind === "act") return outcome.effect;
    if (outcome?.kind === "wait") return outcome.note;
    if (outcome?.kind === "held") return awaited(outcome.violations[0]);
  }
  return undefined;
}

/**
 * Agents that poll only what old and new share get the whole file, as at the end of an upgrade: all at once and without overlap.
 * Else those that poll all of it would share their group with old ones, or with those that do not yet, and what is new would go
 * unpolled wherever one of these has the resource (I7).
 */
function widenAll(world: World, workloads: readonly Workload[]): Effect | Awaited | undefined {
  const narrow = narrowAgents(world, workloads);
  const momentOf = (plan: string) => ({ plan, retry: 0, now: world.now });
  const up = narrow.find(({ agent }) => !isDown(agent));
  if (up !== undefined) {
    const message = `stop ${agentText(up.agent)} to give it the whole file`;
    return takeDown(up.agent, momentOf(up.plan), { ...WHY, message });
  }
  const left = narrow.find(({ agent }) => agent.pods.length > 0 || mayMakeOld(agent));
  if (left !== undefined) {
    const object = agentText(left.agent);
    const message = `${object} gets the whole of its polling file when its pods are gone`;
    return untilGone(world, left.agent, { reason: "WaitingForOldPods", message, clause: "P4", object });
  }
  const [next] = narrow;
  if (next === undefined) return undefined;
  const message = `${agentText(next.agent)} polls the whole of its file again`;
  const effect = start(next.agent, momentOf(next.plan), { ...WHY, message });
  return onlyWithPodsOf(
    effect,
    narrow.map(({ agent }) => agent),
  );
}

/** Those that poll only what old and new share, each as it gets the whole file. */
function narrowAgents(
  world: World,
  workloads: readonly Workload[],
): readonly { readonly agent: Agent; readonly plan: string }[] {
  return workloads.flatMap((workload) => {
    const record = world.records.find((each) => isNarrowBy(workload, each));
    const agent = asOf(world, workload, record);
    if (agent === undefined || record === undefined) return [];
    // On the image that it has: two attempts may derive one file, and the database step of the later one not be taken (I1).
    return [{ agent: wanting(agent, { image: agent.container.image }), plan: record.plan }];
  });
}

/** One of them could not be started: before the isolated group stops, or nobody would poll until a person has cleared the way (I7). */
function mayNotWiden(world: World, workloads: readonly Workload[]): Awaited | undefined {
  for (const { agent } of narrowAgents(world, workloads)) {
    const refused = mayNotStart(agent);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** Somebody has changed the workload since it was checked: started now, it would bring old pods back beside new ones (I2, I8). */
function mayNotStart(agent: Agent): Awaited | undefined {
  const [first] = startsOldPods(agent);
  if (first === undefined) return undefined;
  const { reason, object, message, remedy } = first;
  return { reason, object, message: `${object} is to come back: ${message}`, clause: "I9", remedy };
}

/** Its template mounts the file with what old and new share that this attempt derived. */
function isNarrowBy({ metadata, template }: Workload, { targets }: AttemptRecord): boolean {
  const narrow = targets.find(({ uid }) => uid === metadata.uid)?.polling?.narrow;
  return (
    narrow !== undefined && template.spec.volumes?.some(({ configMap }) => configMap?.name === narrow.object) === true
  );
}

/** Agents with their intake off take in again, and nothing else of them changes: on a way back, too, they share their work (I6). */
function undo(world: World, ours: readonly Workload[]): Effect | undefined {
  const records = foremostFirst(world.records);
  for (const workload of ours) {
    const record = records.find(({ targets }) => targets.some(({ uid }) => uid === workload.metadata.uid));
    const agent = asOf(world, workload, record);
    if (agent === undefined || record === undefined) continue;
    const moment = { plan: record.plan, retry: 0, now: world.now };
    if (appendedFiles(agent.container).length > 0) {
      const before = wanting(agent, { image: agent.container.image, mounts: [], undone: [], appended: undefined });
      return start(before, moment, { ...WHY, message: `${agentText(agent)} takes messages in again` });
    }
  }
  return undefined;
}

/** Somebody has removed every record that knew them: what they have borrowed is written on themselves, too. */
function returnForgotten(world: World, ours: readonly Workload[]): Effect | undefined {
  for (const workload of ours.filter((each) => componentOf(world.records, each) === undefined)) {
    const { containers } = workload.template.spec;
    const containerIndex = Math.max(
      0,
      containers.findIndex((each) => appendedFiles(each).length > 0),
    );
    const container = containers[containerIndex];
    if (container === undefined) continue;
    const wanted = { image: container.image, mounts: [], undone: [], appended: undefined, replicas: undefined };
    // Of which component it was nobody knows, and to give back by value does not ask.
    const input = { component: "collector", workload, container, containerIndex, wanted, recorded: undefined } as const;
    const agent = makeAgent(input, world.pods);
    if (agent.marks.borrowed !== undefined) return giveBack(agent, WHY);
    if (appendedFiles(container).length === 0) continue;
    const moment = { plan: agent.marks.phase?.plan ?? "", retry: 0, now: world.now };
    return start(agent, moment, { ...WHY, message: `${agentText(agent)} takes messages in again` });
  }
  return undefined;
}

const isOurs = (workload: Workload, world: World): boolean =>
  marksOf(workload.metadata).claim?.upgrade === world.upgrade.metadata.uid;

/**
 * The next of these workloads that has to get something back, and how; a note while it has to wait. Component by component:
 * where an attempt has brought one of them to its target already, the others come back as that target too, once their old
 * pods are gone; likewise where it has loaded one with new pipelines (I6); else all come back as they are.
 */
function bringBack(
  world: World,
  ours: readonly Workload[],
  includes: (workload: Workload) => boolean,
): Effect | Awaited | undefined {
  const records = foremostFirst(world.records);
  for (const mates of units(world, records, ours)) {
    const reached = records.find((record) => mates.some((mate) => hasReached(asOf(world, mate, record), record)));
    const loaded = records.find((record) =>
      mates.some((mate) => hasReached(asLoaded(asOf(world, mate, record)), record)),
    );
    const ahead = reached ?? loaded;
    const agents = mates.flatMap((mate) => {
      const agent = asOf(world, mate, ahead ?? records[0]);
      return (reached === undefined && loaded !== undefined ? asLoaded(agent) : agent) ?? [];
    });
    const owed = agents.find((agent) => agent.marks.borrowed !== undefined && includes(agent.workload));
    if (owed === undefined) continue;
    if (ahead === undefined) return giveBack(owed, WHY);
    const left = agents.find((agent) => oldPods(agent).length > 0 || mayMakeOld(agent));
    if (left !== undefined) {
      const what = isObserved(left)
        ? "the old pods are gone and counted out"
        : "its controller has acted on the last write";
      const message = `${agentText(owed)} comes back when, at ${agentText(left)}, ${what}`;
      return untilGone(world, left, { reason: "WaitingForOldPods", message, clause: "I9", object: agentText(left) });
    }
    if (atTarget(owed)) return giveBack(owed, WHY);
    const refused = mayNotStart(owed);
    if (refused !== undefined) return refused;
    const as = reached === undefined ? "with the new pipelines" : "as the target";
    const run = reached === undefined ? "have loaded them" : "run it";
    const message = `${agentText(owed)} comes back ${as}, because others of its component ${run} already`;
    return onlyWithPodsOf(start(owed, { plan: ahead.plan, retry: 0, now: world.now }, { ...WHY, message }), agents);
  }
  return undefined;
}

/**
 * Workloads of which old and new must not run together: those of a component; but polling agents that are upgraded partially
 * run old beside new, unless they are in one group that cannot have both.
 */
function units(
  world: World,
  records: readonly AttemptRecord[],
  ours: readonly Workload[],
): readonly (readonly Workload[])[] {
  const isPartial = world.upgrade.spec.strategy === "Partial";
  const unitOf = ({ metadata: { uid } }: Workload, component: AgentComponent): string => {
    if (component !== "polling" || !isPartial) return component;
    const plan = records.flatMap(({ targets }) => targets).find((target) => target.uid === uid)?.polling;
    return plan?.together === true ? plan.namespaces.toSorted().join("-") : uid;
  };
  return AGENT_COMPONENTS.flatMap((component) => {
    const mates = ours.filter((workload) => componentOf(records, workload) === component);
    return [...Map.groupBy(mates, (workload) => unitOf(workload, component)).values()];
  });
}

/** Which component a workload belonged to when it was claimed: the resource may have been edited since. */
function componentOf(records: readonly AttemptRecord[], workload: Workload): AgentComponent | undefined {
  const targets = records.flatMap((record) => record.targets);
  // A record is made before the first claim, so one of them knows it, unless somebody forged the claim.
  return targets.find((each) => each.uid === workload.metadata.uid)?.component;
}

/** Old agents that share their work are loaded with the new pipelines before they are upgraded: the same image, other files. */
function asLoaded(agent: Agent | undefined): Agent | undefined {
  const image = agent?.recorded?.image;
  if (agent === undefined || image === undefined || agent.component !== "notification") return agent;
  return wanting(agent, { image });
}

/**
 * The attempt itself has brought it to what is wanted: one that was there before is no reason to bring the others there. Where a way
 * back changes files alone its template says nothing of that, as what was there before is there again: its mark does.
 */
function hasReached(agent: Agent | undefined, { plan, back }: AttemptRecord): boolean {
  if (agent?.recorded === undefined || !atTarget(agent)) return false;
  const { image, sources } = agent.recorded;
  const isUp = agent.marks.phase?.plan === plan && !isDown(agent);
  if (back !== undefined && isUp && agent.wanted.undone.length > 0) return true;
  const mounted = agent.wanted.mounts.every((mount) => sources[mount.volume] === `${mount.kind}/${mount.object}`);
  return image !== agent.wanted.image || !mounted;
}

/** The workload as this attempt wanted it, or would have wanted it had it been one of its targets. */
function asOf(world: World, workload: Workload, record: AttemptRecord | undefined): Agent | undefined {
  const component = componentOf(world.records, workload);
  const known = (each: RecordedTarget): boolean => each.uid === workload.metadata.uid;
  const recorded = record?.targets.find(known);
  const like = recorded ?? record?.targets.find((each) => each.component === component);
  const name = (recorded ?? world.records.flatMap((each) => each.targets).find(known))?.container;
  const { containers } = workload.template.spec;
  const containerIndex = Math.max(
    0,
    containers.findIndex((each) => each.name === name),
  );
  const container = containers[containerIndex];
  if (component === undefined || container === undefined) return undefined;
  const wanted = wantedOf(component, record, recorded, { ...container, image: like?.targetImage ?? container.image });
  return makeAgent({ component, workload, container, containerIndex, wanted, recorded }, world.pods);
}

/** What the attempt wants of a workload, on its way there or back. */
function wantedOf(
  component: AgentComponent,
  record: AttemptRecord | undefined,
  recorded: RecordedTarget | undefined,
  { image, ...there }: Agent["container"],
): Wanted {
  if (record?.back !== undefined && recorded !== undefined) return wantedBack(recorded);
  const target = parseRelease(record?.to ?? "");
  const mounts = target === undefined ? [] : mountsFor(component, record?.files ?? {}, target, there);
  return { image, mounts, undone: undoneBy(component, recorded, mounts), appended: undefined, replicas: undefined };
}

/**
 * Workloads that an earlier attempt of this resource claimed and that it no longer names. Where it is not about polling agents
 * any more, what was made for them goes too; else their own reconciler retires it.
 */
export function returnStrays(scene: Scene): Effect | Violation | undefined {
  const { world } = scene;
  const named = new Set(allAgents(scene.agents).map((agent) => agent.workload.metadata.uid));
  const ours = world.workloads.filter((workload) => isOurs(workload, world));
  const isStray = (workload: Workload): boolean => !named.has(workload.metadata.uid);
  const strays = ours.filter(isStray);
  const isPolling = scene.agents.polling.length > 0;
  const isNarrow = strays.some((stray) => world.records.some((record) => isNarrowBy(stray, record)));
  const because = "the resource no longer names what it runs beside";
  const next =
    mayNotWiden(world, strays) ??
    (isPolling && !isNarrow ? undefined : stopGroups(world, because)) ??
    widenAll(world, strays) ??
    // The usual case, and at each look: what is not owed needs no looking for.
    (strays.length === 0 ? undefined : bringBack(world, ours, isStray)) ??
    (isPolling ? undefined : removeGroups(world, { ...WHY, message: "remove what was made for a while" }));
  const [stray] = strays;
  if (next === undefined) {
    const why = { ...WHY, message: "the resource no longer names it" };
    return stray === undefined ? undefined : release(stray, { keepOwnership: false }, why);
  }
  if ("kind" in next) return next;
  return {
    gate: "GiveBack",
    object: next.object ?? "",
    reason: next.reason,
    message: next.message,
    remedy: next.remedy ?? "nothing is to be done, unless a host does not answer",
    severity: "Warning",
  };
}
