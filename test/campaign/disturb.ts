/** Lets go wrong in a scene what its plan says, and answers which steps have come. */

import type { Scene } from "../e2e/scene.ts";
import type { Fault, FaultProxy } from "../support/fault-proxy.ts";
import { later, momentsOf } from "./moments.ts";
import { isOfLeader, isOutage, type OperatorFault, type Plan, type PlannedFault, type Step } from "./plan.ts";

export interface Disturbance {
  /** Steps whose moment has not come yet. */
  readonly left: ReadonlySet<Step>;
  /** Resolves when nothing is disturbed any more. */
  over(): Promise<void>;
  /** What was wrong beside that, of which the other oracles know nothing. */
  judged?(): readonly string[];
}

export function disturb(scene: Scene, plan: Plan): Disturbance {
  const moments = momentsOf(plan);
  const pending: Promise<void>[] = [];
  scene.proxy.setHook(async (n, phase, request) => {
    const due = moments.due(String(n), phase, request);
    if (due === undefined) return undefined;
    if (isOfLeader(due.fault) || isOutage(due.fault) || due.fault.kind === "act")
      throw new Error(`${due.fault.kind} is no fault of one operator`);
    return happen(scene, due.fault, pending);
  });
  return {
    left: moments.left,
    async over() {
      await Promise.all(pending);
    },
  };
}

/** @param pending gets what ends later: the disturbance is over when all of it is */
export async function happen(
  scene: Pick<Scene, "proxy" | "crash">,
  fault: OperatorFault,
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
    case "watchesRepeated":
      proxy.valve.repeat(true);
      return undefined;
    case "watchesGarbled":
      proxy.valve.garble();
      return undefined;
  }
}

const answer = (fault: Extract<PlannedFault, { kind: "answer" | "readsAnswer" }>): Fault => ({
  kind: "answer",
  status: fault.status,
  ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
  // An API server that is behind says it of a read, and of nothing else.
  ...(fault.kind === "readsAnswer" && fault.status === 504 ? { message: TOO_NEW } : {}),
});
const TOO_NEW = "Too large resource version: 2, current: 1";

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
