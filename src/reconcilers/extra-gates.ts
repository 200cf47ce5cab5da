/**
 * The extra gates of a resource at their places: before the first write of a component, and after it has settled. Since when
 * one has been asked is remembered with the attempt, and so is that one after a component has passed: it is not asked again.
 */
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import type { ExtraGate } from "../api/v1alpha1/schema.ts";
import { askGate, type GateAnswer, placeOf } from "../gates/extra-gate.ts";
import type { GateMarks } from "../model/attempt.ts";
import { elapsed } from "../model/clock.ts";
import { COMPONENT_WORDS, type Component } from "../model/component.ts";
import { canonicalJson, nameFor, shortDigest } from "../model/digest.ts";
import type { Note, Outcome, Violation } from "../model/outcome.ts";
import { formatDuration, formatTime, parseTime } from "../model/time.ts";
import { annotateRecord } from "./attempt-writes.ts";
import type { Scene } from "./scene.ts";
import { runTemplate } from "./template-job.ts";

/** Undefined where every gate at this place has passed or is skipped. */
export function gatesAt(scene: Scene, at: "before" | "after", component: Component): Outcome | undefined {
  for (const gate of scene.world.upgrade.spec.gates ?? []) {
    const place = placeOf(gate);
    if (place.at !== at || place.component !== component) continue;
    const outcome = one(scene, gate);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

const whereOf = (gate: ExtraGate): string => {
  const { at, component } = placeOf(gate);
  return `${at} the ${COMPONENT_WORDS[component]}`;
};

function one(scene: Scene, gate: ExtraGate): Outcome | undefined {
  const { world, record } = scene;
  const { retryAttempt, skipGates = [] } = world.upgrade.spec;
  const mark = record.gates[gate.name];
  if (isDone(scene, mark)) return undefined;
  const now = formatTime(world.now);
  const skip = skipGates.find(({ name, planHash }) => name === gate.name && record.plan.startsWith(planHash));
  if (skip !== undefined) {
    const message = `gate ${gate.name} ${whereOf(gate)} is not asked: ${skip.reason}`;
    const skipped = { since: mark?.since ?? now, retry: retryAttempt, skipped: skip.reason };
    return marked(scene, gate, skipped, { reason: "GateSkipped", message });
  }
  if (mark === undefined || mark.retry < retryAttempt) {
    const message = `ask gate ${gate.name} ${whereOf(gate)}`;
    return marked(scene, gate, { since: now, retry: retryAttempt }, { reason: "AskingGate", message });
  }
  const answer = gate.job === undefined ? asked(scene, gate) : ran(scene, gate, gate.job);
  if (answer !== undefined) return answer;
  if (placeOf(gate).at === "before") return undefined;
  const why = { reason: "GatePassed", message: `gate ${gate.name} ${whereOf(gate)} has passed` };
  return marked(scene, gate, { ...mark, passedAt: now }, why);
}

/** What was answered when the attempt was carried out is no answer where it had ended, and is carried out once more. */
function isDone({ world, record }: Scene, mark: GateMarks[string] | undefined): boolean {
  if (mark?.passedAt === undefined && mark?.skipped === undefined) return false;
  return record.ended === undefined || mark.retry >= world.upgrade.spec.retryAttempt;
}

function marked({ record }: Scene, gate: ExtraGate, mark: GateMarks[string], why: Note): Outcome {
  const gates = { ...record.gates, [gate.name]: mark };
  const effect = annotateRecord(record, { [ANNOTATION.gates]: canonicalJson(gates) }, why);
  return { kind: "act", effect, note: why };
}

/** Providers and pods are asked again and again until they pass. */
function asked(scene: Scene, gate: ExtraGate): Outcome | undefined {
  const { world, record, agents, target } = scene;
  const { component } = placeOf(gate);
  const answer = askGate(world, record, gate, component === "database" ? [] : agents[component], target);
  return answer.kind === "pass" ? undefined : no(scene, gate, answer);
}

function no(scene: Scene, gate: ExtraGate, answer: Extract<GateAnswer, { kind: "no" }>): Outcome {
  const { world, record } = scene;
  const since = parseTime(record.gates[gate.name]?.since) ?? world.now;
  const spent = elapsed(record.clock, since, world.now);
  const timeout = gate.timeoutSeconds * 1000;
  const { object, probes } = answer;
  const says = `gate ${gate.name} ${whereOf(gate)} has not passed: ${answer.reason}`;
  // An operator that has just started has asked nobody yet, however long ago the gate began to be asked.
  if (spent < timeout || answer.isOpen) {
    const left = formatDuration(Math.max(0, timeout - spent));
    const blocked: Violation = {
      gate: gate.name,
      object,
      reason: "WaitingForGate",
      message: says,
      remedy: `nothing is to be done for another ${left}; to go on without it, skip it for this plan (spec.skipGates)`,
      severity: "Error",
    };
    const note = { reason: "WaitingForGate", message: says, object };
    return { kind: "wait", note, blocked, probes, recheckAt: world.now + Math.max(0, timeout - spent) };
  }
  return {
    kind: "held",
    violations: [failed(scene, gate, object, `${says}; it was asked for ${formatDuration(spent)}`)],
    probes,
  };
}

function failed({ record }: Scene, gate: ExtraGate, object: string, message: string): Violation {
  const skip = `{name: ${gate.name}, planHash: "${record.plan}", reason: …}`;
  return {
    gate: gate.name,
    object,
    reason: "GateFailed",
    message,
    remedy: `mend what it looks at; raise spec.retryAttempt to give it its whole time again, or skip it: add ${skip} to spec.skipGates`,
    severity: "Error",
  };
}

function ran(scene: Scene, gate: ExtraGate, ref: NonNullable<ExtraGate["job"]>): Outcome | undefined {
  const { world, record } = scene;
  const { upgrade } = world;
  // An attempt may be left and taken up again: its gate is another one then.
  const since = record.gates[gate.name]?.since;
  const suffix = shortDigest([record.plan, gate, upgrade.spec.retryAttempt, since]);
  const name = nameFor(`${upgrade.metadata.name}-gate`, suffix);
  const object = `Job/${name}`;
  const message = `${object} is gate ${gate.name} ${whereOf(gate)}`;
  const note = { reason: "WaitingForGate", message, object };
  const end = runTemplate(scene, {
    name,
    ref,
    field: `spec.gates (${gate.name})`,
    component: placeOf(gate).component,
    purpose: "gate",
    deadlineSeconds: gate.timeoutSeconds,
    creates: { ...note, message: `run ${ref.kind}/${ref.name} as gate ${gate.name} ${whereOf(gate)}` },
    runs: note,
  });
  if (end.kind === "succeeded") return undefined;
  if (end.kind === "goesOn") return end.outcome;
  const { failure } = end.job;
  const why = `${object}, gate ${gate.name} ${whereOf(gate)}, failed: ${failure?.reason ?? "unknown"} ${failure?.message ?? ""}`;
  return { kind: "held", violations: [failed(scene, gate, object, why.trimEnd())] };
}
