import type { Clock } from "./clock.ts";
import { type Log, silentLog } from "./logger.ts";

/** A coordination.k8s.io/v1 Lease, as far as an election cares. */
export interface LeaseRecord {
  /** Empty = nobody. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** RFC 3339 with six fractional digits (`microTime`); written for people, never compared with our clock. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
  /** Version this record was read at; an update must be refused if the object has moved on. */
  readonly resourceVersion: string;
}

export type NewLeaseRecord = Omit<LeaseRecord, "resourceVersion">;

/** `create` and `update` give `undefined` when somebody else was faster; everything else that goes wrong is thrown. */
export interface LeasePort {
  get(signal: AbortSignal): Promise<LeaseRecord | undefined>;
  create(record: NewLeaseRecord, signal: AbortSignal): Promise<LeaseRecord | undefined>;
  update(record: LeaseRecord, signal: AbortSignal): Promise<LeaseRecord | undefined>;
}

export interface LeaseDurations {
  /** How long others must see no renewal before they may take over. */
  readonly leaseMs: number;
  /** How long the holder may fail to renew before it stops leading; less than `leaseMs`, so that it stops first. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** The values of client-go, which the controllers of the cluster itself use. */
export const DEFAULT_DURATIONS: LeaseDurations = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/**
 * Candidates look again after half the retry period to the whole of it, so that they do not all try in step, and a lease that was
 * released waits for nobody; client-go's wait for once to 2.2 times. That costs one small read a second at most.
 */
const LOOK_AGAIN = { least: 0.5, jitter: 0.5 };
const RELEASE_TIMEOUT_MS = 2_000;
/** What a holder writes that gives its lease up. Where somebody else has cleared the holder, it does not know of it yet. */
const RELEASED = { holder: "", durationSeconds: 1 } as const;

export type LeaseStep =
  | { readonly kind: "create" }
  | { readonly kind: "renew" }
  | { readonly kind: "takeOver" }
  | { readonly kind: "standBy"; readonly holder: string; readonly forMs: number };

/**
 * What `me` may do about `lease`. `observedAt` is our own monotonic time at which we first saw the record as it is, `now` the same
 * clock's time: the holder's times are those of another machine and are not looked at.
 */
export function next(lease: LeaseRecord | undefined, me: string, observedAt: number, now: number): LeaseStep {
  if (lease === undefined) return { kind: "create" };
  if (lease.holder === me) return { kind: "renew" };
  const forMs = observedAt + lease.durationSeconds * 1000 - now;
  const isReleased = lease.holder === RELEASED.holder && lease.durationSeconds <= RELEASED.durationSeconds;
  if (isReleased || forMs <= 0) return { kind: "takeOver" };
  return { kind: "standBy", holder: lease.holder, forMs };
}

/** Kubernetes' MicroTime refuses the three digits of `toISOString`. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}

/** What `me` writes for a step it takes. */
export function claim(lease: LeaseRecord | undefined, me: string, leaseMs: number, epochMs: number): NewLeaseRecord {
  const time = microTime(epochMs);
  const kept = lease?.holder === me;
  return {
    holder: me,
    durationSeconds: Math.max(1, Math.ceil(leaseMs / 1000)),
    acquireTime: kept ? lease.acquireTime : time,
    renewTime: time,
    transitions: lease === undefined ? 0 : lease.transitions + (kept ? 0 : 1),
  };
}

export interface ElectionOptions {
  readonly port: LeasePort;
  /** Must be unique to this process: a restarted one under the old name would take itself for the holder. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly durations?: LeaseDurations;
  readonly log?: Log;
  /**
   * Takes the lease from whoever holds it. The holder stops by itself: at its next renewal, or at its deadline where that does
   * not get through. `work` begins after that.
   */
  readonly insist?: boolean;
  /** How long the lease stays ours after `work` has ended, in milliseconds: nobody follows before. Default 0: it is released. */
  readonly lingerMs?: () => number;
  /** Called with false at the moment of a loss, before `work` has ended; after a stop, once it has. */
  readonly onLeading?: (leading: boolean) => void;
  /** The lease is ours until this monotonic time. Called anew with each renewal. */
  readonly onHeld?: (until: number) => void;
}

/** The lease was lost while leading. The process should end: what it still believes may be out of date. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

/**
 * Stands for election until `signal` aborts; while elected runs `work` with a signal that aborts when the lease is lost or `signal`
 * does, and releases the lease after `work` has ended. Throws LeaseLostError after a loss, and what `work` throws.
 */
export async function runElection(
  options: ElectionOptions,
  work: (leading: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { onLeading, onHeld, clock, durations = DEFAULT_DURATIONS } = options;
  const won = await acquire(options, signal);
  if (won === undefined) return;
  onHeld?.(won.since + durations.renewDeadlineMs);
  const leading = new AbortController();
  const onStop = (): void => leading.abort(signal.reason);
  if (signal.aborted) onStop();
  signal.addEventListener("abort", onStop, { once: true });
  onLeading?.(true);
  const worked = new AbortController();
  const renewing = keepRenewing(options, won, worked.signal);
  const lostFirst = renewing.then((end) => {
    if (end.kind !== "lost") return;
    leading.abort(new LeaseLostError(end.why));
    onLeading?.(false);
  });
  try {
    if (won.taken) await clock.sleep(durations.renewDeadlineMs, leading.signal);
    // A stop must not end the renewals: others may take over only once `work` is really over.
    await work(leading.signal);
  } finally {
    worked.abort();
    await lostFirst;
    signal.removeEventListener("abort", onStop);
    const end = await renewing;
    if (end.kind === "held") {
      onLeading?.(false);
      await release(options, end.lease);
    }
  }
  const end = await renewing;
  if (end.kind === "lost") throw new LeaseLostError(end.why);
}

interface Won {
  readonly lease: LeaseRecord;
  /** Monotonic time from which the lease counts: before the request was sent, as the answer may have been slow. */
  readonly since: number;
  /** From a holder who may still believe to lead. */
  readonly taken: boolean;
}

async function acquire(options: ElectionOptions, signal: AbortSignal): Promise<Won | undefined> {
  const { clock, random = Math.random, durations = DEFAULT_DURATIONS, log = silentLog } = options;
  const seen: Sighting = { lease: undefined, at: Number.NEGATIVE_INFINITY, isTaken: false };
  while (!signal.aborted) {
    try {
      const won = await tryAcquire(options, seen, signal);
      if (won !== undefined) return won;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "could not read or write the lease; will try again");
    }
    const pause = durations.retryMs * (LOOK_AGAIN.least + LOOK_AGAIN.jitter * random());
    const left = runsOutIn(seen, clock.monotonic());
    await clock.sleep(left > 0 ? Math.min(pause, left) : pause, signal);
  }
  return undefined;
}

/** Milliseconds until the lease that was seen may be taken from its holder. */
function runsOutIn({ lease, at }: Sighting, now: number): number {
  return lease === undefined ? Number.POSITIVE_INFINITY : at + lease.durationSeconds * 1000 - now;
}

/** The lease seen last, and when this version of it was first seen. */
interface Sighting {
  lease: LeaseRecord | undefined;
  at: number;
  /** It was asked for while its holder may still believe to lead. The answer may have been lost: then the next look finds it ours. */
  isTaken: boolean;
}

async function tryAcquire(options: ElectionOptions, seen: Sighting, signal: AbortSignal): Promise<Won | undefined> {
  const { port, identity, clock, durations = DEFAULT_DURATIONS, log = silentLog, insist = false } = options;
  const lease = await port.get(signal);
  const since = clock.monotonic();
  if (lease !== undefined && lease.resourceVersion !== seen.lease?.resourceVersion) {
    seen.lease = lease;
    seen.at = since;
  }
  // A lease that was deleted had a holder, who does not know of it yet and has the time that it had.
  const step = next(lease ?? seen.lease, identity, seen.at, since);
  if (step.kind === "standBy" && !insist) {
    log.debug({ holder: step.holder, forMs: step.forMs }, "another process leads");
    return undefined;
  }
  seen.isTaken = step.kind === "standBy" || (step.kind === "renew" && seen.isTaken);
  const record = claim(lease, identity, durations.leaseMs, clock.now());
  // Not cut short by a stop: a claim of unknown outcome could not be released, and would keep the successor waiting.
  const written = await write(port, lease, record, new AbortController().signal);
  if (written === undefined) return undefined;
  log.info({ identity, step: step.kind }, "leading");
  return { lease: written, since, taken: seen.isTaken };
}

function write(
  port: LeasePort,
  lease: LeaseRecord | undefined,
  record: NewLeaseRecord,
  signal: AbortSignal,
): Promise<LeaseRecord | undefined> {
  if (lease === undefined) return port.create(record, signal);
  return port.update({ ...record, resourceVersion: lease.resourceVersion }, signal);
}

type HoldEnd = { readonly kind: "held"; readonly lease: LeaseRecord } | { readonly kind: "lost"; readonly why: string };

/** Renews every retry period until `worked` aborts, or until no renewal has succeeded within the deadline. */
async function keepRenewing(options: ElectionOptions, won: Won, worked: AbortSignal): Promise<HoldEnd> {
  const { clock, durations = DEFAULT_DURATIONS, log = silentLog, onHeld } = options;
  let { lease, since } = won;
  while (true) {
    await clock.sleep(Math.min(durations.retryMs, since + durations.renewDeadlineMs - clock.monotonic()), worked);
    if (worked.aborted) return { kind: "held", lease };
    const started = clock.monotonic();
    const leftMs = since + durations.renewDeadlineMs - started;
    // Also what a process finds that was stopped for a while (SIGSTOP, a paused machine) and wakes up.
    if (leftMs <= 0) return { kind: "lost", why: `not renewed for ${Math.round(started - since)} ms` };
    // Half the deadline at most, so that one dead connection does not cost the lease.
    const renewed = await renewWithin(options, lease, Math.min(leftMs, durations.renewDeadlineMs / 2), worked);
    switch (renewed.kind) {
      case "renewed":
        lease = renewed.lease;
        since = started;
        onHeld?.(since + durations.renewDeadlineMs);
        break;
      case "taken":
        return { kind: "lost", why: `the lease is held by ${renewed.holder === "" ? "nobody" : renewed.holder}` };
      case "failed":
        log.warn({ err: renewed.error }, "could not renew the lease; will try again");
        break;
    }
  }
}

type Renewal =
  | { readonly kind: "renewed"; readonly lease: LeaseRecord }
  | { readonly kind: "taken"; readonly holder: string }
  | { readonly kind: "failed"; readonly error: unknown };

/** One attempt, given up after `ms` even if the port ignores its signal. */
async function renewWithin(
  options: ElectionOptions,
  lease: LeaseRecord,
  ms: number,
  worked: AbortSignal,
): Promise<Renewal> {
  const attempt = new AbortController();
  const onWorked = (): void => attempt.abort();
  worked.addEventListener("abort", onWorked, { once: true });
  const timeout = options.clock.sleep(ms, attempt.signal).then((): Renewal => {
    attempt.abort();
    return { kind: "failed", error: new Error(`no answer within ${ms} ms`) };
  });
  try {
    return await Promise.race([renew(options, lease, attempt.signal), timeout]);
  } finally {
    worked.removeEventListener("abort", onWorked);
    attempt.abort();
  }
}

/** Writes blindly on the version last written: one request a renewal. Only a conflict is worth a look at who caused it. */
async function renew(options: ElectionOptions, lease: LeaseRecord, signal: AbortSignal): Promise<Renewal> {
  const { port, identity, clock, durations = DEFAULT_DURATIONS } = options;
  try {
    const record = {
      ...claim(lease, identity, durations.leaseMs, clock.now()),
      resourceVersion: lease.resourceVersion,
    };
    const written = await port.update(record, signal);
    if (written !== undefined) return { kind: "renewed", lease: written };
    const current = await port.get(signal);
    if (current !== undefined && current.holder !== identity) return { kind: "taken", holder: current.holder };
    // A renewal of ours whose answer was lost, somebody labelled the object, or deleted it: then others wait for us.
    const again = await write(port, current, claim(current ?? lease, identity, durations.leaseMs, clock.now()), signal);
    return again === undefined ? { kind: "failed", error: new Error("conflict") } : { kind: "renewed", lease: again };
  } catch (error) {
    return { kind: "failed", error };
  }
}

/** Gives the lease up at once, so that a successor need not wait for it to run out; or holds it for a while longer. Failing to is harmless: it runs out. */
async function release(options: ElectionOptions, lease: LeaseRecord): Promise<void> {
  const { port, identity, clock, log = silentLog, lingerMs } = options;
  const attempt = new AbortController();
  const timeout = clock.sleep(RELEASE_TIMEOUT_MS, attempt.signal);
  const longer = lingerMs?.() ?? 0;
  const free = (held: LeaseRecord): Promise<LeaseRecord | undefined> => {
    const last =
      longer > 0 ? claim(held, identity, longer, clock.now()) : { ...RELEASED, renewTime: microTime(clock.now()) };
    return port.update({ ...held, ...last }, attempt.signal);
  };
  const giveUp = async (): Promise<string> => {
    const done = longer > 0 ? "lease kept for a while" : "lease released";
    if ((await free(lease)) !== undefined) return done;
    // The last renewal was cut short by the end of the work and may have got through.
    const current = await port.get(attempt.signal);
    if (current?.holder !== identity) return "lease already taken";
    return (await free(current)) === undefined ? "lease not released" : done;
  };
  try {
    const outcome = await Promise.race([giveUp(), timeout.then(() => "lease not released in time")]);
    log.info({ outcome }, "election over");
  } catch (error) {
    log.warn({ err: error }, "could not release the lease; it will run out");
  } finally {
    attempt.abort();
  }
}
