/**
 * The plan is the operator deciding over an ideal cluster: what it would write is what it does write, because the same
 * function says both. Nothing here knows a strategy or a step.
 */

import { VERB } from "../api/v1alpha1/names.ts";
import type { PlannedStep, Spec } from "../api/v1alpha1/schema.ts";
import { BOOKKEEPING } from "../model/bookkeeping.ts";
import type { Decision } from "../model/decision.ts";
import { canonicalJson } from "../model/digest.ts";
import type { Observation, Workload } from "../model/observation.ts";
import { type Effect, type ObjectRef, refText, type Violation } from "../model/outcome.ts";
import type { Plan } from "../model/plan.ts";
import { decide } from "../reconcilers/decide.ts";
import { carriedOut } from "./carried-out.ts";
import { changeOf, jobText } from "./content.ts";
import { downtimeOf, type Moved, type Wait } from "./downtime.ts";
import { answered, atTime, findWorkload, type IdealCluster, idealCluster, podsOfWorkload } from "./ideal-cluster.ts";
import { atOnce, type InSteps } from "./in-steps.ts";
import { gatesOf } from "./step-gates.ts";

/** Looks, not writes. A whole upgrade takes some hundred; what needs more has no end. */
const MOST_LOOKS = 5000;

/** Writes that are told, but belong to no step: they begin and end an attempt. */
const FRAME: ReadonlySet<string> = new Set([
  "AttemptStarted",
  "RollbackStarted",
  "Replanned",
  "Paused",
  "Resumed",
  "RequestTaken",
  "AskingGate",
  "GatePassed",
  "GateSkipped",
]);

export const isPlanned = (effect: Effect): boolean =>
  !BOOKKEEPING.has(effect.why.reason) && !FRAME.has(effect.why.reason);

/** The same wish, to be carried out: nobody stops it, and what it would wait for a person or a time is given. */
export function toApply(seen: Observation): Observation {
  const { metadata, spec } = seen.upgrade;
  const { [VERB.pause]: _, [VERB.abort]: __, ...annotations } = metadata.annotations;
  const { approvals: ___, maintenanceWindows: ____, ...same } = byCatalogue(spec);
  const goesOn = { ...same, mode: "Apply", paused: false, abort: false } as const;
  return { ...seen, upgrade: { metadata: { ...metadata, annotations }, spec: goesOn } };
}

/** To ask an image takes a Job, which a plan does not run: it goes by the catalogue, and says so. */
function byCatalogue(spec: Spec): Spec {
  const { polling } = spec.components;
  if (polling?.newPollsters?.source !== "Image") return spec;
  const newPollsters = { ...polling.newPollsters, source: "Catalogue" as const };
  return { ...spec, components: { ...spec.components, polling: { ...polling, newPollsters } } };
}

function askedLater({ upgrade }: Observation): readonly Violation[] {
  if (upgrade.spec.components.polling?.newPollsters?.source !== "Image") return [];
  return [
    {
      gate: "PartitionGroup",
      object: upgrade.spec.target.image,
      reason: "AskedLater",
      message: "which pollsters it has is asked when the upgrade is applied; this plan goes by the catalogue",
      remedy: "nothing is to be done",
      severity: "Warning",
    },
  ];
}

interface Write {
  readonly effect: Effect;
  readonly decision: Decision;
  readonly before: IdealCluster;
  readonly after: IdealCluster;
  readonly waited: readonly Wait[];
}

/** What follows from this moment, if nothing goes wrong. */
export const planOf = (seen: Observation): Plan => atOnce(planning(seen));

/** The same, a look at a time. */
export function* planning(seen: Observation): InSteps<Plan> {
  const wanted = toApply(seen);
  const first = decide(wanted);
  const cluster = idealCluster(wanted);
  // Real findings and not those of an ideal cluster: a paused Deployment is not less paused in a plan.
  const later = askedLater(seen);
  const { spec } = seen.upgrade;
  if (cluster === undefined || isRefused(first)) return told(spec, first, [], [...first.findings, ...later]);
  const { writes, last, findings } = yield* follow(cluster);
  return told(spec, last, writes, [...(first.findings.length > 0 ? first.findings : findings), ...later]);
}

