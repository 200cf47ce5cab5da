import { expect, test } from "vitest";
import { aDaemonSet, aDeployment, anUpgrade, aRecord, aRecordedTarget, NOW } from "../../test/support/builders.ts";
import type { Status } from "../api/v1alpha1/schema.ts";
import { makeStatus } from "../controllers/ceilometer-upgrade/status.ts";
import type { Decision } from "../model/decision.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import { createMetrics } from "./metrics.ts";
import { createUpgradeMetrics } from "./upgrade-metrics.ts";
import type { UpgradeReport } from "./upgrade-report.ts";

const violation = (reason: string, gate = "Rollout"): Violation => ({
  gate,
  object: "Deployment/ceilometer-central",
  reason,
  message: "it crashes",
  remedy: "read its log",
  severity: "Error",
});
const settled: Outcome = { kind: "settled", note: { reason: "Upgraded", message: "" } };
const decided = (more: Partial<Decision>): Decision => ({
  phase: "Progressing",
  headline: { reason: "WaitingForNewPods", message: "", object: "Deployment/ceilometer-central" },
  steps: [],
  findings: [],
  probes: [],
  ...more,
});
const held = (reason: string, gate?: string): Decision => {
  const no = violation(reason, gate);
  return decided({
    phase: "Held",
    headline: { reason, message: "", object: no.object },
    steps: [{ component: "polling", outcome: { kind: "held", violations: [no] } }],
    findings: [no],
  });
};

/** What follows `previous` when this is decided so many seconds after the beginning. */
function report(decision: Decision, previous: Status = {}, afterSeconds = 0): UpgradeReport {
  const upgrade = anUpgrade({
    acceptedRisks: [
      { check: "DefinitionRemoved", object: "meters.yaml/a", reason: "r", expiresAt: "2026-03-01T00:00:00Z" },
      { check: "DefinitionRemoved", object: "meters.yaml/b", reason: "r", expiresAt: "2026-02-01T00:00:00Z" },
    ],
  });
  const now = NOW + afterSeconds * 1000;
  const status = makeStatus({ upgrade, decision, records: [], now }, previous);
  return { ...upgrade, status, decision, workloads: { seen: "absent" }, now };
}

async function seriesOf(...reports: readonly UpgradeReport[]): Promise<ReadonlyMap<string, number>> {
  const metrics = createMetrics();
  const upgrades = createUpgradeMetrics(metrics);
  let previous: Status = {};
  for (const each of reports) {
    upgrades.looked(each);
    upgrades.stored(previous, each);
    previous = each.status;
  }
  return read(await metrics.text());
}

function read(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith("ceilometer_upgrade_"));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(" ");
      const series = line.slice("ceilometer_upgrade_".length, cut).replace(/namespace="[^"]*",name="[^"]*",?/, "");
      return [series, Number(line.slice(cut + 1))];
    }),
  );
}

const ones = (series: ReadonlyMap<string, number>, metric: string): readonly string[] =>
  [...series].filter(([name, value]) => name.startsWith(`${metric}{`) && value === 1).map(([name]) => name);

test("a resource, and each of its steps, is in one state", async () => {
  const series = await seriesOf(
    report(
      decided({
        steps: [
          { component: "database", outcome: settled, startedAt: NOW - 60_000 },
          { component: "polling", outcome: undefined },
        ],
      }),
    ),
  );
  expect(ones(series, "state")).toEqual(['state{state="Progressing"}']);
  expect(ones(series, "step_state")).toEqual([
    'step_state{step="database",state="Succeeded"}',
    'step_state{step="polling",state="Pending"}',
  ]);
  expect(series.get('step_started_timestamp_seconds{step="database"}')).toBe(NOW / 1000 - 60);
  expect(series.get('step_finished_timestamp_seconds{step="database"}')).toBe(NOW / 1000);
  expect(series.has('step_started_timestamp_seconds{step="polling"}')).toBe(false);
});

test("the same look twice counts nothing twice, and a step is observed when it has ended", async () => {
  const running = report(
    decided({
      steps: [{ component: "polling", outcome: { kind: "wait", note: { reason: "Verifying", message: "" } } }],
    }),
  );
  const done = decided({ steps: [{ component: "polling", outcome: settled, startedAt: NOW - 50_000 }] });
  const first = report(done, running.status, 10);
  const second = report(done, first.status, 20);
  const series = await seriesOf(running, first, second);
  expect(series.get('step_duration_seconds_count{strategy="Full",step="polling"}')).toBe(1);
  expect(series.get('step_duration_seconds_sum{strategy="Full",step="polling"}')).toBe(60);
});

