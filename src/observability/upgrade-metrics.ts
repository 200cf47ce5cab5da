/** The metrics of resources: what is true at each look, and what has come to an end between two stored reports. */
import type { Status } from "../api/v1alpha1/schema.ts";
import { parseTime } from "../model/time.ts";
import type { Metrics } from "./metrics.ts";
import { seriesOf } from "./resource-series.ts";
import type { UpgradeReport } from "./upgrade-report.ts";
import { boundedGate, boundedReason, createWaits, waitOf } from "./waits.ts";

export interface UpgradeMetrics {
  /** A look has come to this, whether it will be stored or not. */
  looked(report: UpgradeReport): void;
  /** The API server has taken this report in the place of the one before: each is counted once, whatever restarts. */
  stored(previous: Status, report: UpgradeReport): void;
  gone(key: string): void;
}

export function createUpgradeMetrics(metrics: Metrics): UpgradeMetrics {
  const waits = createWaits(({ gate, reason }, forMs) => {
    const labels = { gate: boundedGate(gate), reason: boundedReason(reason) };
    metrics.observe("ceilometer_upgrade_wait_duration_seconds", labels, forMs / 1000);
  });
  return {
    looked(report) {
      const { namespace, name } = report.metadata;
      const key = `${namespace}/${name}`;
      const wait = waits.follow(key, waitOf(report), report.now);
      metrics.show(key, () => seriesOf(report, wait));
    },
    stored(previous, report) {
      countStalls(metrics, previous, report.status);
      const strategy = report.spec?.strategy;
      if (strategy === undefined) return;
      observeSteps(metrics, strategy, previous, report.status);
      observeAttempts(metrics, strategy, previous, report.status);
    },
    gone(key) {
      metrics.hide(key);
      waits.forget(key);
    },
  };
}

function countStalls(metrics: Metrics, previous: Status, { conditions }: Status): void {
  const stalled = conditions?.find(({ type, status }) => type === "Stalled" && status === "True");
  const before = previous.conditions?.find(({ type, status }) => type === "Stalled" && status === "True");
  if (stalled === undefined || before?.reason === stalled.reason) return;
  metrics.add("ceilometer_upgrade_stalls_total", { reason: boundedReason(stalled.reason) });
}

function observeSteps(metrics: Metrics, strategy: string, previous: Status, status: Status): void {
  for (const { name: step, state, startedAt, finishedAt } of status.steps ?? []) {
    const before = previous.steps?.find((each) => each.name === step);
    const took = spent(startedAt, finishedAt);
    if (state !== "Succeeded" || before?.finishedAt === finishedAt || took === undefined) continue;
    metrics.observe("ceilometer_upgrade_step_duration_seconds", { strategy, step }, took);
  }
}

/** Only of the attempt that was under way: a report that was wiped and made anew has the whole history again. */
function observeAttempts(metrics: Metrics, strategy: string, previous: Status, status: Status): void {
  for (const { plan, state: outcome, startedAt, finishedAt } of status.history ?? []) {
    const known = previous.history?.some((each) => each.plan === plan && each.finishedAt === finishedAt);
    const took = spent(startedAt, finishedAt);
    if (known === true || previous.plan?.hash !== plan || took === undefined) continue;
    metrics.observe("ceilometer_upgrade_attempt_duration_seconds", { strategy, outcome }, took);
  }
}

/** Seconds; undefined where one of the times is not known. */
function spent(from: string | undefined, to: string | undefined): number | undefined {
  const began = parseTime(from);
  const ended = parseTime(to);
  return began === undefined || ended === undefined ? undefined : Math.max(0, ended - began) / 1000;
}
