/** C6: what happens to the leader of three replicas, and to its lease, at a write. */
import { setTimeout as pause } from "node:timers/promises";
import { FULL_NAME } from "../e2e/operator-process.ts";
import { LEASE, type Replica, type Replicas } from "../e2e/replicas.ts";
import { eventually } from "../e2e/resource.ts";
import type { Scene } from "../e2e/scene.ts";
import type { Fault } from "../support/fault-proxy.ts";
import type { Disturbance } from "./disturb.ts";
import { later, momentsOf } from "./moments.ts";
import { isOfLeader, type LeaderFault, type Plan } from "./plan.ts";
import { severalWriters } from "./single-writer.ts";

/** The lease must have gone to another by then. */
export const LOST_MS = 2 * LEASE.duration;
/** And may not by then: the leader has half of its deadline left. */
export const KEPT_MS = LEASE.renewDeadline / 2;

/** With which exit code a fault ends the leader; undefined: it stays the leader. */
function endingOf(fault: LeaderFault): number | undefined {
  switch (fault.kind) {
    case "leaderTerminated":
      return 0;
    case "leaseAnswers":
      return fault.milliseconds > LEASE.renewDeadline ? 1 : undefined;
    case "leaseDeleted":
      // It makes the lease anew, and the others leave it the time for that.
      return undefined;
    case "leaderStopped":
    case "leaderPartitioned":
    case "leaseRewritten":
      return 1;
  }
}

const faultsOf = ({ steps }: Plan): readonly LeaderFault[] =>
  steps.flatMap(({ fault }) => (isOfLeader(fault) ? [fault] : []));

/** How far each clock is ahead, in milliseconds: the leader's one way, the next one's the other. */
export function skewsOf(plan: Plan): readonly number[] {
  const seconds = faultsOf(plan).flatMap((fault) => ("skewSeconds" in fault ? [fault.skewSeconds ?? 0] : []))[0] ?? 0;
  return [seconds * 1000, -seconds * 1000, 0];
}

/** What logs may say where the leader loses the lease, and where it is started again while nothing gets through. */
export function lossesIn(plan: Plan): RegExp | undefined {
  if (faultsOf(plan).some(({ kind }) => kind === "leaderPartitioned"))
    return /LeaseLostError|a cache could not be filled; will try again/;
  return faultsOf(plan).some((fault) => endingOf(fault) === 1) ? /LeaseLostError/ : undefined;
}

export function disturbLeader(scene: Scene, plan: Plan): Disturbance {
  const { replicas } = scene;
  if (replicas === undefined) throw new Error("a scene without replicas");
  const moments = momentsOf(plan);
  const pending: Promise<unknown>[] = [];
  const struck: Replica["name"][] = [];
  replicas.setHook(async (replica, n, phase, request) => {
    const step = moments.due(`${replicas.all.indexOf(replica)} ${n}`, phase, request);
    if (step === undefined || !isOfLeader(step.fault)) return undefined;
    struck.push(replica.name);
    return happen(scene, replicas, replica, step.fault, pending);
  });
  const wanted = faultsOf(plan).flatMap((fault) => endingOf(fault) ?? []);
  return {
    left: moments.left,
    async over() {
      await Promise.all(pending);
      const ended = async (): Promise<boolean> => replicas.endings.length >= wanted.length;
      await eventually(ended, () => `${struck.join(", ")} did not end`, 30_000);
    },
    judged() {
      const found = [...severalWriters(replicas.commits, replicas.elected())];
      const codes = replicas.endings.map(({ name, code }) => `${name} ended with ${code}`);
      const planned = wanted.map((code, index) => `${struck[index]} ended with ${code}`);
      if (codes.join() !== planned.join()) found.push(`${codes.join() || "nobody ended"}, not ${planned.join()}`);
      for (const { name, code } of replicas.endings) {
        const released = replicas.linesOf(name).some((line) => line["outcome"] === "lease released");
        if (code === 0 && !released) found.push(`${name} has not released the lease`);
      }
      return found;
    },
  };
}

async function happen(
  scene: Scene,
  replicas: Replicas,
  leader: Replica,
  fault: LeaderFault,
  pending: Promise<unknown>[],
): Promise<Fault | undefined> {
  const { api } = scene.cluster;
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${scene.namespace}/leases/${FULL_NAME}`;
  switch (fault.kind) {
    case "leaderStopped":
      leader.signal("SIGSTOP");
      await pause(fault.milliseconds);
      leader.signal("SIGCONT");
      return undefined;
    case "leaderPartitioned":
      leader.proxy.setOutage(true);
      pending.push(later(fault.milliseconds, () => leader.proxy.setOutage(false)));
      return { kind: "drop" };
    case "leaderTerminated":
      leader.signal("SIGTERM");
      return undefined;
    case "leaseAnswers": {
      const of = fault.whose === "all" ? replicas.all : [leader];
      for (const { proxy } of of) proxy.setLeaseHook(() => ({ kind: "answer", status: fault.status }));
      pending.push(
        later(fault.milliseconds, () => {
          for (const { proxy } of of) proxy.setLeaseHook(undefined);
        }),
      );
      return undefined;
    }
    case "leaseDeleted":
      await done(api.request("DELETE", lease));
      return undefined;
    case "leaseRewritten": {
      const spec = { holderIdentity: "somebody-else" };
      await done(api.request("PATCH", lease, { spec }, { contentType: "application/merge-patch+json" }));
      return undefined;
    }
  }
}

async function done(asked: Promise<{ readonly status: number; readonly text: string }>): Promise<void> {
  const { status, text } = await asked;
  if (status !== 200) throw new Error(`${status} ${text}`);
}
