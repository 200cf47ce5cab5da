/** How long a step has really taken: time in which the attempt stood still (paused) does not count. */
import type { Clock } from "./attempt.ts";
import { type Millis, parseTime } from "./time.ts";

/** Milliseconds between `since` and `now` in which the clock ran. */
export function elapsed(clock: Clock, since: Millis, now: Millis): Millis {
  let stopped = 0;
  for (const interval of clock) {
    const from = Math.max(parseTime(interval.from) ?? now, since);
    const to = Math.min(interval.to === undefined ? now : (parseTime(interval.to) ?? now), now);
    stopped += Math.max(0, to - from);
  }
  return Math.max(0, now - since - stopped);
}

/** Whether the clock stands still now. */
export function isStopped(clock: Clock): boolean {
  const last = clock.at(-1);
  return last !== undefined && last.to === undefined;
}
