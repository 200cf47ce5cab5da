/** A fault of the campaigns every so often, one at a time, drawn from a seed. */
import { setTimeout as pause } from "node:timers/promises";
import { ANSWERS, OUTAGES, STALE } from "../../test/campaign/campaigns.ts";
import { happen } from "../../test/campaign/disturb.ts";
import type { OperatorFault } from "../../test/campaign/plan.ts";
import type { FaultProxy, Phase } from "../../test/support/fault-proxy.ts";

export interface Faults {
  /** Ends them, with everything as it was; answers how often each kind has struck. */
  stop(): Promise<Readonly<Record<string, number>>>;
}

interface Means {
  readonly proxy: FaultProxy;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly say: (line: string) => void;
}

/** Milliseconds after which the proxy lets everything pass again at the latest. */
const LONGEST = 20_000;

/** What strikes at once, and what waits for the next write. */
const KINDS: readonly { readonly phase?: Phase; readonly fault: OperatorFault }[] = [
  ...[...STALE, ...OUTAGES].map((fault) => ({ fault })),
  ...ANSWERS.map(([phase, fault]) => ({ phase, fault })),
];

/** @param interval milliseconds; 0: never */
export function faultEvery(interval: number, { proxy, random, say }: Means): Faults {
  const counts: Record<string, number> = {};
  const ended = new AbortController();
  const scene = { proxy, crash: () => Promise.reject(new Error("a crash is no fault of a soak")) };

  const strike = async (): Promise<void> => {
    const kind = KINDS[Math.floor(random() * KINDS.length)];
    if (kind === undefined) throw new Error("no fault was drawn");
    const { phase, fault } = kind;
    const name = [fault.kind, ...("status" in fault ? [fault.status] : []), ...(phase === undefined ? [] : [phase])];
    say(`fault: ${name.join(" ")}`);
    counts[name.join(" ")] = (counts[name.join(" ")] ?? 0) + 1;
    const pending: Promise<void>[] = [];
    if (phase === undefined) await happen(scene, fault, pending);
    else {
      proxy.setHook((_, at) => {
        if (at !== phase) return undefined;
        proxy.setHook(undefined);
        return happen(scene, fault, pending);
      });
    }
    await Promise.all(pending);
    // What a campaign lets last to its end has to pass here.
    await pause(LONGEST, undefined, { signal: ended.signal }).catch(() => undefined);
    proxy.setHook(undefined);
    proxy.setReadHook(undefined);
    proxy.valve.delay(0);
    proxy.valve.repeat(false);
  };
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await strike();
      await pause(Math.max(0, interval - LONGEST), undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  const running = interval === 0 ? Promise.resolve() : run();
  return {
    async stop() {
      ended.abort();
      await running;
      return counts;
    },
  };
}
