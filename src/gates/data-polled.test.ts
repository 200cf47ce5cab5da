import { expect, test } from "vitest";
import { aDaemonSet, anAgent, NEW_IMAGE, NOW, OLD_IMAGE, podsOf } from "../../test/support/builders.ts";
import { parseRelease } from "../model/release.ts";
import { dataPolled, probeFor, verificationTimeout } from "./data-polled.ts";

const release = (name: string) => parseRelease(name) ?? { name, major: 0 };
const workload = aDaemonSet({ name: "compute", component: "polling", image: NEW_IMAGE, replicas: 2 });
const agent = anAgent(workload, { component: "polling", pods: podsOf(workload) });
const asked = (uid: string) => `podLog/${uid}/agent/began/`;
const answer = (verdict: "pass" | "fail" | "inconclusive") => ({ at: NOW, verdict, reason: `it is a ${verdict}` });
const polled = (probes: Readonly<Record<string, ReturnType<typeof answer>>>, of = agent) =>
  dataPolled(of, { podLog: {} }, release("ocata"), new Map(Object.entries(probes)));

test("one pod that polls is enough", () => {
  const probes = { [asked("uid-of-compute-0")]: answer("inconclusive"), [asked("uid-of-compute-1")]: answer("pass") };
  expect(polled(probes)).toEqual({ kind: "pass", reason: "it is a pass" });
});

test("no answer, an inconclusive one and a failure hold back, and only a failure is conclusive", () => {
  const both = { kind: "no", probes: [expect.anything(), expect.anything()] };
  expect(polled({})).toMatchObject({ ...both, conclusive: false });
  expect(polled({ [asked("uid-of-compute-0")]: answer("inconclusive") })).toMatchObject({ ...both, conclusive: false });
  expect(polled({ [asked("uid-of-compute-0")]: answer("fail") })).toMatchObject({ ...both, conclusive: true });
});

test("old, unready and terminating pods prove nothing", () => {
  for (const words of [{ image: OLD_IMAGE }, { ready: false }, { deletingSince: NOW }]) {
    const pods = podsOf(workload, words);
    const none = anAgent(workload, { component: "polling", pods });
    expect(polled({ [asked("uid-of-compute-0")]: answer("pass") }, none)).toMatchObject({ kind: "no", probes: [] });
  }
});

test("a pod that only its controller knows of is somebody who was not heard, and none at all is not", () => {
  const isOpen = (replicas: number) => {
    const counted = aDaemonSet({ name: "compute", component: "polling", image: NEW_IMAGE, replicas });
    return polled({}, anAgent(counted, { component: "polling", pods: [] }));
  };
  expect(isOpen(2)).toMatchObject({ kind: "no", isOpen: true });
  expect(isOpen(0)).toMatchObject({ kind: "no", isOpen: false });
});

test("an exporter is asked where the pod has an address", () => {
  const [pod] = podsOf(workload);
  if (pod === undefined) throw new Error("no pod");
  const verification = { exporter: { port: 9101 } };
  expect(probeFor(verification, "agent", pod, release("2025.1"))).toMatchObject({
    kind: "exporter",
    address: "10.0.0.1",
  });
  const { podIP: _, ...nowhere } = pod;
  expect(probeFor(verification, "agent", nowhere, release("2025.1"))).toBeUndefined();
});

test("the question depends on what the release writes, and on the user's own text", () => {
  const [pod] = podsOf(workload);
  if (pod === undefined) throw new Error("no pod");
  const ids = [
    probeFor({ podLog: {} }, "agent", pod, release("ocata")),
    probeFor({ podLog: {} }, "agent", pod, release("2025.1")),
    probeFor({ podLog: { text: "polled" } }, "agent", pod, release("2025.1")),
  ].map((probe) => probe?.id);
  expect(new Set(ids).size).toBe(3);
});

test.each([
  ["pike", 600, undefined, 1_500_000],
  ["queens", 600, undefined, 900_000],
  ["queens", 600, 60, 60_000],
])("%s with an interval of %i s and a time-out of %s", (name, interval, timeoutSeconds, expected) => {
  const verification = { podLog: {}, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  expect(verificationTimeout(verification, release(name), interval)).toBe(expected);
});
