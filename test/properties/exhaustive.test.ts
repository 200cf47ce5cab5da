/**
 * Small worlds are searched and not sampled: one workload of each component with two agents, or polling agents and their isolated
 * group; everybody in turns, and from there every order with one deviation at every move (somebody late, asleep until all others
 * rest, an operator that restarts, an answer that is lost), and with every two of these faults; judged as random stories are.
 * `EXHAUSTIVE=2` searches every pair of deviations as well, which takes hours.
 */
import { expect, test } from "vitest";
import { LABEL } from "../../src/api/v1alpha1/names.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Agents, Topology } from "../sim/topology.ts";
import { mutants } from "./mutants.ts";
import { PartialSafety } from "./partial-safety.ts";
import { Safety } from "./safety.ts";
import { DELAYS, type Deviation, FAULTS, Schedule, type Told, type World } from "./schedule.ts";

const DEVIATIONS = Number(process.env["EXHAUSTIVE"] ?? 1);
/** Beyond so many deviations of any kind, faults alone are searched. */
const MOST_FAULTS = 2;
const isFault = ({ kind }: Deviation): boolean => FAULTS.some((each) => each === kind);
const LIMIT = DEVIATIONS > 1 ? 0 : 240_000;
const hosts = ["control-0", "compute-0", "compute-1"];

const agents = (more: Partial<Record<Agents["component"], Partial<Agents>>> = {}): readonly Agents[] =>
  (["collector", "notification", "polling", "api"] as const).map((component) => ({
    component,
    name: `${component}-0`,
    kind: "Deployment",
    replicas: 2,
    ...more[component],
  }));
const full: Topology = {
  from: "newton",
  to: "ocata",
  hosts,
  agents: agents({ notification: { kind: "StatefulSet" }, polling: { kind: "DaemonSet" } }),
};
const partial: Topology = {
  from: "newton",
  to: "ocata",
  hosts,
  // The others take the same steps as above; each of them doubles what has to be searched here.
  agents: agents({ polling: { name: "polling-central-0", pollingNamespace: "central" } }).slice(2, 3),
  partial: {
    coordinated: true,
    partitioned: false,
    pipeline: { before: { name: "all", publisher: "notifier://" }, immutable: true },
    polling: { before: ["*"] },
    isolate: "Always",
  },
};

interface Found {
  readonly orders: number;
  readonly states: number;
  readonly moves: number;
  readonly breach: { readonly deviations: readonly Deviation[]; readonly told: Told } | undefined;
}

/** Every order with at most so many deviations, those with fewer first, so that what is found is a shortest one. */
function search(world: World, most: number): Found {
  const states = new Set<string>();
  let frontier: readonly (readonly Deviation[])[] = [[]];
  let orders = 0;
  let moves = 0;
  for (let level = 0; level <= most; level += 1) {
    const next: (readonly Deviation[])[] = [];
    for (const deviations of frontier) {
      const told = new Schedule(world, deviations).tell((state) => {
        const known = states.has(state);
        states.add(state);
        return known;
      });
      orders += 1;
      moves += told.moves.length;
      if (told.breaches.length > 0) return { orders, states: states.size, moves, breach: { deviations, told } };
      if (level < most) next.push(...beyond(deviations, told));
    }
    frontier = next;
  }
  return { orders, states: states.size, moves, breach: undefined };
}

function* beyond(deviations: readonly Deviation[], { moves }: Told): Generator<readonly Deviation[]> {
  const faults = deviations.filter(isFault).length;
  const mayDelay = deviations.length < DEVIATIONS;
  if (!mayDelay && faults < deviations.length) return;
  const delays = mayDelay ? DELAYS : [];
  for (let at = (deviations.at(-1)?.at ?? -1) + 1; at < moves.length; at += 1) {
    const kinds = moves[at] === "operator" && faults < MOST_FAULTS ? [...delays, ...FAULTS] : delays;
    for (const kind of kinds) yield [...deviations, { at, kind }];
  }
}

let isolated = 0;
const worlds: readonly (readonly [string, World])[] = [
  ["full", { topology: full, decide, judge: (cluster) => new Safety(cluster) }],
  [
    "partial, with an isolated group",
    {
      topology: partial,
      decide,
      judge: (cluster) => {
        cluster.api.subscribe(({ type, object }) => {
          if (type === "ADDED" && object.metadata.labels?.[LABEL.purpose] === "isolated") isolated += 1;
        });
        return new PartialSafety(cluster);
      },
    },
  ],
];

test.each(worlds)("no order of a small world is unsafe: %s", { timeout: LIMIT }, (name, world) => {
  const { orders, states, moves, breach } = search(world, Math.max(DEVIATIONS, MOST_FAULTS));
  console.log(`${name}: ${orders} orders of ${moves} moves in all, ${states} states after their last deviation`);
  expect(breach).toBeUndefined();
});

test("there is an isolated group in the one that is to have it", () => {
  expect(isolated).toBeGreaterThan(0);
});

test("an operator with a mistake is found with a single deviation", () => {
  const mutant = mutants.find(({ mistake }) => mistake === "does not wait for terminating API pods");
  const { breach } = search({ topology: full, decide: mutant?.decide ?? decide, judge: (c) => new Safety(c) }, 1);
  expect(breach?.told.breaches[0]?.invariant).toBe("I8");
});
