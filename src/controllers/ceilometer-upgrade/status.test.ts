import { expect, test } from "vitest";
import { anUpgrade, aRecord, NOW } from "../../../test/support/builders.ts";
import { CONDITION_TYPES } from "../../api/v1alpha1/conditions.ts";
import { type Status, statusSchema } from "../../api/v1alpha1/schema.ts";
import { type Decision, PHASES, type Phase } from "../../model/decision.ts";
import type { Outcome, Violation } from "../../model/outcome.ts";
import { makeStatus } from "./status.ts";

const note = { reason: "TakingDown", message: "shut down" };
const violation: Violation = {
  gate: "Rollout",
  object: "Pod/a",
  reason: "CrashLoopBackOff",
  message: "it crashes",
  remedy: "read its log",
  severity: "Error",
};
const decided = (phase: Phase, more: Partial<Decision> = {}): Decision => ({
  phase,
  headline: { reason: phase === "Held" ? violation.reason : phase, message: "so it is" },
  steps: [],
  findings: [],
  probes: [],
  ...more,
});
const report = (decision: Decision, previous: Status = {}, now = NOW, generation = 1) =>
  makeStatus({ upgrade: anUpgrade({}, { generation }), decision, records: [], now }, previous);
const condition = (status: Status, type: string) => status.conditions?.find((each) => each.type === type);
const statuses = (status: Status, ...types: readonly string[]) => types.map((type) => condition(status, type)?.status);

test.each(PHASES)("every condition is told in %s, once, with a reason, and as the schema has it", (phase) => {
  const status = report(decided(phase));
  expect(status.conditions?.map((each) => each.type)).toEqual([...CONDITION_TYPES]);
  expect(status.conditions?.every((each) => each.reason !== "" && each.observedGeneration === 1)).toBe(true);
  expect(() => statusSchema.parse(status)).not.toThrow();
});

test.each(PHASES)("in %s Ready, Reconciling and Stalled do not contradict each other", (phase) => {
  const [ready, reconciling, stalled] = statuses(report(decided(phase)), "Ready", "Reconciling", "Stalled");
  if (ready === "True") expect([reconciling, stalled]).toEqual(["False", "False"]);
  if (stalled === "True") expect([ready, reconciling]).toEqual(["False", "False"]);
  if (reconciling === "True") expect(ready).not.toBe("True");
});

test.each([
  ["Completed", ["True", "False", "False", "True"]],
  ["NoChange", ["True", "False", "False", "True"]],
  ["Progressing", ["False", "True", "False", "Unknown"]],
  ["Held", ["False", "False", "True", "Unknown"]],
  ["Paused", ["False", "False", "False", "Unknown"]],
  ["Planned", ["False", "False", "False", "Unknown"]],
  ["Unreadable", ["Unknown", "True", "False", "Unknown"]],
] as const)("%s is told as kstatus has it", (phase, expected) => {
  expect(statuses(report(decided(phase)), "Ready", "Reconciling", "Stalled", "Succeeded")).toEqual(expected);
});

test("a generation that has succeeded stays so, and the next one begins anew", () => {
  const done = report(decided("Completed"));
  expect(statuses(report(decided("Held"), done), "Succeeded", "Ready")).toEqual(["True", "False"]);
  expect(statuses(report(decided("Progressing"), done, NOW, 2), "Succeeded")).toEqual(["Unknown"]);
});

const done = { state: "Completed", at: "2026-01-01T00:00:00Z", retry: 0 } as const;
const { spec } = anUpgrade();

test.each<[what: string, more: Partial<Decision>, said: string]>([
  ["another attempt is under way", { record: aRecord() }, "Unknown"],
  ["a retry is asked for", { record: aRecord({ ended: done }), spec: { ...spec, retryAttempt: 1 } }, "Unknown"],
  ["a rollback is asked for", { record: aRecord({ ended: done }), spec: { ...spec, rollback: true } }, "Unknown"],
  ["nothing is asked for", { record: aRecord({ ended: done }), spec }, "True"],
])("a generation that has succeeded stays so until %s, held or not", (_, more, expected) => {
  const before = report(decided("Completed"));
  for (const phase of ["Progressing", "Held"] as const)
    expect(statuses(report(decided(phase, more), before), "Succeeded")).toEqual([expected]);
});

