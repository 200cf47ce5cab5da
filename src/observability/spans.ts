/**
 * An attempt as a trace: a span for it, one for each step below, one for each write below its step. Ids are made of the plan, so that
 * spans of one attempt come together though several processes may have carried it out, and hours lie between.
 */
import type { Status } from "../api/v1alpha1/schema.ts";
import { digestText } from "../model/digest.ts";
import type { Meta } from "../model/meta.ts";
import type { Effect } from "../model/outcome.ts";
import { type Millis, parseTime } from "../model/time.ts";
import type { UpgradeReport, Written } from "./upgrade-report.ts";

type Attributes = Readonly<Record<string, string | undefined>>;

/** As OTLP has it in JSON: ids in hexadecimal, times in nanoseconds as text. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: 1;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  /** 1 ok, 2 error. */
  readonly status: { readonly code: 1 | 2 };
}

const nanos = (at: Millis): string => `${Math.round(at)}000000`;

interface Told {
  readonly id: string;
  readonly parent?: string;
  readonly name: string;
  readonly from: Millis;
  readonly to: Millis;
  readonly attributes: Attributes;
  readonly ok: boolean;
}

function span(trace: string, { id, parent, name, from, to, attributes, ok }: Told): Span {
  const spanId = (of: string): string => digestText(`${trace}/${of}`).slice(0, 16);
  return {
    traceId: digestText(trace).slice(0, 32),
    spanId: spanId(id),
    ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
    name,
    kind: 1,
    startTimeUnixNano: nanos(from),
    endTimeUnixNano: nanos(Math.max(from, to)),
    attributes: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [{ key, value: { stringValue: value } }],
    ),
    status: { code: ok ? 1 : 2 },
  };
}

const traceOf = ({ uid }: Meta, plan: string): string => `${uid}/${plan}`;
const ATTEMPT = "attempt";
const stepId = (step: string): string => `step/${step}`;
const of = ({ namespace, name }: Meta): Attributes => ({
  "k8s.namespace.name": namespace,
  "ceilometer.upgrade.name": name,
});

/** Steps and attempts that have ended between two stored reports. */
export function endedSpans(previous: Status, { metadata, spec, status }: UpgradeReport): readonly Span[] {
  const plan = status.plan?.hash;
  const steps = (status.steps ?? []).flatMap(({ name, state, startedAt, finishedAt }) => {
    const before = previous.steps?.find((each) => each.name === name);
    const [from, to] = [parseTime(startedAt), parseTime(finishedAt)];
    if (plan === undefined || from === undefined || to === undefined || before?.finishedAt === finishedAt) return [];
    const attributes = { ...of(metadata), "ceilometer.upgrade.step": name, "ceilometer.upgrade.state": state };
    const ok = state !== "Failed";
    return [span(traceOf(metadata, plan), { id: stepId(name), parent: ATTEMPT, name, from, to, attributes, ok })];
  });
  const attempts = (status.history ?? []).flatMap(
    ({ plan: hash, from: old, to: target, state, startedAt, finishedAt }) => {
      const known = previous.history?.some((each) => each.plan === hash && each.finishedAt === finishedAt) === true;
      const [from, to] = [parseTime(startedAt), parseTime(finishedAt)];
      if (known || previous.plan?.hash !== hash || from === undefined || to === undefined) return [];
      const attributes = {
        ...of(metadata),
        "ceilometer.upgrade.from": old,
        "ceilometer.upgrade.to": target,
        "ceilometer.upgrade.strategy": spec?.strategy,
        "ceilometer.upgrade.plan": hash,
        "ceilometer.upgrade.state": state,
      };
      const name = `upgrade to ${target}`;
      return [span(traceOf(metadata, hash), { id: ATTEMPT, name, from, to, attributes, ok: state !== "Failed" })];
    },
  );
  return [...steps, ...attempts];
}

/** Undefined for what is written before there is a plan. */
export function writeSpan(
  effect: Effect,
  result: string,
  { metadata, decision, began, ended }: Written,
): Span | undefined {
  const plan = decision.record?.plan ?? decision.plan?.hash;
  if (plan === undefined) return undefined;
  const step = decision.steps.find(({ outcome }) => outcome?.kind === "act")?.component;
  const { reason, clause, object } = effect.why;
  const target = effect.kind === "create" ? effect.object : { kind: effect.ref.kind, metadata: effect.ref };
  const attributes = {
    ...of(metadata),
    "ceilometer.upgrade.step": step,
    "ceilometer.upgrade.reason": reason,
    "ceilometer.upgrade.clause": clause,
    "ceilometer.upgrade.object": object ?? `${target.kind}/${target.metadata.name}`,
    "ceilometer.upgrade.write": effect.kind,
    "ceilometer.upgrade.result": result,
  };
  return span(traceOf(metadata, plan), {
    id: `write/${reason}/${target.kind}/${target.metadata.name}/${began}`,
    parent: step === undefined ? ATTEMPT : stepId(step),
    name: reason,
    from: began,
    to: ended,
    attributes,
    ok: result === "done",
  });
}
