/**
 * The end of an attempt: the targets are let go and remember the plan that brought them here, the record says that it ended,
 * and the resource can be deleted freely again. After that the resource never writes until its spec changes.
 */
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { AGENT_COMPONENTS, COMPONENT_WORDS } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import type { World } from "../model/observation.ts";
import type { Effect, Note, OnlyWith, Outcome } from "../model/outcome.ts";
import { endedMark, endRecord, releaseRecords } from "./attempt-writes.ts";
import { keptDatabase } from "./database.ts";
import { isOwned, release } from "./desired/workload-writes.ts";
import { type Agents, allAgents, hasArrived, type Scene } from "./scene.ts";
import { type Step, sequence } from "./sequence.ts";
import { type Parts, steps, type Told, waiting } from "./tell.ts";

export function finish(scene: Scene, told: Told): Decision {
  const { world, record } = scene;
  // Its own end is the last that is written on any record: by that it is known later which one was the last.
  const others = world.records.filter((each) => each !== record);
  const effect = letGo(scene) ?? releaseRecords(others) ?? end(world, record);
  return { ...waiting("Progressing", effect.why, told), effect };
}

/** A target that is the release of before is a wish like any other, and fulfilled when it is reached; a rollback is the end of one. */
const isRollback = ({ back }: AttemptRecord): boolean => back !== undefined && back.by !== "Revert";

function letGo(scene: Scene): Effect | undefined {
  const { world, record } = scene;
  const claimed = allAgents(scene.agents).find((agent) => agent.marks.claim?.upgrade === world.upgrade.metadata.uid);
  if (claimed === undefined) return undefined;
  const why = {
    reason: "Releasing",
    message: "it has reached the target: let it go, and the ownership of its fields",
    clause: "I9",
  };
  const keepOwnership = world.upgrade.spec.ownership === "Keep";
  return release(claimed.workload, { completedPlan: record.plan, keepOwnership }, why);
}

function end(world: World, record: AttemptRecord): Effect {
  const why = { reason: "AttemptEnded", message: `every component runs ${record.to}` };
  const state = isRollback(record) ? "RolledBack" : "Completed";
  return endRecord(record, endedMark(world, state), why);
}

/** An attempt that has ended writes nothing more, but the removal of the finalizer that it no longer needs. */
export function finished(world: World, record: AttemptRecord, { agents, left }: Parts): Decision {
  const note = endNote(record, left);
  const outcomes = new Map<string, Outcome>(
    sequence(world, record.back !== undefined).map((step) => [step.component, ending(step, world, record)]),
  );
  const from = record.from === undefined ? {} : { from: record.from };
  const told: Told = { steps: steps(world, { agents, left }, outcomes, record), record, ...from };
  const decision = waiting(isRollback(record) ? "RolledBack" : "Completed", note, told);
  const holding = world.upgrade.metadata.finalizers.includes(FINALIZER);
  if (holding) return { ...decision, effect: dropFinalizer(world) };
  const kept = keptOwnership(world, record, agents);
  if (kept !== undefined) return { ...decision, effect: kept };
  // Another resource may have moved a target on since; that is no drift of this one. One without any mark was replaced with it.
  const isLast = ({ marks: { completedPlan = record.plan } }: Agent): boolean => completedPlan === record.plan;
  const drifted = allAgents(agents).filter((agent) => isLast(agent) && !hasArrived(agent));
  // What spec.only leaves is wanted so; what a way back leaves is not.
  const behind = record.back === undefined ? [] : allAgents(left);
  return { ...decision, drifted: [...drifted, ...behind].map(agentText) };
}

/**
 * The ownership that was kept until Git shows the target is given up when the resource says so: another owner's change of these
 * fields would be refused, or by Argo CD with its rules never be made.
 */
function keptOwnership({ upgrade }: World, { plan }: AttemptRecord, agents: Agents): Effect | undefined {
  if (upgrade.spec.ownership !== "Release") return undefined;
  const owned = allAgents(agents).find(
    ({ marks, workload }) => marks.completedPlan === plan && marks.claim === undefined && isOwned(workload),
  );
  if (owned === undefined) return undefined;
  const message = "give up the ownership of its fields, as spec.ownership says now";
  return release(owned.workload, { keepOwnership: false }, { reason: "Releasing", message, clause: "I9" });
}

/** A part that was asked for is a success, and what it leaves is said. */
function endNote(record: AttemptRecord, left: Agents): Note {
  if (isRollback(record)) {
    const message = `every workload is back on ${record.to} (${record.back?.why}); raise spec.retryAttempt to upgrade again`;
    return { reason: "RolledBack", message };
  }
  const components = AGENT_COMPONENTS.filter((component) => left[component].length > 0);
  if (components.length === 0) return { reason: "Completed", message: `every component was brought to ${record.to}` };
  const words = components.map((component) => COMPONENT_WORDS[component]).join(", ");
  if (record.back !== undefined) {
    const all = allAgents(left).map((agent) => `${agentText(agent)} (${agent.container.image})`);
    const message = `what was undone is back on ${record.to}; no attempt that was undone had brought these where they are: ${all.join(", ")}`;
    return { reason: "CompletedInPart", message };
  }
  const message = `${(record.only ?? []).join(", ")} were brought to ${record.to}; spec.only leaves for later: ${words}`;
  return { reason: "CompletedInPart", message };
}

function ending({ component, clause }: Step, world: World, record: AttemptRecord): Outcome {
  const { components } = world.upgrade.spec;
  const told = (reason: string, message: string): Outcome => ({ kind: "settled", note: { reason, message, clause } });
  const { back } = record;
  if (back !== undefined) {
    if (component === "database") return keptDatabase;
    const message = `every ${COMPONENT_WORDS[component]} was brought back to ${record.to}`;
    return told("BroughtBack", message);
  }
  if (component !== "database") {
    const section = components[component];
    const retired = section !== undefined && "retire" in section && section.retire;
    const words = COMPONENT_WORDS[component];
    if (retired) return told("Retired", `${record.to} has no ${words}; its workloads are kept at zero`);
    return told("Upgraded", `every ${words} was brought to ${record.to}`);
  }
  if (components.database.action === "Upgrade") return told("DatabaseUpgraded", "the database was upgraded");
  const message = "skipped, as spec.components.database.action says";
  return { kind: "settled", skipped: true, note: { reason: "DatabaseSkipped", message, clause } };
}

/** `onlyWith`: what was seen of all that was made for it, where it goes with its finalizer. */
export function dropFinalizer(world: World, onlyWith: OnlyWith = []): Effect {
  const { namespace, name, uid, resourceVersion, finalizers } = world.upgrade.metadata;
  return {
    kind: "annotate",
    ref: { kind: "CeilometerUpgrade", namespace, name },
    uid,
    resourceVersion,
    metadata: { finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER) },
    onlyWith,
    why: {
      reason: "LettingGo",
      message: "nothing is borrowed any more",
      clause: "I9",
      object: `CeilometerUpgrade/${name}`,
    },
  };
}
