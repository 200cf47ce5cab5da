/**
 * A story: what a Ceilometer looks like, and who takes which step in which order. First anything may happen; then everybody
 * gets their turn (only under fair scheduling can anything be promised to end), and the end is judged.
 */
import fc from "fast-check";
import type { AgentComponent } from "../../src/model/component.ts";
import { canonicalJson } from "../../src/model/digest.ts";
import type { WorkloadKind } from "../../src/model/observation.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import type { Decide, Look } from "../sim/operator.ts";
import type { Agents, Topology } from "../sim/topology.ts";
import { Cast, type Weather } from "./cast.ts";
import type { Breach, Judge } from "./judge.ts";
import { Safety } from "./safety.ts";

export interface Story {
  readonly topology: Topology;
  /** After how many rounds in good order the script begins: anything may happen at any point of an upgrade. */
  readonly calm: number;
  /** Each number picks who takes the next step, and which of their possible ones. */
  readonly script: readonly number[];
}

const strategies = ["RollingUpdate", "Recreate", "OnDelete"] as const;

function agentsOf(component: AgentComponent, kinds: readonly WorkloadKind[], most: number): fc.Arbitrary<Agents[]> {
  const one = fc.record({
    kind: fc.constantFrom(...kinds),
    replicas: fc.nat({ max: 3 }),
    strategy: fc.constantFrom(...strategies),
    isThere: fc.nat({ max: 9 }).map((number) => number === 0),
  });
  return fc.array(one, { maxLength: most, size: "max" }).map((list) =>
    list.map(({ kind, strategy, ...rest }, index) => ({
      ...rest,
      component,
      kind,
      name: `${component}-${index}`,
      // One of the two that the kind has.
      strategy: strategy === (kind === "Deployment" ? "OnDelete" : "Recreate") ? "RollingUpdate" : strategy,
    })),
  );
}

const PAIRS = [
  { from: "newton", to: "ocata" },
  { from: "pike", to: "queens" },
  { from: "2025.1", to: "2025.2" },
] as const;

export const topologies: fc.Arbitrary<Topology> = fc
  .record({
    pair: fc.constantFrom(...PAIRS),
    collectors: agentsOf("collector", ["Deployment", "StatefulSet"], 2),
    notification: agentsOf("notification", ["Deployment", "StatefulSet"], 2),
    polling: agentsOf("polling", ["Deployment", "DaemonSet", "StatefulSet"], 3),
    apis: agentsOf("api", ["Deployment", "DaemonSet"], 2),
    hosts: fc.nat({ max: 3 }),
    skipDatabase: fc.nat({ max: 4 }).map((number) => number === 0),
    apiFirst: fc.boolean(),
  })
  .map(({ pair, collectors, notification, polling, apis, hosts, ...rest }): Topology => {
    const classic = pair.from === "2025.1" ? [] : [...collectors, ...apis];
    const agents = [...notification, ...polling, ...classic].map((each) => {
      const retires = pair.from === "pike" && (each.component === "collector" || each.component === "api");
      return { ...each, isThere: each.isThere === true && !retires };
    });
    const fallback: Agents = { component: "notification", kind: "Deployment", name: "notification-0", replicas: 2 };
    return {
      ...pair,
      ...rest,
      hosts: ["control-0", ...Array.from({ length: hosts }, (_, index) => `compute-${index}`)],
      agents: agents.length === 0 ? [fallback] : agents,
    };
  });

export const stories = (longest: number): fc.Arbitrary<Story> =>
  fc.record({
    topology: topologies,
    calm: fc.nat({ max: 70 }),
    script: fc.array(fc.nat({ max: 2 ** 30 }), { maxLength: longest, size: "max" }),
  });

export interface Ending {
  readonly breaches: readonly Breach[];
  readonly steps: number;
  readonly writes: number;
  readonly phase: string;
}

const ROUNDS = 1500;
/** After this many rounds of rest an operator that still writes does not stop. */
const QUIET_ROUNDS = 5;