test("what is waited for is one series with the time it began, and is observed when it is over", async () => {
  const since =
    'waiting_since_timestamp_seconds{step="Preparing",reason="WaitingForNewPods",gate="",object="Deployment/ceilometer-central"}';
  const first = report(decided({}));
  const later = report(decided({}), first.status, 30);
  expect((await seriesOf(first, later)).get(since)).toBe(NOW / 1000);
  const hold = report(held("CrashLoopBackOff"), later.status, 40);
  const series = await seriesOf(first, later, hold);
  expect(series.has(since)).toBe(false);
  expect([...series.keys()].filter((name) => name.startsWith("waiting_since"))).toEqual([
    'waiting_since_timestamp_seconds{step="polling",reason="CrashLoopBackOff",gate="Rollout",object="Deployment/ceilometer-central"}',
  ]);
  expect(series.get('wait_duration_seconds_sum{gate="",reason="WaitingForNewPods"}')).toBe(40);
  const over = await seriesOf(first, hold, report(decided({ phase: "Completed" }), hold.status, 100));
  expect(over.get('wait_duration_seconds_sum{gate="Rollout",reason="CrashLoopBackOff"}')).toBe(60);
});

test("a hold that another process began keeps its time", async () => {
  const hold = report(held("CrashLoopBackOff"));
  const afterRestart = report(held("CrashLoopBackOff"), hold.status, 500);
  const series = await seriesOf(afterRestart);
  expect([...series].find(([name]) => name.startsWith("waiting_since"))?.[1]).toBe(NOW / 1000);
});

test("each stall is counted once, by its reason, and names of users make no labels of what stays", async () => {
  const first = report(held("CrashLoopBackOff", "quiet-nights"));
  const same = report(held("CrashLoopBackOff", "quiet-nights"), first.status, 5);
  const other = report(held("Unschedulable", "quiet-nights"), same.status, 10);
  const series = await seriesOf(first, same, other);
  expect(series.get('stalls_total{reason="CrashLoopBackOff"}')).toBe(1);
  expect(series.get('stalls_total{reason="Unschedulable"}')).toBe(1);
  expect(series.get('wait_duration_seconds_count{gate="Extra",reason="CrashLoopBackOff"}')).toBe(1);
});

test("accepted risks are counted by check, with the first expiry", async () => {
  const series = await seriesOf(report(decided({})));
  expect(series.get('accepted_risks{check="DefinitionRemoved"}')).toBe(2);
  expect(series.get('accepted_risk_expiry_timestamp_seconds{check="DefinitionRemoved"}')).toBe(
    Date.UTC(2026, 1, 1) / 1000,
  );
});

test("available agents are those of the record's workloads, and unknown where workloads cannot be read", async () => {
  const central = aDeployment({ name: "ceilometer-central", component: "polling", replicas: 2 });
  const compute = aDaemonSet({ name: "ceilometer-compute", component: "polling" });
  const stranger = aDeployment({ name: "stranger", component: "polling", replicas: 5 });
  const record = aRecord({
    targets: [central, compute].map((each) => aRecordedTarget(each, { component: "polling" })),
  });
  const told = report(decided({ record }));
  const workloads = { seen: "present", value: [central, compute, stranger] } as const;
  const available = central.status.available + compute.status.available;
  expect(available).toBeGreaterThan(0);
  expect((await seriesOf({ ...told, workloads })).get('agents_available{component="polling"}')).toBe(available);
  expect((await seriesOf(told)).has('agents_available{component="polling"}')).toBe(false);
});

test("an attempt is observed when it ends, and not again when a wiped report is made anew", async () => {
  const record = aRecord();
  const ended = { state: "Completed", at: new Date(NOW).toISOString(), retry: 0 } as const;
  const upgrade = anUpgrade();
  const going = report(decided({ record }));
  const decision = decided({
    phase: "Completed",
    headline: { reason: "Completed", message: "" },
    record: { ...record, ended },
  });
  const status = makeStatus({ upgrade, decision, records: [{ ...record, ended }], now: NOW }, going.status);
  const done: UpgradeReport = { ...going, status, decision };
  const count = 'attempt_duration_seconds_count{strategy="Full",outcome="Completed"}';
  expect((await seriesOf(going, done, done)).get(count)).toBe(1);
  expect((await seriesOf(done)).get(count)).toBeUndefined();
});

test("nothing of a resource is left when it is gone, but what has happened", async () => {
  const metrics = createMetrics();
  const upgrades = createUpgradeMetrics(metrics);
  const hold = report(held("CrashLoopBackOff"));
  upgrades.looked(hold);
  upgrades.stored({}, hold);
  upgrades.gone(`${hold.metadata.namespace}/${hold.metadata.name}`);
  const text = await metrics.text();
  expect(text).not.toContain(`namespace="${hold.metadata.namespace}"`);
  expect(text).toContain('ceilometer_upgrade_stalls_total{reason="CrashLoopBackOff"} 1');
});
