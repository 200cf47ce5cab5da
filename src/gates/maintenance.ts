/** Steps begin only while a maintenance window is open; without any, at any time. */

import { openingOf, windowProblem } from "../model/maintenance-window.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { formatTime, type Millis } from "../model/time.ts";

export interface Closed {
  readonly violation: Violation;
  readonly nextOpening: Millis | undefined;
}

/** Undefined while one is open. */
export function maintenance({ upgrade, now }: World): Closed | undefined {
  const { maintenanceWindows: windows = [] } = upgrade.spec;
  if (windows.length === 0) return undefined;
  const { open, nextOpening } = openingOf(windows, now);
  if (open) return undefined;
  const when = nextOpening === undefined ? "none ever opens" : `the next one opens at ${formatTime(nextOpening)}`;
  return {
    nextOpening,
    violation: {
      gate: "MaintenanceWindow",
      object: `CeilometerUpgrade/${upgrade.metadata.name}`,
      reason: "OutsideWindow",
      message: `no maintenance window is open; ${when}`,
      remedy: "nothing is to be done, or change spec.maintenanceWindows",
      severity: "Error",
    },
  };
}

/** Windows that can never open, before anything is written. */
export function maintenanceProblems({ upgrade, now }: World): readonly Violation[] {
  return (upgrade.spec.maintenanceWindows ?? []).flatMap((window, index) => {
    const problem = windowProblem(window, now);
    if (problem === undefined) return [];
    return [
      {
        gate: "MaintenanceWindow",
        object: `CeilometerUpgrade/${upgrade.metadata.name}`,
        reason: "WindowInvalid",
        message: `spec.maintenanceWindows[${index}] never opens: ${problem}`,
        remedy: "give a cron expression of five fields that comes, and a time zone of the IANA database",
        severity: "Error",
      } satisfies Violation,
    ];
  });
}
