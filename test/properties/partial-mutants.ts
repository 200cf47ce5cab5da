/**
 * Operators of partial upgrades with one mistake each, as those of `mutants.ts`: for each of I5, I6 and I7, and for the others in
 * their partial form, there is at least one here that breaks it.
 */
import { LABEL, OFFLINE_NODE_SELECTOR } from "../../src/api/v1alpha1/names.ts";
import type { AttemptRecord, RecordedPolling } from "../../src/model/attempt.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Observation, Workload } from "../../src/model/observation.ts";
import type { Effect } from "../../src/model/outcome.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Decide } from "../sim/operator.ts";
import { available, type Mutant, mapSeen, mutants, pods, seeing, unasked, withOperations, writing } from "./mutants.ts";

const records = (change: (record: AttemptRecord) => AttemptRecord): Decide =>
  seeing((seen) => ({ ...seen, records: mapSeen(seen.records, (list) => list.map(change)) }));

/** Remembers another way for polling agents than it has found. */
const planned = (change: (plan: RecordedPolling, record: AttemptRecord) => RecordedPolling): Decide =>
  records((record) => ({
    ...record,
    targets: record.targets.map((target) =>
      target.polling === undefined ? target : { ...target, polling: change(target.polling, record) },
    ),
  }));

const workloads = (seen: Observation, change: (list: readonly Workload[]) => readonly Workload[]): Observation => ({
  ...seen,
  workloads: mapSeen(seen.workloads, change),
});
const listed = (seen: Observation): readonly Workload[] =>
  seen.workloads.seen === "present" ? seen.workloads.value : [];
const imageOf = ({ template }: Workload): string => template.spec.containers[0]?.image ?? "";
const isIsolated = ({ metadata }: Workload): boolean => metadata.labels[LABEL.purpose] === "isolated";
const isDown = (workload: Workload): boolean =>
  workload.replicas === 0 || workload.template.spec.nodeSelector?.[OFFLINE_NODE_SELECTOR] !== undefined;
const isNew = (seen: Observation, workload: Workload): boolean => imageOf(workload) === seen.upgrade.spec.target.image;

/** As if this workload had been taken down already and nothing of it were left. */
function asIfDown(seen: Observation, name: string): Observation {
  const gone = workloads(seen, (list) =>
    list.map((each) => {
      if (each.metadata.name !== name) return each;
      const { template } = each;
      const status = { ...each.status, observedGeneration: each.metadata.generation };
      if (each.kind !== "DaemonSet") return { ...each, template, status, replicas: 0 };
      const nodeSelector = { ...template.spec.nodeSelector, [OFFLINE_NODE_SELECTOR]: "true" };
      return { ...each, status, template: { ...template, spec: { ...template.spec, nodeSelector } } };
    }),
  );
  return {
    ...gone,
    pods: mapSeen(gone.pods, (list) => list.filter((pod) => pod.metadata.labels["app"] !== name)),
  };
}

/** As if it were down, and nobody is asked. */
function decideAsIfDown(seen: Observation, name: string): Decision {
  const { effect, ...rest } = decide(asIfDown(seen, name));
  return effect === undefined ? rest : { ...rest, effect: unasked(effect) };
}

/** What would be written if it were down, to the workload as it is. */
function inPlace(seen: Observation, name: string): Effect | undefined {
  const { effect } = decideAsIfDown(seen, name);
  const scales = (path: string): boolean => path === "/spec/replicas" || path.endsWith("/nodeSelector");
  return effect && withOperations(effect, (all) => all.filter(({ path }) => !scales(path)));
}

const borrowedMutants = [
  "skips the database",
  "takes a workload back",
  "does not wait for terminating API",
  "keeps writing",
];
const alsoPartial: readonly Mutant[] = mutants
  .filter(({ mistake }) => borrowedMutants.some((start) => mistake.startsWith(start)))
  .map((mutant) => (mutant.breaks.includes("I10") ? { ...mutant, breaks: ["I10", "I5", "I6", "I7", "I8"] } : mutant));

