/** Agents that may be old and new at one time only because by what was seen before the first write they never are (I7). */
import { expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anObservation,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  aStatefulSet,
  aWorld,
  marks,
  podsOf,
  type WorkloadWords,
} from "../../test/support/builders.ts";
import { FINALIZER } from "../api/v1alpha1/names.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import type { Workload } from "../model/observation.ts";
import { decide } from "./decide.ts";
import { readInputs } from "./inputs.ts";

const POLLING: RecordedPolling = {
  namespaces: ["central"],
  path: "Roll",
  overlap: true,
  why: "its strategy never runs an old and a new agent at one time",
  added: ["a.new"],
  file: { path: "/etc/ceilometer/polling.yaml", volume: "ceilometer-upgrade-polling" },
  before: {},
};

const claim = { upgrade: "uid-of-ceilometer", record: "ceilometer-attempt-1" };
const words = (more: Partial<WorkloadWords> = {}): WorkloadWords => ({
  name: "central",
  component: "polling",
  annotations: marks({ claim }),
  ...more,
});

function first(workload: Workload, more: Partial<RecordedPolling> = {}, pods = podsOf(workload)) {
  const { kind } = workload;
  const polling = { targets: [{ kind, name: "central" }], verification: { podLog: {} } };
  const components = { database: { action: "Skip" as const }, polling };
  const upgrade = anUpgrade({ strategy: "Partial", components }, { finalizers: [FINALIZER] });
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const target = aRecordedTarget(workload, { component: "polling", polling: { ...POLLING, ...more } });
  const records = [aRecord({ inputs, targets: [target] })];
  const { effect, headline } = decide(anObservation({ upgrade, workloads: [workload], pods, records }));
  return effect?.why.reason ?? headline.reason;
}

test("they are stopped first where somebody has made them meet since", () => {
  expect(first(aStatefulSet(words({ replicas: 1 })))).toBe("Rolling");
  expect(first(aStatefulSet(words({ replicas: 3 })))).toBe("TakingDown");
  expect(first(aDeployment(words({ strategy: "Recreate" })))).toBe("Rolling");
  expect(first(aDeployment(words()))).toBe("TakingDown");
  const none = { added: [] };
  expect(first(aStatefulSet(words({ replicas: 3 })), none)).toBe("TakingDown");
  const harmless = { added: [], why: "no new pollsters, so new agents may run beside old ones" };
  expect(first(aStatefulSet(words({ replicas: 3 })), harmless)).toBe("Rolling");
  const alone = { namespaces: ["compute"], why: "an old and a new agent are never on one host at one time" };
  expect(first(aDaemonSet(words()), alone)).toBe("Rolling");
  expect(first(aDaemonSet(words({ maxSurge: 1, maxUnavailable: 0 })), alone)).toBe("TakingDown");
});

test("they stay stopped until the last old one is gone", () => {
  const annotations = marks({ claim, borrowed: { replicas: 3 }, phase: { phase: "down" } });
  const down = aStatefulSet(words({ replicas: 0, annotations }));
  const old = podsOf(aStatefulSet(words({ replicas: 1 })));
  expect(first(down, {}, old)).toBe("WaitingForOldPods");
  expect(first(down, {}, [])).toBe("Starting");
});

test("agents that may meet since nothing is new roll, however many they are now", () => {
  const free = { why: "no new pollsters, so new agents may run beside old ones", added: [] };
  expect(first(aStatefulSet(words({ replicas: 3 })), free)).toBe("Rolling");
});