const isRefused = ({ phase, record }: Decision): boolean =>
  phase === "Unreadable" || (phase === "Held" && record === undefined);

interface Followed {
  readonly writes: readonly Write[];
  readonly last: Decision;
  readonly findings: readonly Violation[];
}

function* follow(start: IdealCluster): InSteps<Followed> {
  const writes: Write[] = [];
  let cluster = start;
  let waited: Wait[] = [];
  let findings: readonly Violation[] = [];
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    yield;
    const decision = decide(cluster.seen);
    if (decision.record === undefined && decision.findings.length > 0) findings = decision.findings;
    const { effect } = decision;
    if (effect === undefined) {
      const next = waitedFor(cluster, decision);
      if (next === undefined) return { writes, last: decision, findings };
      cluster = next.cluster;
      waited = [...waited, ...next.waits];
      continue;
    }
    const after = carriedOut(cluster, effect);
    if (isPlanned(effect)) {
      writes.push({ effect, decision, before: cluster, after, waited });
      waited = [];
    }
    cluster = after;
  }
  throw new Error(`no end of the plan after ${MOST_LOOKS} looks`);
}

/** What an ideal cluster does about a wait: it answers what is asked, else time passes. Undefined where neither helps. */
function waitedFor(
  cluster: IdealCluster,
  decision: Decision,
): { readonly cluster: IdealCluster; readonly waits: readonly Wait[] } | undefined {
  const { seen } = cluster;
  const { phase, probes, recheckAt, headline } = decision;
  // Before the first write a real answer counts. Afterwards pods are new, and an ideal one polls.
  const open = probes.filter(({ id }) => {
    const verdict = seen.probes.get(id)?.verdict;
    return verdict === undefined || (phase === "Progressing" && verdict !== "pass");
  });
  const length = recheckAt === undefined ? 0 : recheckAt - seen.now;
  const { reason } = headline;
  const next = answered(cluster, open);
  if (next !== undefined) return { cluster: next, waits: [{ reason, length: Math.max(0, length), atMost: true }] };
  const confirmed = phase === "Held" ? withWord(cluster, reason, decision.record?.plan) : undefined;
  if (confirmed !== undefined) return { cluster: confirmed, waits: [{ reason, length: 0, atMost: true }] };
  if (recheckAt === undefined || length <= 0 || phase === "Held") return undefined;
  return { cluster: atTime(cluster, recheckAt), waits: [{ reason, length, atMost: false }] };
}

/** Where a person's word on this very plan is asked for, it is taken to be given: nobody could give it before there is a plan. */
function withWord(cluster: IdealCluster, reason: string, plan: string | undefined): IdealCluster | undefined {
  const { upgrade } = cluster.seen;
  const { notification } = upgrade.spec.components;
  if (reason !== "DrainNotConfirmed" || plan === undefined || notification?.drain === undefined) return undefined;
  if (notification.drain.acknowledged === plan) return undefined;
  const drain = { ...notification.drain, acknowledged: plan };
  const components = { ...upgrade.spec.components, notification: { ...notification, drain } };
  return { ...cluster, seen: { ...cluster.seen, upgrade: { ...upgrade, spec: { ...upgrade.spec, components } } } };
}

function told(spec: Spec, last: Decision, writes: readonly Write[], findings: readonly Violation[]): Plan {
  const moves = writes.map(moved);
  const steps = writes.map((write, index) => stepOf(write, moves, index));
  const record = last.record ?? writes.at(-1)?.decision.record;
  return {
    hash: record?.plan,
    from: record?.from ?? last.from,
    steps: record?.back === undefined ? steps.map((step, index) => asked(spec, step, steps[index - 1])) : steps,
    findings,
    end: endOf(last),
    headline: last.headline,
  };
}

function endOf({ phase }: Decision): Plan["end"] {
  if (phase === "Completed" || phase === "RolledBack") return "Complete";
  if (phase === "NoChange") return "Nothing";
  return phase === "Held" ? "Held" : "Waiting";
}

