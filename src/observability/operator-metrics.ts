/** What the operator measures of itself. */
import type { Clock } from "../runtime/clock.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { QueueWatcher } from "../runtime/queue.ts";
import type { Fault } from "../runtime/reflector.ts";
import type { Metrics } from "./metrics.ts";
import type { NotificationResult } from "./notifier.ts";

/** What is asked for when somebody scrapes, instead of being followed. */
export interface Measured {
  readonly queueDue: number;
  readonly notificationsQueued: number;
  /** Each watched kind, with when its slowest watch was last heard of, in monotonic milliseconds. */
  readonly contacts: readonly { readonly resource: string; readonly at: number | undefined }[];
}

export interface OperatorMetrics {
  readonly queue: QueueWatcher;
  leading(leads: boolean): void;
  renewedLease(): void;
  reconciled(result: ReconcileResult, seconds: number): void;
  wrote(kind: string, result: string): void;
  wroteStatus(result: "done" | "stale" | "failed"): void;
  notified(result: NotificationResult): void;
  recordedEvent(type: "Normal" | "Warning"): void;
  lostEvent(reason: (typeof LOST)[number]): void;
  /** `code` is the status of the answer, undefined without one. */
  asked(request: { readonly verb: string; readonly code: number | undefined; readonly seconds: number }): void;
  listed(resource: string): void;
  watchFault(resource: string, fault: Fault): void;
  collect(measured: Measured): void;
}

/** Each result is there from the start, so that the first failure is an increase. */
const RESULTS: readonly ReconcileResult[] = ["settled", "recheck", "failed", "terminal", "cancelled"];
const LOST = ["overflow", "refused", "late", "ended"] as const;
const NOTIFIED: readonly NotificationResult[] = ["sent", "retried", "dropped"];

export function createOperatorMetrics(
  metrics: Metrics,
  { clock, version }: { readonly clock: Clock; readonly version: string },
): OperatorMetrics {
  metrics.set("ceilometer_upgrade_operator_build_info", { version }, 1);
  for (const result of RESULTS) metrics.add("ceilometer_upgrade_operator_reconciles_total", { result }, 0);
  for (const reason of LOST) metrics.add("ceilometer_upgrade_operator_events_dropped_total", { reason }, 0);
  for (const result of NOTIFIED) metrics.add("ceilometer_upgrade_operator_notifications_total", { result }, 0);
  return {
    queue: {
      onAdd: () => metrics.add("ceilometer_upgrade_operator_queue_adds_total", {}),
      onRetry: () => metrics.add("ceilometer_upgrade_operator_queue_retries_total", {}),
      onTake: (lateMs) => metrics.observe("ceilometer_upgrade_operator_queue_latency_seconds", {}, lateMs / 1000),
    },
    leading: (leads) => metrics.set("ceilometer_upgrade_operator_leader", {}, leads ? 1 : 0),
    renewedLease: () =>
      metrics.set("ceilometer_upgrade_operator_lease_renewed_timestamp_seconds", {}, clock.now() / 1000),
    reconciled(result, seconds) {
      metrics.add("ceilometer_upgrade_operator_reconciles_total", { result });
      metrics.observe("ceilometer_upgrade_operator_reconcile_duration_seconds", {}, seconds);
    },
    wrote: (kind, result) => metrics.add("ceilometer_upgrade_operator_writes_total", { kind, result }),
    wroteStatus: (result) => metrics.add("ceilometer_upgrade_operator_status_writes_total", { result }),
    notified: (result) => metrics.add("ceilometer_upgrade_operator_notifications_total", { result }),
    lostEvent: (reason) => metrics.add("ceilometer_upgrade_operator_events_dropped_total", { reason }),
    recordedEvent: (type) => metrics.add("ceilometer_upgrade_operator_events_total", { type }),
    asked({ verb, code, seconds }) {
      metrics.add("ceilometer_upgrade_operator_api_requests_total", { verb, code: code?.toString() ?? "none" });
      if (verb !== "WATCH")
        metrics.observe("ceilometer_upgrade_operator_api_request_duration_seconds", { verb }, seconds);
    },
    listed: (resource) => metrics.add("ceilometer_upgrade_operator_watch_lists_total", { resource }),
    watchFault: (resource, { kind: fault }) =>
      metrics.add("ceilometer_upgrade_operator_watch_faults_total", { resource, fault }),
    collect({ queueDue, notificationsQueued, contacts }) {
      metrics.set("ceilometer_upgrade_operator_notifications_queued", {}, notificationsQueued);
      metrics.set("ceilometer_upgrade_operator_queue_depth", {}, queueDue);
      for (const { resource, at } of contacts) {
        const heard = at === undefined ? 0 : (clock.now() - (clock.monotonic() - at)) / 1000;
        metrics.set("ceilometer_upgrade_operator_watch_last_contact_timestamp_seconds", { resource }, heard);
      }
    },
  };
}
