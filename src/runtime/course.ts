/** What a reflector remembers of its failures, and how long it waits after one. */
import { delay } from "./backoff.ts";
import { type Wait, waitOut } from "./wait-out.ts";

/**
 * Why a list or watch ended.
 * `expired`: the version is too old (or too new, after a restore). `interrupted`: the connection or server failed, the version is still
 * good. `silent`: nothing came, as from a dead connection, and as from a version that the API server has not reached yet. `refused`:
 * forbidden, kind unknown. `garbled`: bytes were lost or unreadable, so an event may be missing. `tooLarge`: a page has more than is read
 * at once.
 */
export interface Fault {
  readonly kind: "expired" | "interrupted" | "silent" | "refused" | "garbled" | "tooLarge";
  readonly why: string;
  readonly retryAfterMs?: number | undefined;
  /** Nothing was answered, or the server itself failed (5xx): it may have been an outage, which is over for all at once. */
  readonly isAway?: boolean | undefined;
}

/** Where something in between cuts each watch before its first bookmark, none is silent for that long. */
const UNHEARD_MS = 300_000;
const BACKOFF = { baseMs: 800, capMs: 30_000 };
const HEALTHY_MS = 120_000;
/**
 * A server that ends watches at once must not be asked in a tight loop. One that ends them later, as a proxy does with what it takes
 * for idle, does what it always does, and must not be asked less and less often.
 */
export const TOO_SHORT_MS = 1_000;

/** What is kept from one watch to the next. Times are monotonic milliseconds. */
export interface Course {
  failures: number;
  lastFault: number;
  /** The last failure was of a server that may be away, and not of a watch that was merely cut. */
  wasAway: boolean;
  /** The last wait was cut short. The next one is not: where others are answered and this one is not, it is no outage. */
  isWoken: boolean;
  /** When the API server said yes to the last watch; undefined where it did not. */
  opened: number | undefined;
  /** Of the last list or event: what is known was so then. */
  lastNews: number;
  /** An answer to a write of our own does not fit what was shown since the last list. */
  doubted: boolean;
  /** Ends the watch that is open. */
  end: ((why: Fault) => void) | undefined;
}

export const nothingYet = (): Course => ({
  failures: 0,
  lastFault: Number.NEGATIVE_INFINITY,
  wasAway: false,
  isWoken: false,
  opened: undefined,
  lastNews: 0,
  doubted: false,
  end: undefined,
});

/**
 * One more; how long to wait before the next request. Milliseconds. A version that is too old is no failure, the first time: the list
 * that it asks for follows at once. After an outage it is what is to be expected, and enough has been waited for.
 */
export function countFault(course: Course, fault: Fault, now: number, random: () => number): number {
  const healthy = now - course.lastFault > HEALTHY_MS;
  const isCut = wasCut(course, fault, now);
  const isFirst = healthy || course.wasAway;
  course.failures = healthy || isCut ? 1 : course.failures + 1;
  course.wasAway = fault.isAway === true && !isCut;
  const waitMs = fault.kind === "expired" && isFirst ? 0 : delay(course.failures, random, BACKOFF);
  return Math.max(waitMs, fault.retryAfterMs ?? 0);
}

/**
 * Waits for the next request, or less where the API server answers somebody else and may have been away. A request that follows without
 * a wait makes no difference to that, or a list and a watch that fail in turns would wake each other.
 */
export async function waitAfter(course: Course, fault: Fault, wait: Wait, signal: AbortSignal): Promise<void> {
  const { isAway, retryAfterMs: leastMs } = fault;
  const answers = isAway === true && !course.isWoken ? wait.answers : undefined;
  if (wait.ms > 0) course.isWoken = await waitOut({ ...wait, leastMs, answers }, signal);
  // The wait itself is not health: the two minutes count from the moment we try again.
  course.lastFault = wait.clock.monotonic();
}

/** A watch that was open for a while before it broke off: nothing is wrong with the next one. A list costs more than a watch, and waits. */
const wasCut = ({ opened }: Course, { kind }: Fault, now: number): boolean =>
  kind === "interrupted" && opened !== undefined && now - opened >= TOO_SHORT_MS;

/** The API server says yes to watches, and has long said nothing in any. */
export const isUnheard = ({ opened, lastNews }: Course, now: number): boolean =>
  opened !== undefined && now - lastNews > UNHEARD_MS;
