import { CloudEvent } from "cloudevents";
import { expect, test } from "vitest";
import { anUpgrade, aRecord, NOW } from "../../test/support/builders.ts";
import type { Status } from "../api/v1alpha1/schema.ts";
import { makeStatus } from "../controllers/ceilometer-upgrade/status.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { type Decision, PHASES } from "../model/decision.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import { formatTime } from "../model/time.ts";
import { NOTIFICATIONS, type Notification, notificationsOf, typeOf } from "./notification.ts";
import type { UpgradeReport } from "./upgrade-report.ts";

const SECRET = "hunter2 from the log of an agent";
const violation: Violation = {
  gate: "Rollout",
  object: "Deployment/ceilometer-central",
  reason: "CrashLoopBackOff",
  message: SECRET,
  remedy: SECRET,
  severity: "Error",
};
const settled: Outcome = { kind: "settled", note: { reason: "Upgraded", message: SECRET } };
const record = aRecord({ startedAt: formatTime(NOW - 600_000) });

function report(
  decision: Partial<Decision>,
  previous: Status = {},
  records: readonly AttemptRecord[] = [],
  now = NOW,
): UpgradeReport {
  const upgrade = anUpgrade();
  const whole: Decision = {
    phase: "Progressing",
    headline: { reason: "WaitingForNewPods", message: SECRET },
    steps: [],
    findings: [],
    probes: [],
    ...decision,
  };
  const status = makeStatus({ upgrade, decision: whole, records, now }, previous);
  return { ...upgrade, status, decision: whole, workloads: { seen: "absent" }, now };
}

const kinds = (all: readonly Notification[]) =>
  all.map(({ type }) => type.replace("org.openstack.ceilometer.upgrade.", ""));
const held = report({
  phase: "Held",
  record,
  headline: { reason: violation.reason, message: SECRET, object: violation.object },
  findings: [violation],
  steps: [
    { component: "database", outcome: settled, startedAt: NOW - 500_000 },
    { component: "polling", outcome: { kind: "held", violations: [violation] } },
  ],
});
const ended = { ...record, ended: { state: "Completed", at: formatTime(NOW), retry: 0 } } as const;
const done = report(
  { phase: "Completed", record: ended, headline: { reason: "Completed", message: "" } },
  held.status,
  [ended],
);

test("what has begun, what has succeeded and what holds is told, in the order in which it happened", () => {
  expect(kinds(notificationsOf(held))).toEqual(["started", "step.succeeded", "held"]);
  expect(notificationsOf(held).at(-1)?.data).toMatchObject({
    namespace: "openstack",
    plan: record.plan,
    step: "polling",
    reason: "CrashLoopBackOff",
    meaning: "A new pod keeps crashing.",
    remedy: "Read the log of its previous run.",
    object: "Deployment/ceilometer-central",
  });
  expect(kinds(notificationsOf(done))).toEqual(["started", "completed"]);
});

test("the end comes after the last step, though the record of it was written a moment before the report", () => {
  const last = report(
    {
      phase: "Completed",
      record: ended,
      headline: { reason: "Completed", message: "" },
      steps: [{ component: "polling", outcome: settled, startedAt: NOW - 500_000 }],
    },
    held.status,
    [ended],
    NOW + 2000,
  );
  expect(kinds(notificationsOf(last))).toEqual(["started", "step.succeeded", "completed"]);
});

test("what was told is told under the same id after something could not be read for a while", () => {
  const unread = report(
    { phase: "Unreadable", headline: { reason: "Unreadable", message: "" } },
    held.status,
    [],
    NOW + 60_000,
  );
  const again = report(held.decision, unread.status, [], NOW + 120_000);
  const ids = (of: UpgradeReport): readonly string[] => notificationsOf(of).map(({ id }) => id);
  expect(ids(again)).toEqual(ids(held));
  expect(ids(held)).toEqual(expect.arrayContaining([...ids(unread)]));
});

test("where the whole is held by another thing than a step waits for, that is what is named", () => {
  const object = "Deployment/ceilometer-central";
  const headline = { reason: "WriteRefused", message: SECRET, object };
  const waits: Outcome = {
    kind: "wait",
    note: { reason: "Waiting", message: "" },
    blocked: { ...violation, object: "Pod/x" },
  };
  const told = report({ phase: "Held", record, headline, steps: [{ component: "polling", outcome: waits }] });
  expect(notificationsOf(told).at(-1)?.data).toMatchObject({ reason: "WriteRefused", object });
  expect(notificationsOf(told).at(-1)?.subject).toBeUndefined();
});

test("a way back is told as one, to what it goes", () => {
  const back = aRecord({ plan: "back", to: "2025.1", back: { of: record.plan, by: "Spec", why: "asked" } });
  const [told] = notificationsOf(report({ record: back }));
  expect(told).toMatchObject({ type: typeOf("rollingback"), data: { plan: "back", to: "2025.1" } });
});

test("each is a CloudEvent, as their own library judges it", () => {
  for (const each of [...notificationsOf(held), ...notificationsOf(done)])
    expect(new CloudEvent({ ...each }).validate(), each.type).toBe(true);
});

test("another process tells the same of the same, and a later hold is another one", () => {
  expect(notificationsOf(structuredClone(held))).toEqual(notificationsOf(held));
  const all = [...notificationsOf(held), ...notificationsOf(done)];
  expect(new Set(all.map(({ id }) => id)).size).toBe(new Set(all.map((each) => JSON.stringify(each))).size);
  const again = report(held.decision, {}, [], NOW + 1000);
  expect(notificationsOf(again).at(-1)?.id).not.toBe(notificationsOf(held).at(-1)?.id);
});

test("no message, log text or remedy of the moment goes out", () => {
  const failed = report({ record, steps: [{ component: "database", outcome: { kind: "failed", violation } }] });
  expect(kinds(notificationsOf(failed))).toContain("step.failed");
  for (const each of [held, done, failed]) expect(JSON.stringify(notificationsOf(each))).not.toContain("hunter2");
});

test.each(PHASES)("%s: every type that is sent is a documented one", (phase) => {
  const told = notificationsOf(report({ phase, record, headline: { reason: "AwaitingApproval", message: "" } }));
  const known = Object.keys(NOTIFICATIONS);
  expect(kinds(told).filter((kind) => !known.includes(kind))).toEqual([]);
  expect(told[0]?.type).toBe(typeOf("started"));
});
