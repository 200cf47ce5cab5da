/** What a process that leaks shows sooner or later. */
import { readdir } from "node:fs/promises";
import type { FaultProxy } from "../../test/support/fault-proxy.ts";
import type { OperatorProcess } from "../operator.ts";
import { memoryOf } from "../process-figures.ts";

export interface Look {
  /** Seconds since the first. */
  readonly at: number;
  readonly rssMib: number;
  readonly peakMib: number;
  readonly fileDescriptors: number;
  /** That the proxy holds open. */
  readonly watches: number;
  /** Lines of the page of metrics. */
  readonly series: number;
  /** Milliseconds of CPU so far. */
  readonly cpu: number;
}

export interface Observation {
  look(): Promise<Look>;
  stop(): readonly Look[];
}

export function observe(operator: OperatorProcess, proxy: FaultProxy, interval: number): Observation {
  const begun = performance.now();
  const looks: Look[] = [];
  const look = async (): Promise<Look> => {
    const { rssMib, peakMib } = await memoryOf(operator.pid);
    const page = await operator.metrics();
    const seen = {
      at: Math.round((performance.now() - begun) / 1000),
      rssMib,
      peakMib,
      fileDescriptors: (await readdir(`/proc/${operator.pid}/fd`)).length,
      watches: proxy.openWatches(),
      series: page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length,
      cpu: await operator.cpu(),
    };
    looks.push(seen);
    return seen;
  };
  // A process that has ended cannot be looked at; that it has is told elsewhere.
  const timer = setInterval(() => void look().catch(() => undefined), interval);
  return {
    look,
    stop() {
      clearInterval(timer);
      return looks;
    },
  };
}
