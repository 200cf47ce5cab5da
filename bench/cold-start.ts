/** From the start of the process to the first 200 of /readyz: every cache is filled. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Ground } from "./ground.ts";
import { nameOf, startOperator, type Variant } from "./operator.ts";
import { memoryOf } from "./process-figures.ts";

export interface ColdStart {
  readonly variant: string;
  /** Milliseconds. */
  readonly readyAfter: readonly number[];
}

export async function coldStart(
  ground: Ground,
  variant: Variant,
  namespace: string,
  times: number,
): Promise<ColdStart> {
  const readyAfter: number[] = [];
  for (let done = 0; done < times; done += 1) {
    await using operator = await startOperator(ground, variant, [namespace]);
    readyAfter.push(operator.readyAfter);
  }
  return { variant: nameOf(variant), readyAfter };
}

/** MiB of a Node process that does nothing but serve a port over HTTP: nothing written for Node can be below it. */
export async function bareNode(): Promise<number> {
  const script = 'require("node:http").createServer().listen(0, "127.0.0.1", () => console.log("up"))';
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  try {
    await once(child.stdout, "data");
    await pause(1000);
    return (await memoryOf(child.pid ?? 0)).rssMib;
  } finally {
    child.kill();
    await ended;
  }
}
