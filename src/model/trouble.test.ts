import { expect, test } from "vitest";
import { aDeployment, anAgent, aPod, NEW_IMAGE, NOW, OLD_IMAGE, type PodWords } from "../../test/support/builders.ts";
import { troubleOf } from "./trouble.ts";

const workload = aDeployment({ name: "a", image: NEW_IMAGE });
const reasons = (...pods: readonly PodWords[]) =>
  troubleOf(
    anAgent(workload, { pods: pods.map((words, index) => aPod(workload, { name: `a-${index}`, ...words })) }),
  ).map((each) => each.reason);
const waiting = (reason: string): PodWords => ({ ready: false, state: { waiting: { reason, message: "because" } } });

test.each([
  ["ImagePullBackOff", "ImagePullBackOff"],
  ["ErrImagePull", "ImagePullBackOff"],
  ["InvalidImageName", "ImagePullBackOff"],
  ["CrashLoopBackOff", "CrashLoopBackOff"],
  ["CreateContainerConfigError", "ContainerCannotStart"],
])("a container that waits for %s is told as %s", (reason, told) => {
  expect(reasons(waiting(reason))).toEqual([told]);
});

test("an ordinary start, a ready pod, a terminating one and an old one are no trouble", () => {
  expect(reasons(waiting("ContainerCreating"), {}, { ...waiting("CrashLoopBackOff"), deletingSince: NOW })).toEqual([]);
  expect(reasons({ ...waiting("CrashLoopBackOff"), image: OLD_IMAGE })).toEqual([]);
});

test("each cause is told once, and what the controller says comes first", () => {
  expect(reasons(waiting("ErrImagePull"), waiting("ImagePullBackOff"), { unschedulable: "no host" })).toEqual([
    "ImagePullBackOff",
    "Unschedulable",
  ]);
  const refused = aDeployment({ name: "a", image: NEW_IMAGE, status: { createFailure: "quota" } });
  const pods = [aPod(refused, waiting("ErrImagePull"))];
  expect(troubleOf(anAgent(refused, { pods })).map((each) => each.reason)).toEqual([
    "PodsCannotBeCreated",
    "ImagePullBackOff",
  ]);
});

test("how a container last ended is told with its crashes", () => {
  const state = {
    restarts: 4,
    waiting: { reason: "CrashLoopBackOff", message: "" },
    terminated: { exitCode: 137, reason: "OOMKilled", message: "" },
  };
  const [found] = troubleOf(anAgent(workload, { pods: [aPod(workload, { state })] }));
  expect(found?.message).toMatch(/4 restarts, last exit code 137 \(OOMKilled\)/);
});