test("the time of a condition is that of its last change of status, not of its words", () => {
  const first = report(decided("Progressing"));
  const later = report(decided("Held"), first, NOW + 60_000);
  expect(condition(later, "Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  expect(condition(later, "Stalled")?.lastTransitionTime).toBe("2026-01-01T00:01:00Z");
});

const step = (outcome: Outcome | undefined, more: object = {}) => ({
  steps: [{ component: "collector" as const, outcome, ...more }],
});

test.each([
  [undefined, "Pending", "Unknown"],
  [{ kind: "settled", note }, "Succeeded", "True"],
  [{ kind: "settled", skipped: true, note }, "Skipped", "True"],
  [{ kind: "wait", note }, "Running", "False"],
  [{ kind: "held", violations: [violation] }, "Held", "False"],
  [{ kind: "failed", violation }, "Failed", "False"],
] as const satisfies readonly (readonly [Outcome | undefined, string, string])[])(
  "a step of %j is %s",
  (outcome, state, said) => {
    const status = report(decided("Progressing", step(outcome)));
    expect(status.steps?.[0]?.state).toBe(state);
    expect(statuses(status, "CollectorUpgraded")).toEqual([said]);
  },
);

test("what blocks a step is told since when, for as long as it is the same", () => {
  const held = decided("Held", step({ kind: "held", violations: [violation] }));
  const later = report(held, report(held), NOW + 60_000);
  expect(later.steps?.[0]?.blockedBy).toMatchObject({ reason: "CrashLoopBackOff", since: "2026-01-01T00:00:00Z" });
  const other = decided("Held", step({ kind: "held", violations: [{ ...violation, object: "Pod/b" }] }));
  expect(report(other, later, NOW + 60_000).steps?.[0]?.blockedBy?.since).toBe("2026-01-01T00:01:00Z");
});

test("a step keeps its end while its plan is the same", () => {
  const record = aRecord();
  const done = decided("Progressing", { ...step({ kind: "settled", note }, { startedAt: NOW - 5000 }), record });
  const later = report(done, report(done), NOW + 60_000);
  expect(later.steps?.[0]).toMatchObject({ startedAt: "2025-12-31T23:59:55Z", finishedAt: "2026-01-01T00:00:00Z" });
  const replanned = decided("Progressing", { ...step({ kind: "settled", note }), record: aRecord({ plan: "plan-2" }) });
  expect(report(replanned, later, NOW + 60_000).steps?.[0]?.finishedAt).toBe("2026-01-01T00:01:00Z");
});

test("every check that did not pass is listed, and the condition names the errors", () => {
  const warning: Violation = { ...violation, reason: "SecretMutable", severity: "Warning" };
  const status = report(decided("Held", { findings: [violation, warning] }));
  expect(status.preflight?.map((each) => each.check)).toEqual(["CrashLoopBackOff", "SecretMutable"]);
  expect(condition(status, "PreflightPassed")).toMatchObject({ status: "False", message: "Pod/a: it crashes" });
  expect(statuses(report(decided("Held", { record: aRecord(), findings: [violation] })), "PreflightPassed")).toEqual([
    "True",
  ]);
});

test("drift after the end is told and takes nothing back", () => {
  const status = report(decided("Completed", { drifted: ["Deployment/a"] }));
  expect(statuses(status, "Drifted", "Ready", "Succeeded")).toEqual(["True", "True", "True"]);
  expect(statuses(report(decided("Completed")), "Drifted")).toEqual(["False"]);
});

test("a pause that has not taken hold yet is told apart from one that has", () => {
  const upgrade = anUpgrade({ paused: true });
  const said = (phase: Phase) =>
    condition(makeStatus({ upgrade, decision: decided(phase), records: [], now: NOW }, {}), "Paused");
  expect(said("Progressing")).toMatchObject({ status: "False", reason: "Pausing" });
  expect(said("Paused")).toMatchObject({ status: "True", reason: "Paused" });
});

test("the history is made of records, newest first, and lost with none", () => {
  const ended = (plan: string, at: string, state: "Completed" | "Superseded") =>
    aRecord({ plan, ended: { state, at, retry: 0 } });
  const records = [
    ended("p1", "2026-01-01T01:00:00Z", "Superseded"),
    ended("p2", "2026-01-01T02:00:00Z", "Completed"),
    aRecord({ plan: "open" }),
  ];
  const told = makeStatus({ upgrade: anUpgrade(), decision: decided("Progressing"), records, now: NOW }, {});
  expect(told.history?.map(({ plan, state }) => [plan, state])).toEqual([
    ["p2", "Completed"],
    ["p1", "Partial"],
  ]);
});

test("what was rolled back is told so, whether it had come to its end or not", () => {
  const ended = (at: string, state: "Superseded" | "Completed" | "RolledBack") => ({ state, at, retry: 0 });
  const back = { of: "p1", by: "Spec", why: "asked" } as const;
  const way = aRecord({ plan: "p1-back", back, ended: ended("2026-01-01T02:00:00Z", "RolledBack") });
  const states = (first: ReturnType<typeof ended>) =>
    makeStatus(
      {
        upgrade: anUpgrade(),
        decision: decided("RolledBack"),
        records: [aRecord({ plan: "p1", ended: first }), way],
        now: NOW,
      },
      {},
    ).history?.map(({ plan, state, finishedAt }) => [plan, state, finishedAt]);
  expect(states(ended("2026-01-01T01:00:00Z", "Superseded"))).toEqual([["p1", "RolledBack", "2026-01-01T02:00:00Z"]]);
  expect(states(ended("2026-01-01T01:30:00Z", "Completed"))).toEqual([["p1", "RolledBack", "2026-01-01T02:00:00Z"]]);
});

test("a rollback that the spec asks for is what it wants; after any other somebody has to decide", () => {
  const told = (rollback: boolean) =>
    makeStatus({ upgrade: anUpgrade({ rollback }), decision: decided("RolledBack"), records: [], now: NOW }, {});
  expect(statuses(told(true), "Ready", "Stalled", "Succeeded")).toEqual(["True", "False", "False"]);
  expect(statuses(told(false), "Ready", "Stalled", "Succeeded")).toEqual(["False", "True", "False"]);
  expect(told(true).step).toBe("RolledBack");
});

const write = { component: "polling", object: "DaemonSet/a", action: "TakingDown", why: "F4: down" };
const planOf = (hash: string) =>
  ({ hash, from: "newton", steps: [write], findings: [], end: "Complete", headline: note }) as const;

test("a plan that is asked for is told, with the checks before it passed", () => {
  const status = report(decided("Planned", { plan: planOf("one") }));
  expect(status.plan).toEqual({ hash: "one", steps: [write] });
  expect(status.step).toBe("Planned");
  expect(condition(status, "Ready")).toMatchObject({ status: "False", reason: "Planned" });
  expect(condition(status, "PreflightPassed")?.status).toBe("True");
});

test("the steps of a plan are carried on while it is the same plan, and no longer", () => {
  const first = report(decided("Progressing", { plan: planOf("one"), record: aRecord({ plan: "one" }) }));
  const next = report(decided("Progressing", { record: aRecord({ plan: "one" }) }), first);
  expect(next.plan).toEqual({ hash: "one", steps: [write] });
  expect(report(decided("Progressing", { record: aRecord({ plan: "two" }) }), next).plan).toEqual({ hash: "two" });
  expect(report(decided("Preflight"), next).plan).toBeUndefined();
});

test("a plan that is longer than a report may be is cut", () => {
  const steps = Array.from({ length: 300 }, () => write);
  const status = report(decided("Planned", { plan: { ...planOf("one"), steps } }));
  expect(status.plan?.steps).toHaveLength(256);
  expect(() => statusSchema.parse(status)).not.toThrow();
});

const settledStep = step({ kind: "settled", note: { reason: "Upgraded", message: "done" } }, { startedAt: NOW - 5000 });
const underWay = decided("Progressing", { ...settledStep, record: aRecord(), from: "newton", plan: planOf("plan-1") });
const blind = decided("Unreadable");

test("what had been seen of an attempt stays where nothing can be read for a while, and its times are the same afterwards", () => {
  const seen = report(underWay);
  const unread = report(blind, seen, NOW + 60_000);
  expect(unread).toMatchObject({ steps: seen.steps, plan: seen.plan, release: seen.release, step: "Unreadable" });
  expect(condition(unread, "CollectorUpgraded")).toEqual(condition(seen, "CollectorUpgraded"));
  expect(statuses(unread, "Ready", "Reconciling", "Stalled")).toEqual(["Unknown", "True", "False"]);
  const again = report(decided("Progressing", { ...settledStep, record: aRecord() }), unread, NOW + 120_000);
  expect(again).toMatchObject({ steps: seen.steps, plan: seen.plan });
});

test("nothing of it stays where the spec has changed meanwhile", () => {
  const unread = report(blind, report(underWay), NOW + 60_000, 2);
  expect(unread.steps).toEqual([]);
  expect(unread.plan).toBeUndefined();
});

test("a workload that is not there takes nothing back of what its attempt has done", () => {
  const seen = report(underWay);
  const missing = decided("Held", { ...step(undefined), record: aRecord(), findings: [violation] });
  const status = report(missing, seen, NOW + 60_000);
  expect(status).toMatchObject({ steps: seen.steps, step: "Held" });
  expect(statuses(status, "CollectorUpgraded", "Stalled")).toEqual(["True", "True"]);
  const other = decided("Held", { ...step(undefined), record: aRecord({ plan: "plan-2" }) });
  expect(report(other, seen).steps?.[0]?.state).toBe("Pending");
});

test.each([
  ["Held", "Stalled"],
  ["Paused", "Paused"],
] as const)(
  "who was waited for in %s is still, since the same time, where something could not be read",
  (phase, type) => {
    const before = report(decided(phase, { record: aRecord() }));
    const unread = report(blind, before, NOW + 60_000);
    expect(condition(unread, type)).toMatchObject({ status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" });
    const after = report(decided(phase, { record: aRecord() }), unread, NOW + 120_000);
    expect(condition(after, type)?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  },
);

test("drift that was told is told since the same time after something could not be read", () => {
  const drifted = decided("Completed", { drifted: ["Deployment/a"] });
  const unread = report(blind, report(drifted), NOW + 60_000);
  expect(condition(report(drifted, unread, NOW + 120_000), "Drifted")?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
});
