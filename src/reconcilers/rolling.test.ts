/** A StatefulSet whose template was corrected while one of its pods could not come up. */
import { expect, test } from "vitest";
import {
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
  type PodWords,
} from "../../test/support/builders.ts";
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { formatTime } from "../model/time.ts";
import { decide } from "./decide.ts";
import { readInputs } from "./inputs.ts";

const BAD_IMAGE = "registry.example/ceilometer:typo";
const claim = { upgrade: "uid-of-ceilometer", record: "ceilometer-attempt-1" };
const cannotPull = { waiting: { reason: "ImagePullBackOff", message: "" } };

/** What is decided where the highest ordinal has the template before. */
function decided(stuck: PodWords) {
  const workload = aStatefulSet({
    name: "notification",
    image: NEW_IMAGE,
    annotations: marks({ claim, phase: { phase: "up" } }),
    status: { updated: 0, ready: 1, available: 1 },
  });
  const upgrade = anUpgrade(
    {
      strategy: "Partial",
      components: {
        database: { action: "Skip" },
        notification: { targets: [{ kind: "StatefulSet", name: "notification" }] },
      },
    },
    { finalizers: [FINALIZER] },
  );
  const inputs = readInputs(aWorld({ upgrade })).digest ?? "";
  const records = [aRecord({ inputs, targets: [aRecordedTarget(workload)], startedAt: formatTime(NOW) })];
  const pods = [aPod(workload), aPod(workload, { name: "notification-1", image: BAD_IMAGE, ...stuck })];
  return decide(anObservation({ upgrade, workloads: [workload], records, pods }));
}

test("a pod that cannot come up and has the template before is removed, because the StatefulSet would wait for it for ever", () => {
  const { effect } = decided({ ready: false, state: cannotPull });
  expect(effect).toMatchObject({
    kind: "delete",
    ref: { kind: "Pod", name: "notification-1" },
    uid: "uid-of-notification-1",
    why: { reason: "RemovingUnready", clause: "I9" },
  });
});

test("one that was told to go already, one that is ready and one that is only slow are left alone", () => {
  for (const pod of [{ ready: false, state: cannotPull, deletingSince: NOW }, {}, { ready: false }]) {
    const { effect, headline } = decided(pod);
    expect(effect).toBeUndefined();
    expect(headline.reason).toBe("WaitingForNewPods");
  }
});
