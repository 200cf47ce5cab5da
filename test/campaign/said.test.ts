import { expect, test } from "vitest";
import { statefulset } from "../e2e/fixtures/topology.ts";
import type { Fact } from "../support/audit-facts.ts";
import { stepsBack, untrueReports } from "./said.ts";

const { spec } = statefulset();
const NEW = spec.target.image;
const [notification, central, compute] = ["ceilometer-notification", "ceilometer-central", "ceilometer-compute"];

const workload = (kind: string, name: string, image: string, revision: number): Fact => ({
  revision,
  at: 0,
  change: "MODIFIED",
  baseline: false,
  about: "workload",
  workload: {
    uid: name,
    kind,
    name,
    selector: {},
    containers: [{ name: "agent", image, command: "" }],
    replicas: 1,
    nodeSelector: {},
    strategy: "",
    pods: undefined,
  },
});

interface Told {
  readonly revision?: number;
  readonly uid?: string;
  readonly plan?: string;
  readonly ready?: "True" | "False";
  readonly polling?: string;
  readonly attempts?: number;
}

function report({ revision = 10, uid = "u", plan = "p", ready = "False", polling = "Running", attempts = 1 }: Told) {
  const condition = { type: "Ready", status: ready, reason: "So", message: "so", observedGeneration: 1 };
  return {
    path: "/apis/g/v1/namespaces/n/ceilometerupgrades/ceilometer/status?fieldManager=m",
    committed: 200,
    answered: JSON.stringify({
      metadata: { uid, generation: 1, resourceVersion: String(revision) },
      spec,
      status: { conditions: [condition], plan: { hash: plan }, steps: [{ name: "polling", state: polling, attempts }] },
    }),
  };
}

test("what is ready is at the target when it is said, and not only in the end", () => {
  const facts = [
    workload("StatefulSet", notification, NEW, 3),
    workload("StatefulSet", central, NEW, 4),
    workload("DaemonSet", compute, "old", 2),
    workload("DaemonSet", compute, NEW, 8),
  ];
  expect(untrueReports([report({ revision: 9, ready: "True" })], facts)).toEqual([]);
  expect(untrueReports([report({ revision: 7 })], facts)).toEqual([]);
  const early = report({ revision: 7, ready: "True" });
  expect(untrueReports([early], facts)).toEqual([`Ready, and ${compute} runs old, not ${NEW}`]);
  expect(untrueReports([{ ...early, committed: 409 }], facts)).toEqual([]);
});

test("a step that has ended stays so, in one plan and one attempt", () => {
  const ended = report({ polling: "Succeeded" });
  expect(stepsBack([report({}), ended, ended])).toEqual([]);
  expect(stepsBack([ended, report({})])).toEqual(["polling was Succeeded, and is Running in the same plan"]);
  for (const other of [{ plan: "q" }, { uid: "v" }, { attempts: 2 }])
    expect(stepsBack([ended, report(other)])).toEqual([]);
  expect(stepsBack([ended, report({ plan: "q" }), report({ polling: "Held" })])).toHaveLength(1);
});
