/** Lets go wrong in a scene what its plan says, and answers which steps have come. */

import { isStatusWrite, type Scene } from "../e2e/scene.ts";
import type { Fault, FaultProxy } from "../support/fault-proxy.ts";
import type { Plan, PlannedFault, Step } from "./plan.ts";

export interface Disturbance {
  /** Steps whose moment has not come yet. */
  readonly left: ReadonlySet<Step>;
  /** Resolves when nothing is disturbed any more. */
  over(): Promise<void>;
}

export function disturb(scene: Scene, plan: Plan): Disturbance {
  const left = new Set(plan.steps);
  const pending: Promise<void>[] = [];
  const counts = { effect: 0, status: 0 };
  const numbers = new Map<number, Step["write"]>();
  const numbered = (n: number, of: Step["write"]["of"]): Step["write"] => {
    const known = numbers.get(n);
    if (known !== undefined) return known;
    counts[of] += 1;
    const write = { of, n: counts[of] };
    numbers.set(n, write);
    return write;
  };
  scene.proxy.setHook(async (n, phase, request) => {
    const write = numbered(n, isStatusWrite(request) ? "status" : "effect");
    const due = [...left].find(
      (step) => step.phase === phase && step.write.of === write.of && step.write.n === write.n,
    );
    if (due === undefined) return undefined;
    left.delete(due);
    return happen(scene, due.fault, pending);
  });
  return {
    left,
    async over() {
      await Promise.all(pending);
    },
  };
}

/** @param pending gets what ends later: the disturbance is over when all of it is */
export async function happen(
  scene: Pick<Scene, "proxy" | "crash">,
  fault: PlannedFault,
  pending: Promise<void>[],
): Promise<Fault | undefined> {
  const { proxy } = scene;
  switch (fault.kind) {
    case "crash":
      await scene.crash();
      return { kind: "drop" };
    case "drop":
      return { kind: "drop" };
    case "answer":
      return answer(fault);
    case "delay":
      return { kind: "delay", milliseconds: fault.milliseconds };
    case "readsAnswer":
      proxy.setReadHook(() => answer(fault));
      proxy.breakWatches();
      pending.push(later(fault.milliseconds, () => proxy.setReadHook(undefined)));
      return undefined;
    case "disconnect":
      proxy.breakConnections();
      return undefined;
    case "outage":
      proxy.setOutage(true);
      pending.push(later(fault.milliseconds, () => proxy.setOutage(false)));
      return undefined;
    case "watchesCut":
      proxy.breakWatches();
      return undefined;
    case "watchesExpired":
      expire(proxy);
      return undefined;
    case "watchesFrozen":
      proxy.valve.freeze(true);
      pending.push(later(fault.milliseconds, () => proxy.valve.freeze(false)));
      return undefined;
    case "watchesLate":
      proxy.valve.delay(fault.milliseconds);
      return undefined;
  }
}

const answer = (fault: Extract<PlannedFault, { kind: "answer" | "readsAnswer" }>): Fault => ({
  kind: "answer",
  status: fault.status,
  ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
});

/** Each collection once: after that the operator has listed it anew. */
function expire(proxy: FaultProxy): void {
  const refused = new Set<string>();
  proxy.setReadHook(({ path, isWatch }) => {
    const [collection = ""] = path.split("?");
    if (!isWatch || refused.has(collection)) return undefined;
    refused.add(collection);
    return { kind: "answer", status: 410 };
  });
  proxy.breakWatches();
}

const later = (milliseconds: number, act: () => void): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(() => {
      act();
      resolve();
    }, milliseconds);
  });
