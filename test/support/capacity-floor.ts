/**
 * I5: how many agents of a workload are available never falls below what its own strategy allows, except in windows that the
 * scope allows, each of which is one stop and one start. Available is ready and not terminating.
 */
import { z } from "zod";
import type { WorkloadFact } from "./audit-facts.ts";
import type { PodChange } from "./audited-agent.ts";
import type { AuditScope, ComponentUnderAudit, Report } from "./invariants.ts";
import { isOver, type PodFact } from "./pod-fact.ts";

interface Watched {
  readonly key: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly floor: number;
  readonly allowed: number;
  /** Names by uid. */
  readonly available: Map<string, string>;
  isBelow: boolean;
  windows: number;
}

/** `workloads` as they were before the upgrade, by kind and name, and the pods of that moment. */
export function watchCapacity(
  scope: AuditScope,
  workloads: ReadonlyMap<string, WorkloadFact>,
  pods: readonly PodFact[],
  report: Report,
) {
  const watched = scope.components
    .filter(({ retired }) => retired !== true)
    .flatMap((under) =>
      under.workloads.flatMap(({ kind, name }): Watched[] => {
        const workload = workloads.get(`${kind}/${name}`);
        return workload === undefined ? [] : [watchWorkload(scope, under, workload, pods)];
      }),
    );
  const judge = (one: Watched): void => {
    const isBelow = one.available.size < one.floor;
    if (isBelow && !one.isBelow) {
      one.windows += 1;
      if (one.windows > one.allowed) {
        const often = one.allowed === 0 ? "no window is allowed" : `${one.allowed} such windows are allowed`;
        report("I5", `${one.key} has ${one.available.size} agents available of at least ${one.floor}; ${often}`, [
          ...one.available.values(),
        ]);
      }
    }
    one.isBelow = isBelow;
  };
  return {
    hear(change: PodChange, pod: PodFact): void {
      for (const one of watched) {
        if (!belongsTo(pod, one.selector)) continue;
        if (!isOver(change, pod) && isAvailable(pod)) one.available.set(pod.uid, pod.name);
        else one.available.delete(pod.uid);
        judge(one);
      }
    },
    close(): void {
      for (const { key, available, floor, isBelow } of watched)
        if (isBelow)
          report("I5", `${key} is left with ${available.size} agents of at least ${floor}`, [...available.values()]);
    },
  };
}

function watchWorkload(
  scope: AuditScope,
  under: ComponentUnderAudit,
  workload: WorkloadFact,
  pods: readonly PodFact[],
): Watched {
  const key = `${workload.kind}/${workload.name}`;
  const own = pods
    .filter((pod) => belongsTo(pod, workload.selector) && isAvailable(pod))
    .map(({ uid, name }) => [uid, name] as const);
  const wanted = Math.min(workload.replicas ?? workload.pods?.wanted ?? 0, under.replicas ?? Number.POSITIVE_INFINITY);
  const allowed = (scope.windows ?? []).filter(({ workload: of }) => of === key);
  return {
    key,
    selector: workload.selector,
    // What was not available before cannot be lost.
    floor: Math.min(own.length, wanted - mayBeUnavailable(workload.kind, wanted, workload.strategy)),
    allowed: allowed.reduce((sum, { count }) => sum + count, 0),
    available: new Map(own),
    isBelow: false,
    windows: 0,
  };
}

const amount = z.union([z.int(), z.string()]).default(0);
const strategySchema = z.object({
  type: z.string().default("RollingUpdate"),
  rollingUpdate: z.object({ maxUnavailable: amount, maxSurge: amount }).partial().optional(),
});

/** As the controllers of Deployments and DaemonSets reckon; a StatefulSet replaces one pod at a time. */
export function mayBeUnavailable(kind: string, wanted: number, strategy: string): number {
  if (kind === "StatefulSet") return 1;
  const { type, rollingUpdate = {} } = strategySchema.parse(JSON.parse(strategy === "" ? "{}" : strategy));
  if (type === "Recreate") return wanted;
  if (type !== "RollingUpdate") return 1;
  const surge = resolve(rollingUpdate.maxSurge ?? (kind === "Deployment" ? "25%" : 0), wanted, Math.ceil);
  const round = kind === "Deployment" ? Math.floor : Math.ceil;
  const unavailable = resolve(rollingUpdate.maxUnavailable ?? (kind === "Deployment" ? "25%" : 1), wanted, round);
  return surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wanted);
}

function resolve(value: number | string, wanted: number, round: (value: number) => number): number {
  return typeof value === "number" ? value : round((Number.parseInt(value, 10) * wanted) / 100);
}

const isAvailable = ({ ready, terminating }: PodFact): boolean => ready && !terminating;

function belongsTo(pod: PodFact, selector: Readonly<Record<string, string>>): boolean {
  return pod.owner !== "Job" && Object.entries(selector).every(([key, value]) => pod.labels[key] === value);
}
