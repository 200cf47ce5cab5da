/**
 * Operators with one mistake each. A property that lets one of them pass watches nothing: for every invariant there is at least
 * one here that breaks it.
 */
import { ANNOTATION, FINALIZER } from "../../src/api/v1alpha1/names.ts";
import type { AttemptRecord } from "../../src/model/attempt.ts";
import type { Observation, Pod, Seen, Workload } from "../../src/model/observation.ts";
import type { Effect } from "../../src/model/outcome.ts";
import type { KubePatchOperation } from "../../src/model/patch.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Decide } from "../sim/operator.ts";
import type { Invariant } from "./judge.ts";

export interface Mutant {
  readonly mistake: string;
  /** What it breaks: the killer must be one of these. */
  readonly breaks: readonly Invariant[];
  /** Its writes look wrong already; what counts is what they do. */
  readonly onlyOutcome?: boolean;
  /** It errs where notification agents share their work, and is asked about these alone, in good weather. */
  readonly isOfGroups?: boolean;
  readonly decide: Decide;
}

export const mapSeen = <T>(seen: Seen<readonly T[]>, map: (list: readonly T[]) => readonly T[]): Seen<readonly T[]> =>
  seen.seen === "present" ? { seen: "present", value: map(seen.value) } : seen;

/** Decides on what it would like to see. */
export const seeing =
  (change: (seen: Observation) => Observation): Decide =>
  (seen) =>
    decide(change(seen));

/** Decides rightly, and then writes something else. */
export const writing =
  (change: (effect: Effect, seen: Observation) => Effect | undefined): Decide =>
  (seen) => {
    const { effect, ...rest } = decide(seen);
    const other = effect === undefined ? undefined : change(effect, seen);
    return other === undefined ? rest : { ...rest, effect: other };
  };

/** Believes its cache of pods: nobody is asked whether there are others. */
export const unasked = (effect: Effect): Effect => {
  if (effect.kind !== "patch") return effect;
  const { onlyWith: _, ...rest } = effect;
  return rest;
};

export const pods = (keep: (pod: Pod) => boolean): Decide => {
  const filtered = seeing((seen) => ({ ...seen, pods: mapSeen(seen.pods, (list) => list.filter(keep)) }));
  return (seen) => {
    const { effect, ...rest } = filtered(seen);
    return effect === undefined ? rest : { ...rest, effect: unasked(effect) };
  };
};

const isTerminating = (pod: Pod): boolean => pod.metadata.deletingSince !== undefined;
const isOf = (pod: Pod, component: string): boolean => pod.metadata.labels["app"]?.startsWith(component) === true;

export function withOperations(
  effect: Effect,
  change: (operations: readonly KubePatchOperation[]) => KubePatchOperation[],
) {
  if (effect.kind !== "patch") return effect;
  const [first, ...rest] = change(effect.operations);
  return first === undefined ? undefined : { ...effect, operations: [first, ...rest] as const };
}

export const available = (workload: Workload): Workload => {
  const wanted = workload.kind === "DaemonSet" ? workload.status.desired : (workload.replicas ?? 0);
  const counts = { desired: wanted, current: wanted, updated: wanted, ready: wanted, available: wanted };
  // A view may compute its template when it is asked for: a copy must keep it.
  const { template } = workload;
  return { ...workload, template, status: { observedGeneration: workload.metadata.generation, ...counts } };
};

