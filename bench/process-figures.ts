/** What the kernel says of a process (proc(5)). */
import { readFile } from "node:fs/promises";

/** In MiB, as the limits of containers usually are. */
export interface Memory {
  readonly rssMib: number;
  /** The most there ever was. */
  readonly peakMib: number;
  /** Pages that are shared with other processes count in part: on a node with one Node process, close to `rssMib`. */
  readonly pssMib: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return { rssMib: field(status, "VmRSS"), peakMib: field(status, "VmHWM"), pssMib: field(rollup, "Pss") };
}

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN) / 1024;

/** Kernel ticks are 10 ms on every Linux that Node runs on. */
const TICK_MS = 10;

/** Milliseconds of CPU, user and system, so far. */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
