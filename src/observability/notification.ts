/**
 * What people elsewhere are told of an upgrade, as CloudEvents 1.0: made of a report that is stored, and of nothing else, so that
 * every process makes the same of it, under the same id and time.
 *
 * Nothing free goes out: no message, no log text, no configuration. A reason is a word of the table of reasons, told with the
 * meaning and the remedy that stand there; objects are named by kind and name.
 */
import { GROUP, PLURAL, VERSION } from "../api/v1alpha1/names.ts";
import { REASONS } from "../api/v1alpha1/reasons.ts";
import type { Condition, HistoryEntry, StepStatus } from "../api/v1alpha1/schema.ts";
import type { Decision } from "../model/decision.ts";
import { parseTime } from "../model/time.ts";
import type { UpgradeReport } from "./upgrade-report.ts";

const TYPE = "org.openstack.ceilometer.upgrade";

/** Every type without what all of them begin with, and when it is sent. They are API, and so are the fields of `data`, which may grow. */
export const NOTIFICATIONS = {
  started: "the attempt record is written: what follows changes workloads",
  rollingback: "the record of a way back is written: what follows takes workloads back",
  "step.succeeded": "a component runs the target",
  "step.failed": "a Job of the step has failed",
  held: "somebody has to do something",
  awaitingapproval: "a person has to approve what comes next",
  paused: "it stands still between two steps, as was asked",
  completed: "every component runs the target",
  partial:
    "the attempt has ended before all components were upgraded: another target took over, or `spec.only` leaves the rest",
  rolledback: "the workloads are what they were before the attempt",
  failed: "the attempt has ended without reaching its target",
  drifted: "somebody took workloads off the target after it had completed",
} as const;
type Kind = keyof typeof NOTIFICATIONS;

export interface NotificationData {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly strategy?: string;
  readonly from?: string;
  readonly to?: string;
  /** The hash of the plan. */
  readonly plan?: string;
  readonly step?: string;
  readonly reason?: string;
  readonly meaning?: string;
  readonly remedy?: string;
  /** `<kind>/<name>` of what stands in the way. */
  readonly object?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** A CloudEvent in its JSON format, as it is sent. */
export interface Notification {
  readonly specversion: "1.0";
  /** The same for the same fact, whichever process tells it. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: NotificationData;
}

export const typeOf = (kind: Kind): string => `${TYPE}.${kind}`;

/** Everything that a stored report says and that people are told; the same report always gives the same list. */
export function notificationsOf(report: UpgradeReport): readonly Notification[] {
  const { metadata, spec, status, decision } = report;
  const plan = status.plan?.hash;
  const common = {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    ...given("strategy", spec?.strategy),
    ...given("from", decision.record?.from ?? status.release?.current),
    ...given("to", decision.record?.to ?? spec?.target.release),
    ...given("plan", plan),
  };
  const tell = (
    kind: Kind,
    time: string | undefined,
    more: Partial<NotificationData> = {},
  ): readonly Notification[] => {
    if (time === undefined) return [];
    const data = { ...common, ...more };
    return [
      {
        specversion: "1.0",
        id: [metadata.uid, data.plan ?? "-", kind, ...[data.step, data.reason].filter(Boolean), time].join("/"),
        source: `/apis/${GROUP}/${VERSION}/namespaces/${metadata.namespace}/${PLURAL}/${metadata.name}`,
        type: typeOf(kind),
        ...given("subject", data.step),
        time,
        datacontenttype: "application/json",
        data,
      },
    ];
  };
  const told = (kind: Kind, type: string, more: Partial<NotificationData> = {}): readonly Notification[] => {
    const condition = status.conditions?.find((each) => each.type === type && each.status === "True");
    return condition === undefined
      ? []
      : tell(kind, condition.lastTransitionTime, { ...explained(condition), ...more });
  };
  const all = [
    ...began(decision, tell),
    ...(status.steps ?? []).flatMap((step) => tellStep(step, tell)),
    ...told("held", "Stalled", inTheWay(report)),
    ...told("awaitingapproval", "AwaitingApproval"),
    ...told("paused", "Paused"),
    ...(status.history ?? []).flatMap((entry) => tellEnd(entry, tell)),
    ...told("drifted", "Drifted"),
  ];
  return inOrder(all, report);
}

/** By time; but an attempt's end is dated by its record, and its last step by the report that came after. */
function inOrder(all: readonly Notification[], { status }: UpgradeReport): readonly Notification[] {
  const lastStep = Math.max(...(status.steps ?? []).map(({ finishedAt }) => parseTime(finishedAt) ?? 0), 0);
  const ends = new Set(Object.values(ENDS).map(typeOf));
  const placeOf = ({ type, time, data }: Notification): number => {
    const at = parseTime(time) ?? 0;
    return ends.has(type) && data.plan === status.plan?.hash ? Math.max(at, lastStep) : at;
  };
  return all.toSorted((a, b) => placeOf(a) - placeOf(b));
}

type Tell = (kind: Kind, time: string | undefined, more?: Partial<NotificationData>) => readonly Notification[];

function tellStep(
  { name: step, state, startedAt, finishedAt, blockedBy }: StepStatus,
  tell: Tell,
): readonly Notification[] {
  const times = { step, ...given("startedAt", startedAt), ...given("finishedAt", finishedAt) };
  if (state === "Succeeded") return tell("step.succeeded", finishedAt, times);
  if (state !== "Failed" || blockedBy === undefined) return [];
  return tell("step.failed", blockedBy.since, { ...times, ...explained(blockedBy), object: blockedBy.object });
}

function began({ record }: Decision, tell: Tell): readonly Notification[] {
  if (record === undefined) return [];
  return tell(record.back === undefined ? "started" : "rollingback", record.startedAt);
}

const ENDS: Readonly<Record<HistoryEntry["state"], Kind>> = {
  Completed: "completed",
  Partial: "partial",
  RolledBack: "rolledback",
  Failed: "failed",
};

/** From and to are of that attempt: the resource may have another target by now. */
function tellEnd({ plan, state, from, to, startedAt, finishedAt }: HistoryEntry, tell: Tell): readonly Notification[] {
  return tell(ENDS[state], finishedAt, {
    plan,
    to,
    ...given("from", from),
    ...given("startedAt", startedAt),
    ...given("finishedAt", finishedAt),
  });
}

function explained({ reason }: Pick<Condition, "reason">): Partial<NotificationData> {
  const known = Object.entries(REASONS).find(([name]) => name === reason)?.[1];
  return { reason, ...(known === undefined ? {} : { meaning: known.meaning, remedy: known.remedy }) };
}

function inTheWay({ status, decision }: UpgradeReport): Partial<NotificationData> {
  const reason = status.conditions?.find(({ type }) => type === "Stalled")?.reason;
  // A step may wait for one thing while the whole is held by another, as by a write that is refused.
  const step = status.steps?.find(({ blockedBy }) => blockedBy?.reason === reason);
  const object = step?.blockedBy?.object ?? decision.headline.object;
  return { ...given("step", step?.name), ...given("object", object) };
}

/** A member that is absent where its value is undefined. */
function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const member: { [key in K]?: V } = {};
  if (value !== undefined) member[key] = value;
  return member;
}
