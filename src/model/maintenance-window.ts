/**
 * When maintenance windows are open. A window opens when its cron expression says so, on the clock of its time zone, and stays
 * open for a length of real time, over a change to or from summer time too.
 */
import { Cron } from "croner";
import type { MaintenanceWindow } from "../api/v1alpha1/schema.ts";
import { dateOf, type Millis } from "./time.ts";

export interface Opening {
  readonly open: boolean;
  /** When the last window that is open now closes. */
  readonly closesAt?: Millis;
  /** When the next one opens; undefined where none ever does. */
  readonly nextOpening?: Millis;
}

/** In years. Nothing that comes at all comes more rarely: 29 February on one day of the week, over 2100, which has none. */
const RAREST = 41;

/**
 * Only for so long ahead, and a year back for windows that are still open: what never comes is looked for to the year 3000
 * otherwise, 40 ms for each window at each look.
 */
function cronOf({ schedule, timeZone }: MaintenanceWindow, now: Millis): Cron {
  const year = dateOf(now).getUTCFullYear();
  return new Cron(`0 ${schedule} ${year - 1}-${year + RAREST}`, { timezone: timeZone, mode: "7-part" });
}

/** Why a window can never open; undefined where it can. */
export function windowProblem(window: MaintenanceWindow, now: Millis): string | undefined {
  const { schedule } = window;
  // The library takes six and seven fields and nicknames as well, where the first field is seconds: a trap for people.
  if (schedule.trim().split(/\s+/).length !== 5) return `"${schedule}" has not five fields`;
  try {
    const next = cronOf(window, now).nextRun(dateOf(now));
    return next === null ? `"${schedule}" never comes` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Windows that are not understood, or never come, never open. */
export function openingOf(windows: readonly MaintenanceWindow[], now: Millis): Opening {
  const runs = windows.map((window) => runsAround(window, now));
  const closings = runs.flatMap(({ closes }) => (closes !== undefined && closes > now ? [closes] : []));
  const openings = runs.flatMap(({ next }) => next ?? []);
  return {
    open: closings.length > 0,
    ...(closings.length === 0 ? {} : { closesAt: Math.max(...closings) }),
    ...(openings.length === 0 ? {} : { nextOpening: Math.min(...openings) }),
  };
}

/** When the opening at or before now closes, and the opening after it. */
function runsAround(
  window: MaintenanceWindow,
  now: Millis,
): { readonly closes?: Millis | undefined; readonly next?: Millis | undefined } {
  try {
    const cron = cronOf(window, now);
    // A window is open at the very moment at which it opens.
    const opened = cron.previousRuns(1, dateOf(now + 1))[0]?.getTime();
    return {
      closes: opened === undefined ? undefined : opened + window.durationSeconds * 1000,
      next: cron.nextRun(dateOf(now))?.getTime(),
    };
  } catch {
    return {};
  }
}
