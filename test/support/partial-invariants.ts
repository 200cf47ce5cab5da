/**
 * The invariants of a partial upgrade (I5 to I7), and I1 for agents that no workload of before selects, such as an isolated
 * group. A pure function of the history of pods, workloads and files, as `judge` is for the other invariants.
 */
import type { Fact, WorkloadFact } from "./audit-facts.ts";
import { openArchive } from "./audit-files.ts";
import { type AgentChange, keepRoll, type PodChange } from "./audited-agent.ts";
import { watchCapacity } from "./capacity-floor.ts";
import { type AuditScope, type Breach, componentOf, type Report, settlesDatabase } from "./invariants.ts";
import { watchPipelines } from "./pipeline-mixture.ts";
import type { PodFact } from "./pod-fact.ts";
import { watchPolling } from "./polling-coverage.ts";
import { isPolling, planOf } from "./polling-plan.ts";

export function judgePartial(
  scope: AuditScope,
  facts: readonly Fact[],
  { ended }: { readonly ended: boolean },
): readonly Breach[] {
  const breaches: Breach[] = [];
  const archive = openArchive();
  const roll = keepRoll(scope, archive);
  const { before, since } = inOrder(facts);
  let now = before.at(-1)?.at ?? 0;
  const report: Report = (invariant, message, pods) => {
    breaches.push({ invariant, at: now, message, pods });
  };
  const pipelines = watchPipelines(report);
  const hearAgents = (change: PodChange, pod: PodFact): readonly AgentChange[] => {
    const changes = roll.hear(change, pod);
    for (const one of changes) pipelines.hear(one);
    return changes;
  };

  const workloads = new Map<string, WorkloadFact>();
  const pods = new Map<string, PodFact>();
  for (const fact of before) {
    const isThere = fact.change !== "DELETED";
    if (fact.about === "files") archive.hear(fact.change, fact.files);
    else if (fact.about === "workload" && isThere)
      workloads.set(`${fact.workload.kind}/${fact.workload.name}`, fact.workload);
    else if (fact.about === "pod") {
      if (isThere) pods.set(fact.pod.uid, fact.pod);
      else pods.delete(fact.pod.uid);
      hearAgents(fact.change, fact.pod);
    }
  }
  const capacity = watchCapacity(scope, workloads, [...pods.values()], report);
  const polling = [...roll.agents.values()].filter(isPolling);
  const file = scope.pollingFile && archive.text(scope.pollingFile);
  const coverage = watchPolling(scope, planOf(scope, polling, file), polling, report);

  let databaseSettled = scope.database === "skipped";
  for (const fact of since) {
    now = fact.at;
    if (fact.about === "files") archive.hear(fact.change, fact.files);
    else if (fact.about === "job") databaseSettled ||= settlesDatabase(scope, fact);
    else if (fact.about === "pod") {
      if (!pods.has(fact.pod.uid) && !databaseSettled && isStranger(scope, fact.pod))
        report("I1", "a pod of the target was created before the database step was settled", [fact.pod.name]);
      pods.set(fact.pod.uid, fact.pod);
      capacity.hear(fact.change, fact.pod);
      for (const change of hearAgents(fact.change, fact.pod)) coverage.hear(change);
    }
  }
  if (ended) {
    capacity.close();
    coverage.close();
  }
  return breaches;
}

/** What was there before comes first, files before the pods that mount them; the rest in the order in which it happened. */
function inOrder(facts: readonly Fact[]): { readonly before: readonly Fact[]; readonly since: readonly Fact[] } {
  const rank = ({ about }: Fact): number => (about === "files" ? 0 : about === "pod" ? 2 : 1);
  const byTime = facts.toSorted((left, right) => left.revision - right.revision);
  return {
    before: byTime.filter(({ baseline }) => baseline).toSorted((left, right) => rank(left) - rank(right)),
    since: byTime.filter(({ baseline }) => !baseline),
  };
}

/** A pod with the target's image that belongs to no workload of before, as those of an isolated group. */
function isStranger(scope: AuditScope, pod: PodFact): boolean {
  const images = scope.components.flatMap(({ newImages }) => newImages);
  const isOfTarget = pod.containers.some(({ image }) => images.includes(image));
  return isOfTarget && pod.owner !== "Job" && componentOf(scope, pod) === undefined;
}
