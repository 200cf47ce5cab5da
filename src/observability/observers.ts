/** Who watches the controller at its work. Nobody of them can stop it: a mistake here is a line in the log and nothing else. */
import type { Status } from "../api/v1alpha1/schema.ts";
import type { Effect } from "../model/outcome.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { Log } from "../runtime/logger.ts";
import { notificationsOf } from "./notification.ts";
import type { Notifier } from "./notifier.ts";
import type { OperatorMetrics } from "./operator-metrics.ts";
import type { Tracer } from "./tracer.ts";
import type { UpgradeMetrics } from "./upgrade-metrics.ts";
import type { UpgradeReport, Written } from "./upgrade-report.ts";

export interface Observers {
  onWrite(effect: Effect, acted: { readonly kind: string }, written: Written): void;
  onReport(report: UpgradeReport): void;
  onStored(previous: Status, report: UpgradeReport): void;
  onGone(key: string): void;
  onReconcile(name: string, result: ReconcileResult, seconds: number): void;
}

export function createObservers({
  upgrades,
  own,
  notifier,
  tracer,
  log,
}: {
  readonly upgrades: UpgradeMetrics;
  readonly own: OperatorMetrics;
  readonly notifier: Notifier | undefined;
  readonly tracer: Tracer | undefined;
  readonly log: Log;
}): Observers {
  const each = (...works: readonly (() => void)[]): void => {
    for (const work of works) {
      try {
        work();
      } catch (error) {
        log.error({ err: error }, "a mistake of the program in what only watches; the upgrade goes on");
      }
    }
  };
  return {
    onWrite: (effect, { kind }, written) =>
      each(
        () => own.wrote(effect.kind, kind),
        () => tracer?.wrote(effect, kind, written),
      ),
    onReport: (report) => each(() => upgrades.looked(report)),
    onStored: (previous, report) =>
      each(
        () => upgrades.stored(previous, report),
        () => notifier?.tell(`${report.metadata.namespace}/${report.metadata.name}`, notificationsOf(report)),
        () => tracer?.stored(previous, report),
      ),
    onGone: (key) =>
      each(
        () => upgrades.gone(key),
        () => notifier?.forget(key),
      ),
    onReconcile: (_, result, seconds) => own.reconciled(result, seconds),
  };
}
