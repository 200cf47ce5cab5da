/**
 * How people steer an attempt. Every verb is a field of the spec and has a twin, an annotation for emergencies; here both become
 * one spec, so that nothing that decides knows which of them was used. What was asked by annotation is first remembered with the
 * attempt and then removed from the resource: killed in between, the operator finds it taken over and only removes it.
 */
import { ANNOTATION, VERB } from "../api/v1alpha1/names.ts";
import type { Spec } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord, RecordedVerbs } from "../model/attempt.ts";
import { canonicalJson } from "../model/digest.ts";
import type { World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import {
  type Approval,
  type Requests,
  type SkippedGate,
  stillAsked,
  type Verb,
  withoutVerbs,
} from "../model/verb-requests.ts";
import { annotateRecord } from "./attempt-writes.ts";

/** The world with a spec that says what the spec, the annotations and the attempt's memory of them say together. */
export function steered(world: World, record: AttemptRecord | undefined, requests: Requests): World {
  const { spec } = world.upgrade;
  const remembered: RecordedVerbs = record?.verbs ?? {};
  // An attempt remembers a retry before the annotation goes: until then it counts once, afterwards there.
  const again = record === undefined ? Number(requests.retry) : (remembered.retries ?? 0);
  return {
    ...world,
    upgrade: {
      ...world.upgrade,
      spec: {
        ...spec,
        ...wordsOf(spec, remembered, record?.plan ?? ""),
        acceptedRisks: [...listed(spec.acceptedRisks), ...listed(remembered.acceptedRisks), ...requests.acceptedRisks],
        paused: requests.pause || (spec.paused && !requests.resume),
        abort: spec.abort || (requests.abort && !isTakenBack(record, requests)) || isAborted(spec, remembered),
        rollback: spec.rollback || remembered.rollback !== undefined,
        retryAttempt: spec.retryAttempt + again,
      },
    },
  };
}

const isAborted = ({ retryAttempt }: Spec, { aborted, abortedAt = retryAttempt }: RecordedVerbs): boolean =>
  aborted === true && retryAttempt <= abortedAt;

/** Before there is an attempt to remember it, an abort and the retry that ends it stand side by side. */
const isTakenBack = (record: AttemptRecord | undefined, { abort, retry }: Requests): boolean =>
  record === undefined && abort && retry;

const listed = <T>(list: readonly T[] | undefined): readonly T[] => list ?? [];

/** What was said for one plan, and is remembered with its attempt. */
function wordsOf(
  spec: Spec,
  { approved, skipped }: RecordedVerbs,
  planHash: string,
): Pick<Spec, "approved" | "skipGates"> {
  return {
    approved: [...listed(spec.approved), ...listed(approved).map((before) => ({ before, planHash }))],
    skipGates: [...listed(spec.skipGates), ...listed(skipped).map((each) => ({ ...each, planHash }))],
  };
}

const isFor = (record: AttemptRecord, { planHash }: Approval | SkippedGate): boolean =>
  record.plan.startsWith(planHash);

/** Words that were given for another plan than the one that is carried out: they hold for that one only. */
export function meantForOthers(
  world: World,
  record: AttemptRecord | undefined,
  requests: Requests,
): readonly Violation[] {
  if (record === undefined) return [];
  const verbs = [
    ...(requests.approved.some((each) => !isFor(record, each)) ? (["approve"] as const) : []),
    ...(requests.skipped.some((each) => !isFor(record, each)) ? (["skipGate"] as const) : []),
  ];
  return verbs.map((verb) => ({
    gate: "Verbs",
    object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
    reason: "RequestOfOtherPlan",
    message: `its annotation ${VERB[verb]} is about another plan than ${record.plan}, which is carried out`,
    remedy: `look at status.plan and give the hash of that plan, or remove the annotation`,
    severity: "Warning",
  }));
}

/** The next write that takes a request over; undefined where nothing is asked. */
export function takeRequests(world: World, record: AttemptRecord | undefined, requests: Requests): Effect | undefined {
  const resumed = resume(world, requests);
  if (resumed !== undefined) return resumed;
  if (isTakenBack(record, requests)) return forget(world, ["abort", "retry"], "what was aborted goes on");
  if (record === undefined) return undefined;
  const { taking } = record.verbs;
  if (taking === undefined) return remember(record, requests, world.upgrade.spec);
  const left = stillAsked(taking, world.upgrade.metadata.annotations);
  if (left.length > 0) return forget(world, left, `${left.join(", ")}: remembered with the attempt`);
  const { taking: _, ...verbs } = record.verbs;
  const why = { reason: "RequestForgotten", message: "what was asked by annotation is taken over" };
  return annotateRecord(record, { [ANNOTATION.verbs]: canonicalJson(verbs) }, why);
}

/** A resume ends with the pause that it is about: an annotation's goes at once, the spec's when the spec says so. */
function resume(world: World, { pause, resume: asked }: Requests): Effect | undefined {
  if (!asked || (!pause && world.upgrade.spec.paused)) return undefined;
  const verbs: readonly Verb[] = world.upgrade.spec.paused ? ["pause"] : pause ? ["pause", "resume"] : ["resume"];
  return forget(world, verbs, "resumed by annotation");
}

function forget({ upgrade }: World, verbs: readonly Verb[], message: string): Effect {
  const { namespace, name, uid, resourceVersion } = upgrade.metadata;
  return {
    kind: "annotate",
    ref: { kind: "CeilometerUpgrade", namespace, name },
    uid,
    resourceVersion,
    metadata: { annotations: withoutVerbs(verbs) },
    why: { reason: "RequestForgotten", message, object: `CeilometerUpgrade/${name}` },
  };
}

const TAKEN: readonly Verb[] = ["approve", "abort", "rollback", "retry", "acceptRisk", "skipGate"];

function remember(record: AttemptRecord, requests: Requests, { retryAttempt }: Spec): Effect | undefined {
  const before = record.verbs;
  const approved = requests.approved.filter((each) => isFor(record, each));
  const skipped = requests.skipped.filter((each) => isFor(record, each));
  // Of a word for another plan nothing is taken, so it is still there for people to see and to correct.
  const isOpen = (verb: Verb): boolean =>
    (verb !== "approve" || approved.length > 0) && (verb !== "skipGate" || skipped.length > 0);
  const taking = Object.fromEntries(
    TAKEN.flatMap((verb) => {
      const text = requests.asked[verb];
      return text === undefined || !isOpen(verb) ? [] : [[verb, text]];
    }),
  );
  const words = Object.keys(taking);
  if (words.length === 0) return undefined;
  const rollback = { by: "Annotation" as const, why: "asked for by annotation" };
  const verbs: RecordedVerbs = {
    ...before,
    approved: [...new Set([...(before.approved ?? []), ...approved.map((each) => each.before)])],
    skipped: [...(before.skipped ?? []), ...skipped.map(({ name, reason }) => ({ name, reason }))],
    acceptedRisks: [...(before.acceptedRisks ?? []), ...requests.acceptedRisks],
    retries: (before.retries ?? 0) + (requests.retry ? 1 : 0),
    // What was aborted goes on when it is tried again.
    aborted: requests.abort || (before.aborted === true && !requests.retry),
    ...(requests.abort ? { abortedAt: retryAttempt } : {}),
    ...(requests.rollback ? { rollback } : {}),
    taking,
  };
  const why: Note = { reason: "RequestTaken", message: `${words.join(", ")}, as asked by annotation` };
  return annotateRecord(record, { [ANNOTATION.verbs]: canonicalJson(verbs) }, why);
}
