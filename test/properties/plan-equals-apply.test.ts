/**
 * What a plan says is what Apply does, write for write: over the Ceilometers of the golden transcripts and over random ones,
 * in a cluster whose controllers and kubelets take their time.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { Effect } from "../../src/model/outcome.ts";
import type { Plan } from "../../src/model/plan.ts";
import { isPlanned, planOf } from "../../src/plan/plan.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { topologies as goldenTopologies } from "../golden/stories.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { specOf, type Topology } from "../sim/topology.ts";
import { topologies } from "./story.ts";

const seed = Number(process.env["PROPERTY_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["PROPERTY_RUNS"] ?? 1);
const ROUNDS = 1500;

interface Run {
  readonly plan: Plan;
  readonly done: readonly string[];
  readonly hash: string | undefined;
  readonly phase: string;
}

function nameOf(effect: Effect): string {
  const { kind, name } =
    effect.kind === "create" ? { kind: effect.object.kind, name: effect.object.metadata.name } : effect.ref;
  return `${effect.why.reason} ${kind}/${name}`;
}

/** Plans at the first look, then carries everything out in good order. */
function run(topology: Topology, spec: SpecInput = specOf(topology)): Run {
  const done: string[] = [];
  let plan: Plan | undefined;
  let hash: string | undefined;
  let phase = "";
  const cluster = new ModelCluster(topology, decide, {
    onLook: ({ seen, decision }) => {
      plan ??= planOf(seen);
      hash = decision.record?.plan ?? hash;
      phase = decision.phase;
    },
    onWrite: ({ effect, answer }) => {
      if (isPlanned(effect) && "object" in answer) done.push(nameOf(effect));
    },
  });
  cluster.wish(spec);
  for (let round = 0; round < ROUNDS; round += 1) {
    cluster.deliverAll();
    if (cluster.isDue) cluster.stepOperator();
    const answered = [cluster.answer(0), cluster.giveWord()].includes(true);
    const moved = cluster.stepOthers();
    cluster.now += 5000;
    if (answered || moved || cluster.operator.dirty || cluster.operator.behind.length > 0) continue;
    const { recheckAt } = cluster.operator;
    if (recheckAt === undefined || recheckAt <= cluster.now) break;
    cluster.now = recheckAt;
  }
  if (plan === undefined) throw new Error("nothing was looked at");
  return { plan, done, hash, phase };
}

const planned = ({ steps }: Plan): readonly string[] => steps.map(({ action, object }) => `${action} ${object}`);

test.each(Object.entries(goldenTopologies))("the plan of %s is what is done", (_, topology) => {
  const { plan, done, hash, phase } = run(topology);
  expect(done.length).toBeGreaterThan(0);
  expect(planned(plan)).toEqual(done);
  expect(plan.hash).toBe(hash);
  expect([phase, plan.end]).toEqual(["Completed", "Complete"]);
});

test("the plan of any Ceilometer is what is done", { timeout: 120_000 }, () => {
  let completed = 0;
  fc.assert(
    fc.property(topologies, (topology) => {
      const { plan, done, hash, phase } = run(topology);
      expect(planned(plan)).toEqual(done);
      if (phase !== "Completed") return;
      completed += 1;
      expect(plan.end).toBe("Complete");
      expect(plan.hash).toBe(hash);
    }),
    { seed, numRuns: 150 * factor },
  );
  // A property over upgrades that never get under way would prove nothing.
  expect(completed).toBeGreaterThan(50 * factor);
});
