/** How long nobody leads when the leader dies: killed without a word, or asked to stop. */
import { type Ground } from "./ground.ts";
import { startOperator, type Variant } from "./operator.ts";

export interface Failover {
  /** Milliseconds from the signal to the leader until the next one leads, once for each repeat. */
  readonly killed: readonly number[];
  readonly asked: readonly number[];
}

export async function failover(ground: Ground, variant: Variant, repeats: number): Promise<Failover> {
  const times = { SIGKILL: [] as number[], SIGTERM: [] as number[] };
  for (let done = 0; done < repeats; done += 1) {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) times[signal].push(await handOver(ground, variant, signal));
  }
  return { killed: times.SIGKILL, asked: times.SIGTERM };
}

async function handOver(ground: Ground, variant: Variant, signal: "SIGKILL" | "SIGTERM"): Promise<number> {
  await using leader = await startOperator(ground, variant, ["default"], "operator-0");
  await leader.leads();
  await using next = await startOperator(ground, variant, ["default"], "operator-1");
  const from = performance.now();
  const [, taken] = await Promise.all([leader.end(signal), next.leads().then(() => performance.now())]);
  return taken - from;
}