/** A component's first step also waits for what the resource asks for before it, and after the component before it. */
function asked(spec: Spec, step: PlannedStep, previous: PlannedStep | undefined): PlannedStep {
  if (step.component === previous?.component) return step;
  const { approvals = [], maintenanceWindows = [], gates = [] } = spec;
  const names = [
    ...(approvals.some(({ before }) => before === step.component) ? ["Approval"] : []),
    ...(maintenanceWindows.length > 0 ? ["MaintenanceWindow"] : []),
    ...gates
      .filter(
        ({ before, after }) => before === step.component || (after !== undefined && after === previous?.component),
      )
      .map(({ name }) => name),
  ];
  return names.length === 0 ? step : { ...step, gates: [...names, ...(step.gates ?? [])].slice(0, 16) };
}

const refOf = (effect: Effect): Pick<ObjectRef, "kind" | "name"> =>
  effect.kind === "create" ? { kind: effect.object.kind, name: effect.object.metadata.name } : effect.ref;

function moved({ effect, before, after, waited }: Write): Moved {
  const ref = refOf(effect);
  const [was, is] = [findWorkload(before, ref), findWorkload(after, ref)];
  const counts = { before: countOf(before, was), after: countOf(after, is) };
  const replacesAll = was !== undefined && is !== undefined && contentText(was) !== contentText(is);
  const both = counts.before > 0 && counts.after > 0;
  const replaced = !(replacesAll && both) ? "none" : is.strategy === "Recreate" ? "withoutOverlap" : "besideOld";
  return { object: refText(ref), ...counts, replaced, waited };
}

const countOf = (cluster: IdealCluster, workload: Workload | undefined): number =>
  workload === undefined ? 0 : podsOfWorkload(cluster, workload).length;

/** What its pods run, wherever they do. */
function contentText({ template }: Workload): string {
  const { nodeSelector: _, ...spec } = template.spec;
  return canonicalJson({ ...template, spec });
}

function stepOf({ effect, decision, before, after }: Write, moves: readonly Moved[], index: number): PlannedStep {
  const ref = refOf(effect);
  const { reason, message, clause } = effect.why;
  const [was, is] = [findWorkload(before, ref), findWorkload(after, ref)];
  const change =
    effect.kind === "create" && ref.kind === "Job"
      ? { to: jobText(effect.object, before.seen.upgrade.spec) }
      : changeOf(was, is);
  const move = moves[index];
  // What a write creates has no pods of before that it could meet; beside whom it starts is said in its reason.
  const strategy = move === undefined || effect.kind === "create" ? undefined : strategyOf(move);
  const downtime = downtimeOf(moves, index);
  const gates = gatesOf(
    reason,
    (move?.waited ?? []).map((wait) => wait.reason),
  );
  return {
    component: componentOf(decision, is ?? was),
    object: refText(ref),
    action: reason,
    ...(change.from === undefined ? {} : { from: change.from.slice(0, 1024) }),
    ...(change.to === undefined ? {} : { to: change.to.slice(0, 1024) }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(gates.length === 0 ? {} : { gates: [...gates] }),
    why: (clause === undefined ? message : `${clause}: ${message}`).slice(0, 2048),
    ...(downtime === undefined ? {} : { downtime: downtime.slice(0, 256) }),
  };
}

/** The step that acts; where none does (something is given back), the component that the attempt knows the workload by. */
function componentOf(decision: Decision, workload: Workload | undefined): string {
  const acting = decision.steps.find(({ outcome }) => outcome?.kind === "act");
  const target = decision.record?.targets.find((each) => each.uid === workload?.metadata.uid);
  return acting?.component ?? target?.component ?? "database";
}

/** Whether old and new pods of the workload run at one time. A write that changes neither says nothing of it. */
function strategyOf(move: Moved): string | undefined {
  if (move.before === 0 && move.after === 0) return undefined;
  if (move.before === 0 || move.after === 0 || move.replaced === "withoutOverlap") return "without overlap";
  return move.replaced === "besideOld" ? "old beside new" : undefined;
}