export const partialMutants: readonly Mutant[] = [
  {
    mistake: "skips the isolated group, and rolls agents with new pollsters in beside old ones",
    breaks: ["I7"],
    decide: planned(({ isolated: _, narrow: __, ...plan }) =>
      plan.path === "Isolate" ? { ...plan, path: "Roll", overlap: true } : plan,
    ),
  },
  {
    mistake: "widens before the isolated group is gone",
    breaks: ["I7"],
    decide: seeing((seen) => {
      const main = listed(seen).filter((each) => each.metadata.name.startsWith("polling") && !isIsolated(each));
      const isReplaced = main.every((each) => isNew(seen, each));
      return isReplaced ? workloads(seen, (list) => list.filter((each) => !isIsolated(each))) : seen;
    }),
  },
  {
    mistake: "widens by a slow roll",
    breaks: ["I7"],
    decide: (seen) => {
      const decision = decide(seen);
      const { effect } = decision;
      if (effect?.kind !== "patch" || effect.why.reason !== "TakingDown" || effect.why.clause !== "P4") return decision;
      const workload = listed(seen).find(({ metadata }) => metadata.name === effect.ref.name);
      const widens = workload !== undefined && isNew(seen, workload);
      const other = widens ? inPlace(seen, effect.ref.name) : undefined;
      return other?.why.reason === "Widening" ? { ...decision, effect: other } : decision;
    },
  },
  {
    mistake: "takes the whole polling file for what old and new agents share",
    breaks: ["I7"],
    decide: planned((plan, { files: { polling } }) =>
      plan.narrow === undefined || polling === undefined ? plan : { ...plan, narrow: { ...plan.narrow, ...polling } },
    ),
  },
  {
    mistake: "rolls with overlap where agents would not share the work",
    breaks: ["I7"],
    decide: planned((plan) => (plan.path === "Replace" ? { ...plan, path: "Roll", overlap: true } : plan)),
  },
  {
    mistake: "replaces the workloads of one group one after the other where nobody looks at the ring",
    breaks: ["I7"],
    decide: planned(({ together: _, ...plan }) => plan),
  },
  {
    mistake: "restarts one notification workload at a time on the new pipelines",
    breaks: ["I6"],
    isOfGroups: true,
    decide: (seen) => {
      const decision = decide(seen);
      const { effect } = decision;
      if (effect?.kind !== "patch" || effect.why.reason !== "TakingDown" || effect.why.clause !== "P3") return decision;
      const { name } = effect.ref;
      const others = listed(seen).filter(({ metadata }) => metadata.name.startsWith("notif") && metadata.name !== name);
      return others.some(isDown) ? decideAsIfDown(seen, name) : decision;
    },
  },
  {
    mistake: "rolls new notification agents in beside old ones on other pipelines",
    breaks: ["I6"],
    isOfGroups: true,
    decide: records(({ parity: _, ...record }) => record),
  },
  {
    mistake: "does not empty the internal queues first",
    breaks: ["I6"],
    isOfGroups: true,
    decide: records((record) =>
      record.parity === undefined ? record : { ...record, parity: { ...record.parity, emptyFirst: [] } },
    ),
  },
  {
    mistake: "does not wait until the group has forgotten agents that are gone",
    breaks: ["I6"],
    isOfGroups: true,
    decide: seeing((seen) => {
      const { spec } = seen.upgrade;
      const { notification } = spec.components;
      if (notification === undefined) return seen;
      const components = { ...spec.components, notification: { ...notification, memberTimeoutSeconds: 0 } };
      return { ...seen, upgrade: { ...seen.upgrade, spec: { ...spec, components } } };
    }),
  },
  {
    mistake: "trusts a mutable pipeline to be what the agents have loaded",
    breaks: ["I6"],
    isOfGroups: true,
    decide: seeing((seen) => ({
      ...seen,
      files: new Map(
        [...seen.files].map(([name, file]) => [
          name,
          file.seen === "present" ? { seen: "present", value: { ...file.value, immutable: true } } : file,
        ]),
      ),
    })),
  },
  {
    mistake: "does not wait for terminating notification agents of a group that is restarted",
    breaks: ["I6"],
    isOfGroups: true,
    decide: (seen) => {
      const isDownNow = listed(seen).some((each) => each.metadata.name.startsWith("notif") && isDown(each));
      const gone = pods(
        (pod) => !pod.metadata.labels["app"]?.startsWith("notif") || pod.metadata.deletingSince === undefined,
      );
      return isDownNow ? gone(seen) : decide(seen);
    },
  },
  {
    mistake: "rolls all workloads of a component at once",
    breaks: ["I5"],
    decide: seeing((seen) => {
      const atTarget = new Set(
        listed(seen)
          .filter((each) => isNew(seen, each) && !isIsolated(each) && !each.metadata.name.startsWith("polling"))
          .map(({ metadata }) => metadata.name),
      );
      const { image } = seen.upgrade.spec.target;
      const pretended = workloads(seen, (list) =>
        list.map((each) => (atTarget.has(each.metadata.name) ? available(each) : each)),
      );
      return {
        ...pretended,
        pods: mapSeen(seen.pods, (list) =>
          list.filter(
            ({ metadata, containers }) =>
              !atTarget.has(metadata.labels["app"] ?? "") || containers.some((each) => each.image === image),
          ),
        ),
      };
    }),
  },
  {
    mistake: "takes collectors down where they should roll",
    breaks: ["I5"],
    decide: writing((effect) =>
      effect.why.reason === "Rolling" && effect.why.clause === "P2"
        ? withOperations(effect, (all) => [...all, { op: "replace", path: "/spec/replicas", value: 0 }])
        : effect,
    ),
  },
  {
    mistake: "forgets to remove the isolated group",
    breaks: ["I9"],
    decide: seeing((seen) => workloads(seen, (list) => list.filter((each) => !isIsolated(each) || !isDown(each)))),
  },
  {
    mistake: "removes a file that is not its own",
    breaks: ["I9"],
    decide: writing((effect, seen) => {
      const file = seen.files.get("ConfigMap/ceilometer-polling");
      if (effect.why.reason !== "RemovingIsolated" || effect.kind !== "delete" || file?.seen !== "present")
        return effect;
      const { namespace, name, uid, resourceVersion } = file.value.metadata;
      return { ...effect, ref: { kind: "ConfigMap", namespace, name }, uid, resourceVersion };
    }),
  },
  {
    mistake: "forgets to give intake and polling files back when the resource is deleted",
    breaks: ["I9"],
    decide: writing((effect, seen) => {
      const isLast = seen.upgrade.metadata.deletingSince !== undefined && effect.why.reason === "GivingBack";
      if (!isLast || effect.kind !== "patch" || effect.why.message === "give back what was borrowed, by value")
        return effect;
      // It goes on as if that were done.
      const { namespace, name, uid, resourceVersion } = seen.upgrade.metadata;
      const ref = { kind: "CeilometerUpgrade", namespace, name };
      return { kind: "annotate", ref, uid, resourceVersion, metadata: { finalizers: [] }, why: effect.why };
    }),
  },
  ...alsoPartial,
];
