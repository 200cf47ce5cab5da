/**
 * Clause P3, where the pipelines of partitioned notification agents differ. The gate is worked for: the old agents, at their old
 * image, are restarted on the new pipelines all at once, so that no group ever works on two; then new agents roll in beside
 * them. What the new pipelines would leave unread in internal queues is emptied before that, with the agents' intake off, in a
 * full upgrade too. A pair of releases that name their queues differently is not rolled: the restart brings the new agents.
 *
 * Where each workload is on that way is read off its template alone: as before, with its intake off, loaded, or at the target.
 */
import { queuesEmpty } from "../gates/queues-empty.ts";
import {
  type Agent,
  APPENDED_DIRECTORY,
  APPENDED_VOLUME,
  agentText,
  appendedFiles,
  atTarget,
  isDown,
  isNew,
  isObserved,
  sourceOfVolume,
  type WantedMount,
  wanting,
} from "../model/agent.ts";
import type { RecordedParity } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Millis } from "../model/time.ts";
import { takeDown } from "./desired/workload-writes.ts";
import { mayNotStart, momentOf, phaseSince, waitFor, waitForGoing } from "./progress.ts";
import type { Scene } from "./scene.ts";
import { replaceTogether } from "./stop-then-start.ts";

const CLAUSE = "P3";
const INTAKE_OFF = `${APPENDED_DIRECTORY}/drain.conf`;

/** The old agents with one more file on their command line: same image, same pipelines, nothing new taken in. */
function withIntakeOff(agent: Agent, { drain }: RecordedParity): Agent {
  const volume = `${APPENDED_VOLUME}drain`;
  const appended =
    drain === undefined
      ? undefined
      : { path: INTAKE_OFF, volume, kind: drain.kind, object: drain.object, key: drain.key };
  return wanting(agent, { image: agent.recorded?.image ?? agent.container.image, mounts: [], undone: [], appended });
}

/** What the restart brings: the old image on the new pipelines, or at once the target. */
function loaded(scene: Scene, agent: Agent): Agent {
  const { strategy, components } = scene.world.upgrade.spec;
  const literal = (components.notification?.reload ?? "Literal") === "Literal";
  const image = agent.recorded?.image;
  const stays = strategy === "Partial" && literal && scene.record.parity?.state !== "MustDrain" && image !== undefined;
  return stays ? wanting(agent, { image }) : agent;
}

function forgetAfter(scene: Scene): Millis {
  return (scene.world.upgrade.spec.components.notification?.memberTimeoutSeconds ?? 30) * 1000;
}

/** Undefined once the agents may be brought to the target: by rolling in a partial upgrade, without overlap in a full one. */
export function reloadFirst(scene: Scene): Outcome | undefined {
  const { parity } = scene.record;
  if (parity === undefined || parity.state === "NotPartitioned") return undefined;
  const isPartial = scene.world.upgrade.spec.strategy === "Partial" && scene.record.back === undefined;
  const reloads = isPartial && parity.state !== "Same";
  if (!reloads && parity.emptyFirst.length === 0) return undefined;
  const agents = scene.agents.notification;
  const on = agents.map((agent) => loaded(scene, agent));
  const begun = agents.some((agent, index) => isBroughtUp(scene, agent) && (atTarget(agent) || isAt(on[index])));
  const isEmpty = begun || parity.emptyFirst.length === 0 || nobodyLeft(scene, agents);
  const emptied = isEmpty ? undefined : emptyQueues(scene, agents, parity);
  if (emptied !== undefined) return emptied;
  if (!isPartial) return undefined;
  // Those that have the target already came through here: their pods and those of the others work on one set of pipelines.
  const behind = on.filter((agent, index) => !atTarget(agents[index] ?? agent));
  if (behind.length === 0) return undefined;
  return replaceTogether(
    scene,
    on.map((agent, index) => (isAt(agents[index]) ? (agents[index] ?? agent) : agent)),
    {
      component: "notification",
      clause: CLAUSE,
      forgetAfter: forgetAfter(scene),
      what: "the agents on the new pipelines",
    },
  );
}

/**
 * A way back out of an attempt that had not come further than to turn the intake off: what was to be emptied is read by these same
 * agents when they have it on again. To wait would be for what that attempt waited for in vain.
 */
function nobodyLeft({ record }: Scene, agents: readonly Agent[]): boolean {
  return (
    record.back !== undefined &&
    agents.every((agent) => {
      const appended = appendedNow(agent);
      const before = appended === undefined ? agent : wanting(agent, { appended });
      return atTarget(before) && agent.pods.every((pod) => isNew(before, pod) || isNew(agent, pod));
    })
  );
}