export const mutants: readonly Mutant[] = [
  {
    mistake: "takes a migration that runs for one that has succeeded",
    breaks: ["I1"],
    decide: seeing((seen) => ({
      ...seen,
      jobs: mapSeen(seen.jobs, (jobs) => jobs.map((job) => ({ ...job, template: job.template, state: "succeeded" }))),
    })),
  },
  {
    mistake: "skips the database",
    breaks: ["I1"],
    decide: seeing((seen) => {
      const { spec } = seen.upgrade;
      const database = { ...spec.components.database, action: "Skip" as const };
      return { ...seen, upgrade: { ...seen.upgrade, spec: { ...spec, components: { ...spec.components, database } } } };
    }),
  },
  {
    mistake: "does not wait for terminating collectors and notification agents",
    breaks: ["I2"],
    decide: pods((pod) => isOf(pod, "polling") || isOf(pod, "api") || !isTerminating(pod)),
  },
  {
    mistake: "starts a StatefulSet while its controller counts old pods that are gone",
    breaks: ["I2", "I3"],
    decide: seeing((seen) => ({
      ...seen,
      workloads: mapSeen(seen.workloads, (list) =>
        list.map((each) =>
          each.kind === "StatefulSet" && each.replicas === 0
            ? { ...each, template: each.template, status: { ...each.status, current: 0 } }
            : each,
        ),
      ),
    })),
  },
  {
    mistake: "starts the new agents where it should take the old ones down",
    breaks: ["I2", "I3", "I8"],
    decide: writing((effect, seen) => {
      if (effect.kind !== "patch" || effect.why.reason !== "TakingDown") return effect;
      const image = { op: "replace", path: "/spec/template/spec/containers/0/image" } as const;
      const up = { ...image, value: seen.upgrade.spec.target.image };
      return withOperations(effect, (all) => [...all.filter((each) => each.path !== "/spec/replicas"), up]);
    }),
  },
  {
    mistake: "does not wait for terminating polling agents",
    breaks: ["I3"],
    decide: pods((pod) => !isOf(pod, "polling") || !isTerminating(pod)),
  },
  {
    mistake: "believes every verification",
    breaks: ["I3"],
    decide: seeing((seen) => {
      const known = new Map(seen.probes);
      for (const pod of seen.pods.seen === "present" ? seen.pods.value : []) {
        for (const until of ["finished", "began"]) {
          const id = `podLog/${pod.metadata.uid}/agent/${until}/`;
          known.set(id, { at: seen.now, verdict: "pass", reason: "surely" });
        }
      }
      return { ...seen, probes: known };
    }),
  },
  {
    mistake: "starts two first agents",
    breaks: ["I3"],
    decide: writing((effect) =>
      effect.why.reason === "StartingFirst"
        ? withOperations(effect, (all) =>
            all.map((each) =>
              each.op === "replace" && each.path === "/spec/replicas" && each.value === 1
                ? { ...each, value: 2 }
                : each,
            ),
          )
        : effect,
    ),
  },
  {
    mistake: "forgets to pin the first agent of a DaemonSet to one host",
    breaks: ["I3"],
    decide: writing((effect, seen) => {
      if (effect.why.reason !== "StartingFirst") return effect;
      const hosts = seen.pods.seen === "present" ? seen.now : 0;
      return withOperations(effect, (all) =>
        all.map((each) =>
          hosts > 0 && each.op === "replace" && each.path.endsWith("/nodeSelector")
            ? { ...each, value: { role: "compute" } }
            : each,
        ),
      );
    }),
  },
  {
    mistake: "goes on to the next component before the new pods are available",
    breaks: ["I4"],
    decide: seeing((seen) => ({ ...seen, workloads: mapSeen(seen.workloads, (list) => list.map(available)) })),
  },
  {
    mistake: "goes on to the next component as soon as the new pods are ready",
    breaks: ["I4"],
    decide: seeing((seen) => {
      const { upgrade } = seen;
      return { ...seen, upgrade: { ...upgrade, spec: { ...upgrade.spec, minReadySeconds: 0 } } };
    }),
  },
  {
    mistake: "upgrades the polling agents first",
    breaks: ["I4"],
    decide: seeing((seen) => {
      const { spec } = seen.upgrade;
      const { collector: _, notification: __, ...components } = spec.components;
      // As if the others did not exist, for as long as there is something to do for these.
      const onlyPolling = components.polling !== undefined && hasOldPolling(seen);
      return onlyPolling ? { ...seen, upgrade: { ...seen.upgrade, spec: { ...spec, components } } } : seen;
    }),
  },
  {
    mistake: "does not wait for terminating API pods",
    breaks: ["I8"],
    decide: pods((pod) => !isOf(pod, "api") || !isTerminating(pod)),
  },
  {
    mistake: "gives no replicas back",
    breaks: ["I9", "I4"],
    decide: writing((effect) =>
      withOperations(effect, (all) =>
        all.filter((each) => each.path !== "/spec/replicas" || effect.why.reason === "TakingDown"),
      ),
    ),
  },
  {
    mistake: "lets a resource go before what it borrowed is back",
    breaks: ["I9"],
    decide: (seen) => {
      const decision = decide(seen);
      const { metadata } = seen.upgrade;
      if (metadata.deletingSince === undefined || decision.effect === undefined) return decision;
      const { namespace, name, uid, resourceVersion, finalizers } = metadata;
      const kept = finalizers.filter((each) => each !== FINALIZER);
      const ref = { kind: "CeilometerUpgrade", namespace, name };
      const why = { reason: "LettingGo", message: "gone" };
      return {
        ...decision,
        effect: { kind: "annotate", ref, uid, resourceVersion, metadata: { finalizers: kept }, why },
      };
    },
  },
  {
    mistake: "keeps its records like anything else that it owns",
    breaks: ["I9", "I2", "I3", "I8"],
    decide: (seen) => {
      const isOpen = ({ ended }: AttemptRecord): boolean =>
        ended === undefined && seen.upgrade.metadata.deletingSince === undefined;
      const held = (record: AttemptRecord): AttemptRecord =>
        isOpen(record) ? { ...record, metadata: { ...record.metadata, finalizers: [FINALIZER] } } : record;
      return writing((effect) => {
        if (effect.kind !== "create" || effect.object.kind !== "ConfigMap") return effect;
        const { finalizers: _, ...metadata } = effect.object.metadata;
        return { ...effect, object: { ...effect.object, metadata } };
      })({ ...seen, records: mapSeen(seen.records, (all) => all.map(held)) });
    },
  },
  {
    mistake: "forgets what it borrowed when it borrows again",
    breaks: ["I9", "I4", "I11"],
    decide: writing((effect, seen) => {
      if (effect.why.reason !== "StartingFirst" && effect.why.reason !== "StartingRest") return effect;
      const list = seen.workloads.seen === "present" ? seen.workloads.value : [];
      const workload = effect.kind === "patch" && list.find((each) => each.metadata.name === effect.ref.name);
      if (!workload || workload.replicas !== 0) return effect;
      const value = JSON.stringify({ replicas: 1 });
      const path = `/metadata/annotations/${ANNOTATION.borrowed.replace("/", "~1")}`;
      return withOperations(effect, (all) => [...all, { op: "add", path, value }]);
    }),
  },
  {
    mistake: "takes a workload back to its old image when its new pods do not come up at once",
    breaks: ["I10", "I2", "I3", "I8"],
    decide: (seen) => {
      const decision = decide(seen);
      const target = decision.record?.targets.find((each) => `${each.kind}/${each.name}` === decision.headline.object);
      const waits = decision.effect === undefined && decision.headline.reason === "WaitingForNewPods";
      if (!waits || target === undefined) return decision;
      const { metadata } = seen.upgrade;
      const ref = { kind: target.kind, namespace: metadata.namespace, name: target.name };
      const list = seen.workloads.seen === "present" ? seen.workloads.value : [];
      const generation = list.find((each) => each.metadata.uid === target.uid)?.metadata.generation;
      const operations = [
        { op: "test", path: "/metadata/uid", value: target.uid },
        { op: "test", path: "/metadata/generation", value: generation },
        { op: "replace", path: "/spec/template/spec/containers/0/image", value: target.image },
      ] as const;
      return { ...decision, effect: { kind: "patch", ref, operations, why: decision.headline } };
    },
  },
  {
    mistake: "trusts its cache: writes without tests of what it decided on",
    breaks: ["write"],
    decide: writing((effect) => withOperations(effect, (all) => all.filter((each) => each.op !== "test"))),
  },
  {
    mistake: "trusts its cache, seen by what becomes of the cluster",
    breaks: ["I1", "I2", "I3", "I4", "I8", "I9", "I10", "I11"],
    onlyOutcome: true,
    decide: writing((effect) => withOperations(effect, (all) => all.filter((each) => each.op !== "test"))),
  },
  {
    mistake: "keeps writing after the end",
    breaks: ["I11"],
    decide: (seen) => {
      const decision = decide(seen);
      if (decision.phase !== "Completed" || decision.effect !== undefined) return decision;
      const { namespace, name, uid, resourceVersion } = seen.upgrade.metadata;
      const ref = { kind: "CeilometerUpgrade", namespace, name };
      const metadata = { annotations: { "example.org/seen": String(seen.now) } };
      const why = { reason: "Completed", message: "still here" };
      return { ...decision, effect: { kind: "annotate", ref, uid, resourceVersion, metadata, why } };
    },
  },
  {
    mistake: "claims again what it has let go",
    breaks: ["I11"],
    decide: seeing((seen) => ({
      ...seen,
      workloads: mapSeen(seen.workloads, (list) => list.map(withoutCompletedPlan)),
    })),
  },
  {
    mistake: "does not look again when only time has passed",
    breaks: ["I11"],
    decide: (seen) => {
      const { effect, ...rest } = decide(seen);
      return rest.phase === "Progressing" && rest.headline.reason === "Starting"
        ? rest
        : { ...rest, ...(effect && { effect }) };
    },
  },
];

function withoutCompletedPlan(workload: Workload): Workload {
  const { template, metadata } = workload;
  const { [ANNOTATION.completedPlan]: _, ...annotations } = metadata.annotations;
  return { ...workload, template, metadata: { ...metadata, annotations } };
}

function hasOldPolling(seen: Observation): boolean {
  const { image } = seen.upgrade.spec.target;
  const list = seen.workloads.seen === "present" ? seen.workloads.value : [];
  return list.some(
    (each) =>
      each.metadata.name.startsWith("polling") &&
      each.template.spec.containers.every((container) => container.image !== image),
  );
}
