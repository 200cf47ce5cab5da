import { expect, test } from "vitest";
import {
  aDaemonSet,
  aDeployment,
  anAgent,
  anUpgrade,
  aWorld,
  marks,
  NOW,
  podsOf,
  SPEC,
  type WorldWords,
} from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import { verificationSees } from "./verification-sees.ts";

type Verification = NonNullable<SpecInput["components"]["polling"]>["verification"];
function see(
  workload: ReturnType<typeof aDeployment>,
  more: WorldWords = {},
  verification: Verification = { podLog: {} },
  running = podsOf(workload),
  target = { name: "2025.1", major: 24 },
) {
  const polling = { targets: [{ kind: workload.kind, name: workload.metadata.name }], verification };
  const upgrade = anUpgrade({ components: { ...SPEC.components, polling } });
  return verificationSees(
    [anAgent(workload, { component: "polling", pods: running })],
    aWorld({ upgrade, ...more }),
    target,
  );
}
const compute = aDaemonSet({ name: "compute", component: "polling", replicas: 3 });
const answers = (verdict: "pass" | "inconclusive", ...pods: readonly string[]) => ({
  probes: Object.fromEntries(
    pods.map((pod) => [`podLog/uid-of-${pod}/agent/began/`, { at: NOW, verdict, reason: "so" }]),
  ),
});

test("asks old agents until one of them has shown a poll, and begins on its host", () => {
  expect(see(compute)).toMatchObject({ open: 3, violations: [] });
  const seen = see(compute, answers("pass", "compute-1"));
  expect(seen).toMatchObject({ open: 0, asked: [], violations: [] });
  expect(seen.hosts.get("uid-of-compute")).toEqual(["host-1", "host-0", "host-2"]);
});

test("is blind where every agent was asked and none showed anything", () => {
  const seen = see(compute, answers("inconclusive", "compute-0", "compute-1", "compute-2"));
  expect(seen.violations).toMatchObject([{ reason: "VerificationBlind" }]);
  // Asked again and again: the next poll may show it.
  expect(seen.asked).toHaveLength(3);
});

test("is blind where logs may not be read", () => {
  expect(see(compute, { operator: { podLogs: false } }).violations).toMatchObject([{ reason: "VerificationBlind" }]);
});

test("asks at most five pods of one workload", () => {
  expect(see(aDaemonSet({ name: "compute", component: "polling", replicas: 9 })).open).toBe(5);
});

test("asks nothing where a Job verifies, where the old release has no exporter, and where an earlier attempt was", () => {
  expect(see(compute, {}, { job: { kind: "Job", name: "check" } })).toMatchObject({ open: 0, asked: [] });
  expect(see(compute, {}, { exporter: {} })).toMatchObject({ open: 0, asked: [] });
  const moved = aDaemonSet({ name: "compute", component: "polling", annotations: marks({ phase: {} }) });
  expect(see(moved)).toMatchObject({ open: 0, asked: [] });
});

test("is blind where the new agents have no exporter that could be asked", () => {
  const old = see(compute, {}, { exporter: {} }, podsOf(compute), { name: "2024.2", major: 23 });
  expect(old.violations).toMatchObject([{ reason: "VerificationBlind", severity: "Error" }]);
  expect(old.violations[0]?.message).toContain("agents of 2024.2 do not have");
});

test("warns that a way back cannot be verified where the old agents have no exporter and logs may not be read", () => {
  const seen = see(compute, { operator: { podLogs: false } }, { exporter: {} });
  expect(seen.violations).toMatchObject([{ reason: "VerificationBlind", severity: "Warning" }]);
  expect(seen.violations[0]?.message).toContain("a way back could not be verified");
  expect(see(compute, {}, { exporter: {} }).violations).toEqual([]);
});

test("no host is known where agents should run and none does", () => {
  expect(see(compute, {}, { podLog: {} }, []).violations).toMatchObject([{ reason: "VerificationBlind" }]);
  expect(see(aDaemonSet({ name: "compute", replicas: 0 }), {}, { podLog: {} }, []).violations).toEqual([]);
  expect(see(aDeployment({ name: "central" }), {}, { podLog: {} }, []).violations).toEqual([]);
});
