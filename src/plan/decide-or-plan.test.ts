import { expect, test } from "vitest";
import { aDeployment, anObservation, anUpgrade, NEW_IMAGE, NOW, podsOf } from "../../test/support/builders.ts";
import { FINALIZER } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { Meta } from "../model/meta.ts";
import type { Observation, Workload } from "../model/observation.ts";
import { decide } from "../reconcilers/decide.ts";
import { carriedOut } from "./carried-out.ts";
import { decideOrPlan } from "./decide-or-plan.ts";
import { idealCluster } from "./ideal-cluster.ts";
import { planOf } from "./plan.ts";

const seen = (
  spec: Partial<SpecInput> = {},
  metadata: Partial<Meta> = {},
  workload: Workload = aDeployment({ name: "notification" }),
): Observation => anObservation({ upgrade: anUpgrade(spec, metadata), workloads: [workload], pods: podsOf(workload) });

/** The operator goes on until it writes for this reason. */
function until(start: Observation, reason: string): Observation {
  let cluster = idealCluster(start);
  for (let write = 0; write < 20 && cluster !== undefined; write += 1) {
    const { effect } = decide(cluster.seen);
    if (effect === undefined || effect.why.reason === reason) return cluster.seen;
    cluster = carriedOut(cluster, effect);
  }
  throw new Error(`never ${reason}`);
}

test("mode Plan has the plan and no write, whatever the resource was about to get", () => {
  const decision = decideOrPlan(seen({ mode: "Plan" }));
  expect(decision).not.toHaveProperty("effect");
  expect(decision.phase).toBe("Planned");
  expect(decision.plan).toEqual(planOf(seen()));
  expect(decision.headline.message).toBe(
    "2 writes lead from newton to ocata; nothing is written while spec.mode is Plan",
  );
});

test("mode Plan asks what is asked before the first write", () => {
  const { probes: _, ...unasked } = seen({ mode: "Plan" });
  const decision = decideOrPlan({ ...unasked, probes: new Map() });
  expect([decision.phase, decision.probes.map(({ kind }) => kind)]).toEqual(["Preflight", ["rights"]]);
});

test("mode Plan is held by what holds an upgrade, and says so", () => {
  const decision = decideOrPlan(seen({ mode: "Plan" }, {}, aDeployment({ name: "notification", paused: true })));
  expect([decision.phase, decision.headline.reason, decision.plan]).toEqual(["Held", "WorkloadPaused", undefined]);
});

test("mode Plan says where nothing is to be done", () => {
  const decision = decideOrPlan(seen({ mode: "Plan" }, {}, aDeployment({ name: "notification", image: NEW_IMAGE })));
  expect([decision.phase, decision.plan]).toEqual(["NoChange", undefined]);
});

test("mode Plan in the middle of an attempt leaves it where it is, and shows the rest", () => {
  const middle = until(seen(), "Starting");
  const { upgrade } = middle;
  const decision = decideOrPlan({ ...middle, upgrade: { ...upgrade, spec: { ...upgrade.spec, mode: "Plan" } } });
  expect(decision).not.toHaveProperty("effect");
  expect(decision.plan?.steps.map(({ action }) => action)).toEqual(["Starting"]);
  expect(decision.headline.message).toMatch(/the attempt ceilometer-attempt-\w+ is left where it is/);
});

test("a resource that is being deleted gives back, also in mode Plan", () => {
  const going = seen({ mode: "Plan" }, { finalizers: [FINALIZER], deletingSince: NOW });
  expect(decideOrPlan(going)).toEqual(decide(going));
  expect(decideOrPlan(going).effect?.why.reason).toBe("LettingGo");
});

test("Apply shows the plan when an attempt begins, until it is known, and never in the middle", () => {
  const plan = planOf(seen());
  expect(decideOrPlan(seen())).toEqual(decide(seen()));
  for (const reason of ["AttemptStarted", "Claiming"]) {
    const beginning = until(seen(), reason);
    const { plan: shown, ...decision } = decideOrPlan(beginning);
    expect(shown).toEqual(plan);
    expect(decision).toEqual(decide(beginning));
  }
  const claiming = until(seen(), "Claiming");
  expect(decideOrPlan(claiming, plan.hash)).toEqual(decide(claiming));
  expect(decideOrPlan(until(seen(), "Starting"))).not.toHaveProperty("plan");
});
