import { describe, expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anAgent,
  anObservation,
  anUpgrade,
  aPod,
  aRecord,
  aRecordedTarget,
  aStatefulSet,
  aWorld,
  marks,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  type PodWords,
} from "../../test/support/builders.ts";
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { agentText } from "../model/agent.ts";
import { decide } from "./decide.ts";
import { readInputs } from "./inputs.ts";
import { shortFirst } from "./rolling.ts";

test("what misses pods comes first, the others stay in their order", () => {
  const short = { desired: 2, current: 2, updated: 2, ready: 1, available: 1 };
  const agents = [
    anAgent(aDeployment({ name: "whole" })),
    anAgent(aDeployment({ name: "short", status: short })),
    anAgent(aDaemonSet({ name: "hosts", status: short })),
    anAgent(aDeployment({ name: "none", replicas: 0 })),
  ];
  expect(shortFirst(agents).map(agentText)).toEqual([
    "Deployment/short",
    "DaemonSet/hosts",
    "Deployment/whole",
    "Deployment/none",
  ]);
});

describe("a StatefulSet whose template was corrected in the middle of a roll", () => {
  const MINUTE = 60_000;
  const components = {
    database: { action: "Skip" as const },
    notification: {
      targets: [{ kind: "StatefulSet" as const, name: "notification" }],
      workloadPartitioning: "Disabled" as const,
    },
  };

  /** What follows so many minutes after the last write, with a pod of another image that does not become ready. */
  function after(minutes: number, stuck: PodWords = {}) {
    const upgrade = anUpgrade({ strategy: "Partial", components }, { finalizers: [FINALIZER] });
    const claim = { upgrade: upgrade.metadata.uid, record: "ceilometer-attempt-1" };
    const workload = aStatefulSet({
      name: "notification",
      image: NEW_IMAGE,
      annotations: marks({ claim, phase: { phase: "up" } }),
      status: { ready: 1, available: 1, updated: 0 },
    });
    const owner = { kind: "StatefulSet", name: "notification", uid: workload.metadata.uid };
    const pods = [
      aPod(workload, { name: "notification-1", image: "registry.example/bad:ocata", ready: false, owner, ...stuck }),
      aPod(workload, { name: "notification-0", image: OLD_IMAGE }),
    ];
    const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
    const records = [aRecord({ inputs, targets: [aRecordedTarget(workload)] })];
    const now = NOW + minutes * MINUTE;
    const { effect, headline } = decide(anObservation({ now, upgrade, workloads: [workload], pods, records }));
    return effect === undefined ? headline.reason : `${effect.why.reason} ${effect.why.object}`;
  }

  test("loses a pod of the template before that shows why it never will be ready", () => {
    const state = { waiting: { reason: "CrashLoopBackOff", message: "" } };
    expect(after(1, { state })).toBe("RemovingUnready Pod/notification-1");
  });

  test("loses one that runs and is not ready once the step has had its time, and none that is ready", () => {
    expect(after(29)).toBe("WaitingForNewPods");
    expect(after(30)).toBe("RemovingUnready Pod/notification-1");
    expect(after(31, { ready: true })).toBe("ProgressDeadlineExceeded");
  });

  test("keeps one that has not been unready for as long, or was told to go", () => {
    expect(after(31, { unreadySince: NOW + 20 * MINUTE })).toBe("ProgressDeadlineExceeded");
    expect(after(50, { unreadySince: NOW + 20 * MINUTE })).toBe("RemovingUnready Pod/notification-1");
    expect(after(31, { deletingSince: NOW + 30 * MINUTE })).toBe("ProgressDeadlineExceeded");
  });

  test("keeps one that only has its labels: somebody's copy, or a Job's", () => {
    expect(after(31, { owner: { kind: "Job", name: "look", uid: "of-a-job" } })).toBe("ProgressDeadlineExceeded");
  });
});
