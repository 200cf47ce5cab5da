/**
 * The operator has begun before a Ceilometer was brought in, and its watch of pods is late: it shows none of them while workloads
 * and Jobs are seen as they are. What is taken for gone is there (I2, I8).
 */
import { afterAll, expect, test } from "vitest";
import type { AgentComponent } from "../../src/model/component.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import type { Decide } from "../sim/operator.ts";
import type { Agents } from "../sim/topology.ts";
import { unasked, writing } from "./mutants.ts";
import { Safety } from "./safety.ts";

const ROUNDS = 200;
/** More than there are controllers and pods. */
const PICKS = 16;
/** Kubelets that are picked from here on let pods stop last. */
const STOPS_NOTHING = 64;

function story(component: AgentComponent, kind: Agents["kind"], decides: Decide) {
  const refused: string[] = [];
  const agents = [{ component, kind, name: `${component}-0`, replicas: 2 }];
  const topology = { from: "newton", to: "ocata", hosts: ["control-0", "compute-0"], agents };
  const cluster = new ModelCluster(topology, decides, {
    isFirst: true,
    onWrite: ({ answer }) => {
      if (!("object" in answer) && answer.message.includes("not seen")) refused.push(answer.message);
    },
  });
  const safety = new Safety(cluster);
  cluster.wish();
  const round = (tells: (kind: string) => boolean): string => {
    for (const each of cluster.operator.behind.filter(tells)) cluster.operator.deliver(each, Number.MAX_SAFE_INTEGER);
    cluster.operator.dirty = true;
    const look = cluster.look();
    if (look !== undefined) cluster.send(look);
    while (cluster.answer(0)) cluster.operator.dirty = true;
    cluster.now += 1000;
    return look?.decision.phase ?? "";
  };
  for (let rounds = 0; rounds < ROUNDS && refused.length === 0 && safety.breaches.length === 0; rounds += 1) {
    round((each) => each !== "Pod");
    for (let pick = 0; pick < PICKS; pick += 1) {
      cluster.stepController(pick);
      cluster.stepKubelet(STOPS_NOTHING + pick);
    }
  }
  const before = refused.length;
  let phase = "";
  for (let rounds = 0; rounds < ROUNDS && safety.breaches.length === 0; rounds += 1) {
    phase = round(() => true);
    cluster.stepOthers();
  }
  return { breaches: safety.breaches.map(({ invariant }) => invariant), refused: before, phase };
}

const components = [
  ["collector", "Deployment"],
  ["notification", "Deployment"],
  ["api", "Deployment"],
  ["api", "DaemonSet"],
] as const;

test.each(components)("no new %s pod of a %s starts beside old ones that are not seen yet", (component, kind) => {
  expect(story(component, kind, decide)).toEqual({ breaches: [], refused: 1, phase: "Completed" });
});

test("of a StatefulSet the count of its controller tells that they are there, so that nobody has to be asked", () => {
  const { breaches, refused, phase } = story("notification", "StatefulSet", writing(unasked));
  expect({ breaches, refused, phase }).toEqual({ breaches: [], refused: 0, phase: "Completed" });
});

const noticed: string[] = [];

// The controller of a DaemonSet itself starts nothing on a host whose old pod is still there.
test.each(components.filter(([, kind]) => kind !== "DaemonSet"))(
  "an operator that asks nobody starts them, which is noticed: %s, %s",
  (component, kind) => {
    const { breaches } = story(component, kind, writing(unasked));
    expect(breaches).toContain(component === "api" ? "I8" : "I2");
    noticed.push(
      `  asks nobody for pods before it starts new ones: ${component}, ${kind}\n    story 1: ${breaches[0]}`,
    );
  },
);

afterAll(() => console.log(`mutants and what killed them\n${noticed.join("\n")}`));
