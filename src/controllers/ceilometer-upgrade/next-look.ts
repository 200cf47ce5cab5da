/** When a resource of which nothing is to be written is looked at next, if nothing changes before. */
import type { Millis } from "../../model/time.ts";
import type { Next } from "../../runtime/controller.ts";

export interface Rest {
  /** When time alone would change the decision. */
  readonly recheckAt: Millis | undefined;
  /** What the decision took for now. */
  readonly decidedAt: Millis;
  readonly now: Millis;
  /** Milliseconds after which a report that was held back is due. */
  readonly heldBackMs: number | undefined;
}

/** A clock that jumps ahead while it is waited for moves no timer: it costs no more than this. */
const LONGEST_MS = 600_000;

/** A time that was over already when it was decided would be looked at again and again; one that has come since is not missed. */
export function nextLook({ recheckAt, decidedAt, now, heldBackMs }: Rest): Next {
  const isAhead = recheckAt !== undefined && recheckAt > decidedAt;
  const due = isAhead ? Math.min(LONGEST_MS, Math.max(0, recheckAt - now)) : undefined;
  const times = [heldBackMs, due].filter((time) => time !== undefined);
  return times.length === 0 ? { kind: "awaitChange" } : { kind: "recheck", afterMs: Math.ceil(Math.min(...times)) };
}
