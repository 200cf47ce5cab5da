/** Which steps of a plan are due: writes are counted as they arrive, those of status by themselves. */
import { isStatusWrite } from "../e2e/scene.ts";
import type { Phase, WriteRequest } from "../support/fault-proxy.ts";
import type { Plan, Step } from "./plan.ts";

export interface Moments {
  /** Steps whose moment has not come yet. */
  readonly left: ReadonlySet<Step>;
  /** The step whose moment this is, once. `key` tells a write from all others. */
  due(key: string, phase: Phase, request: WriteRequest): Step | undefined;
  /** Likewise what comes before the resource is created, and after its end. */
  around(phase: Step["phase"]): Step | undefined;
}

export function momentsOf({ steps }: Plan): Moments {
  const left = new Set(steps);
  const counts = { effect: 0, status: 0 };
  const numbers = new Map<string, Step["write"]>();
  const numbered = (key: string, of: "effect" | "status"): Step["write"] => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    counts[of] += 1;
    const write = { of, n: counts[of] };
    numbers.set(key, write);
    return write;
  };
  const take = (phase: Phase, write: Step["write"]): Step | undefined => {
    const step = [...left].find(
      (each) => each.phase === phase && each.write.of === write.of && each.write.n === write.n,
    );
    if (step !== undefined) left.delete(step);
    return step;
  };
  return {
    left,
    due: (key, phase, request) => take(phase, numbered(key, isStatusWrite(request) ? "status" : "effect")),
    around: (phase) => take(phase, { of: "resource", n: 1 }),
  };
}

export const later = (milliseconds: number, act: () => void): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(() => {
      act();
      resolve();
    }, milliseconds);
  });