/** The snippet that its command line has now, in the form in which it would be wanted. */
function appendedNow({ container, workload }: Agent): WantedMount | undefined {
  const [path] = appendedFiles(container);
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
  const volume = workload.template.spec.volumes?.find(({ name }) => name === mount?.name);
  const [kind, object] = sourceOfVolume(volume)?.split("/") ?? [];
  if (path === undefined || mount?.subPath === undefined || object === undefined) return undefined;
  if (kind !== "ConfigMap" && kind !== "Secret") return undefined;
  return { path, volume: mount.name, kind, object, key: mount.subPath };
}

/**
 * By this attempt, or by one before that had emptied the queues too: one that was there by anybody else's doing says nothing of
 * them (I6).
 */
function isBroughtUp({ world, record }: Scene, { marks: { phase, completedPlan } }: Agent): boolean {
  const plan = phase?.phase === "up" ? phase.plan : completedPlan;
  if (plan === undefined) return false;
  const by = world.records.find((each) => each.plan === plan);
  return plan === record.plan || (by?.parity?.emptyFirst.length ?? 0) > 0;
}

const isAt = (agent: Agent | undefined): boolean => agent !== undefined && atTarget(agent);

/** Undefined once the internal queues are empty, and from the moment on that agents are stopped for what comes after. */
function emptyQueues(scene: Scene, agents: readonly Agent[], parity: RecordedParity): Outcome | undefined {
  // One that is there already, or was emptied before, reads no queue of the others: it stays down meanwhile, or two releases
  // or pipelines would share the work.
  const isApart = (agent: Agent): boolean => atTarget(agent) || agent.recorded?.isEmptied === true;
  const there = agents.filter(isApart);
  const off = agents.filter((agent) => !isApart(agent)).map((agent) => withIntakeOff(agent, parity));
  if (off.length === 0) return undefined;
  const turnsOff = parity.drain !== undefined;
  // One that somebody has let messages in by again meanwhile may have left some in them.
  const isOff = !turnsOff || (off.every(atTarget) && !isOffAgain(scene, off));
  if (isOff && off.some((agent) => isStopped(scene, agent))) return undefined;
  const apart = stayDown(scene, there);
  if (apart !== undefined) return apart;
  if (turnsOff) {
    const what = "the old agents with their intake off";
    const outcome = replaceTogether(scene, off, { component: "notification", clause: CLAUSE, what });
    if (outcome !== undefined) return outcome;
  }
  const since = off.map(({ marks: { phase } }) => phase?.at ?? "");
  const gate = queuesEmpty(scene.world, scene.record.plan, parity.emptyFirst, since);
  const [first] = off;
  if (gate.kind === "pass" || first === undefined) return undefined;
  const reason = "WaitingForEmptyQueues";
  if (gate.kind === "no") return { kind: "held", violations: [gate.violation] };
  const message = `the internal queues are being emptied, because ${parity.emptyFirst.join("; ")}: ${gate.reason}`;
  const note = { reason, message, clause: CLAUSE };
  // One that has just started, or was away for longer than a step may take, has nothing to hold against the agents.
  if (gate.isOpen)
    return { kind: "wait", note: { ...note, object: agentText(first) }, probes: gate.probes, unheard: true };
  const waiting = waitFor(scene, first, note, []);
  return waiting.kind === "wait" || waiting.kind === "held" ? { ...waiting, probes: gate.probes } : waiting;
}

/** One of them was started with its intake off after another was stopped: what it had taken in by then nobody has waited for. */
function isOffAgain(scene: Scene, off: readonly Agent[]): boolean {
  const stopped = off.filter((agent) => isStopped(scene, agent)).map((agent) => phaseSince(scene, agent));
  return off.some((agent) => !isStopped(scene, agent) && phaseSince(scene, agent) > Math.min(...stopped));
}

function stayDown(scene: Scene, agents: readonly Agent[]): Outcome | undefined {
  const refused = mayNotStart(scene, agents);
  if (refused !== undefined) return refused;
  const up = agents.find((agent) => !isDown(agent));
  if (up !== undefined) {
    const message = `stop ${agentText(up)}, which does not read them, until the queues of the others are empty`;
    const note = { reason: "TakingDown", message, clause: CLAUSE };
    return { kind: "act", effect: takeDown(up, momentOf(scene), note), note };
  }
  const left = agents.find((agent) => agent.pods.length > 0 || !isObserved(agent));
  if (left === undefined) return undefined;
  const message = `${agentText(left)} is not gone yet`;
  return waitForGoing(scene, left, { reason: "WaitingForOldPods", message, clause: CLAUSE }, left.pods);
}

function isStopped(scene: Scene, agent: Agent): boolean {
  const { phase } = agent.marks;
  return isDown(agent) && phase?.plan === scene.record.plan && (phase.phase === "down" || phase.phase === "gone");
}
