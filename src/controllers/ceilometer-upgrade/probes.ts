/**
 * Slow looks run beside the reconciles, like watches do: a decision names the questions it has, the answers come with a later
 * observation. A question that was not answered with a pass is asked again, less and less often, as long as it is named.
 */
import type { ProbeRequest, ProbeResult } from "../../model/probe.ts";
import { delay } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/logger.ts";

/** Asks one question. A throw is an inconclusive answer: the operator could not look. */
export type Ask = (request: ProbeRequest, signal: AbortSignal) => Promise<Omit<ProbeResult, "at">>;

export interface Probes {
  /** From now on `asker` wants these questions answered, and no others. */
  want(asker: string, requests: readonly ProbeRequest[]): void;
  readonly results: ReadonlyMap<string, ProbeResult>;
  stop(): Promise<void>;
}

/** An answer that nobody has asked for in this time is forgotten; looked for so often. */
const KEEP_MS = 600_000;
const TIDY_MS = 60_000;
const AGAIN = { baseMs: 250, capMs: 10_000 };

interface Running {
  readonly askers: Set<string>;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

export function createProbes(options: {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly log: Log;
  readonly onAnswer: (asker: string) => void;
}): Probes {
  const { ask, clock, log, onAnswer } = options;
  const results = new Map<string, ProbeResult>();
  const running = new Map<string, Running>();
  /** What each asker wants that runs. */
  const wantedBy = new Map<string, readonly string[]>();
  let tidied = clock.monotonic();

  const once = async (request: ProbeRequest, signal: AbortSignal): Promise<ProbeResult> => {
    try {
      return { at: clock.now(), ...(await ask(request, signal)) };
    } catch (error) {
      log.debug({ probe: request.id, err: error }, "a question could not be asked");
      const why = error instanceof Error ? error.message : String(error);
      return { at: clock.now(), verdict: "inconclusive", reason: `could not look: ${why.slice(0, 200)}` };
    }
  };

  const start = (request: ProbeRequest): Running => {
    const life = new AbortController();
    const askers = new Set<string>();
    const loop = async (): Promise<void> => {
      for (let times = 1; !life.signal.aborted; times += 1) {
        const result = await once(request, life.signal);
        if (life.signal.aborted) return;
        const before = results.get(request.id);
        results.set(request.id, result);
        const news = before?.verdict !== result.verdict || before.reason !== result.reason;
        if (news) for (const asker of askers) onAnswer(asker);
        if (result.verdict === "pass") return;
        await clock.sleep(delay(times, Math.random, AGAIN), life.signal);
      }
    };
    return { askers, stop: () => life.abort(), ended: loop() };
  };

  const forget = (): void => {
    if (clock.monotonic() - tidied < TIDY_MS) return;
    tidied = clock.monotonic();
    for (const [id, result] of results) {
      if (!running.has(id) && clock.now() - result.at > KEEP_MS) results.delete(id);
    }
  };

  return {
    results,
    want(asker, requests) {
      const wanted = new Set(requests.map((request) => request.id));
      for (const id of wantedBy.get(asker) ?? []) {
        const entry = running.get(id);
        if (entry === undefined || wanted.has(id)) continue;
        entry.askers.delete(asker);
        if (entry.askers.size > 0) continue;
        entry.stop();
        running.delete(id);
      }
      if (requests.length === 0) wantedBy.delete(asker);
      else wantedBy.set(asker, [...wanted]);
      for (const request of requests) {
        if (results.get(request.id)?.verdict === "pass") continue;
        const entry = running.get(request.id) ?? start(request);
        running.set(request.id, entry);
        entry.askers.add(asker);
      }
      forget();
    },
    async stop() {
      for (const entry of running.values()) entry.stop();
      await Promise.all([...running.values()].map((entry) => entry.ended));
      running.clear();
    },
  };
}