export function play(
  story: Story,
  decide: Decide,
  weather: Weather,
  judge: (cluster: ModelCluster) => Judge = (cluster) => new Safety(cluster),
): Ending {
  const { topology, script, calm } = story;
  let looks = 0;
  let writes = 0;
  const unequal: string[] = [];
  const cluster = new ModelCluster(topology, decide, {
    onLook: ({ seen, decision }) => {
      looks += 1;
      // Asked of every seventh look only: it costs as much as the whole decision.
      if (looks % 7 !== 0) return;
      const again = decide(seen);
      if (canonicalJson(again) !== canonicalJson(decision)) unequal.push(decision.headline.reason);
    },
    onWrite: (written) => {
      writes += 1;
      if (weather.onlyOutcome !== true) safety.wrote(written);
    },
    onVerified: (pod) => safety.verified(pod),
  });
  const safety = judge(cluster);
  cluster.wish();
  for (let turn = 0; turn < calm; turn += 1) round(cluster);
  const cast = new Cast(cluster, safety, weather);
  for (const number of script) {
    cast.act(number);
    cluster.now += 1000;
    if (safety.breaches.length > 0) return { breaches: safety.breaches, steps: script.length, writes, phase: "unsafe" };
  }
  cast.calm();
  const { phase, rounds } = settle(cluster, safety);
  if (unequal.length > 0) safety.breaches.push({ invariant: "write", message: "the same look, another decision" });
  return { breaches: safety.breaches, steps: script.length + rounds, writes, phase };
}

/** Everybody's turn, in order. What the operator saw and decided, if it looked, and whether anybody did anything. */
function round(cluster: ModelCluster): { look: Look | undefined; moved: boolean } {
  cluster.deliverAll();
  const look = cluster.isDue ? cluster.look() : undefined;
  if (look === undefined) cluster.operator.dirty = false;
  const wrote = look !== undefined && cluster.send(look) !== undefined;
  let answered = cluster.giveWord();
  while (cluster.answer(0)) answered = true;
  const moved = cluster.stepOthers();
  cluster.now += 1000;
  return { look, moved: wrote || answered || moved || cluster.operator.behind.length > 0 };
}

/** A minute after the end, in steps of so many seconds; somebody has touched the resource before each, so that it is looked at. */
const A_MINUTE = [1, 4, 10, 15, 30];

/** What an operator does that has nothing to do: a write, or a look that asks for the next one at once. */
function unrest(cluster: ModelCluster): readonly string[] {
  for (const seconds of A_MINUTE) {
    cluster.now += seconds * 1000;
    cluster.operator.dirty = true;
    const { look } = round(cluster);
    if (look?.decision.effect !== undefined) return [`a write after the end: ${look.decision.effect.why.reason}`];
    const { recheckAt } = cluster.operator;
    if (recheckAt !== undefined && recheckAt <= cluster.now) return ["after the end it looks again and again"];
  }
  return [];
}

function settle(cluster: ModelCluster, safety: Judge): { phase: string; rounds: number } {
  let quiet = 0;
  let rounds = 0;
  let last: Look | undefined;
  cluster.operator.dirty = true;
  for (; rounds < ROUNDS && quiet < QUIET_ROUNDS && safety.breaches.length === 0; rounds += 1) {
    const { look, moved } = round(cluster);
    last = look ?? last;
    quiet = moved ? 0 : quiet + 1;
    const { recheckAt } = cluster.operator;
    if (quiet > 1 && recheckAt !== undefined && recheckAt > cluster.now) {
      cluster.now = recheckAt;
      quiet = 0;
    }
  }
  const { upgrade } = cluster;
  const { phase, headline } = last?.decision ?? { phase: "Deleting", headline: undefined };
  const ended = upgrade === undefined || phase === "Completed" || phase === "NoChange";
  if (safety.breaches.length > 0) return { phase: "unsafe", rounds };
  if (quiet < QUIET_ROUNDS) safety.breaches.push({ invariant: "I11", message: `no rest: ${headline?.message}` });
  else if (!ended) safety.breaches.push({ invariant: "I11", message: `${phase}: ${headline?.message}` });
  else {
    safety.judgeEnd();
    safety.breaches.push(...unrest(cluster).map((message) => ({ invariant: "I11" as const, message })));
  }
  return { phase: upgrade === undefined ? "gone" : phase, rounds };
}
