import { expect, test } from "vitest";
import { anUpgrade, aRecord, NOW } from "../../test/support/builders.ts";
import { makeStatus } from "../controllers/ceilometer-upgrade/status.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect, Violation } from "../model/outcome.ts";
import { waitOf } from "./waits.ts";

const blocked: Violation = {
  gate: "Rollout",
  object: "Pod/a",
  reason: "Unschedulable",
  message: "",
  remedy: "",
  severity: "Error",
};
const note = { reason: "TakingDown", message: "" };
const effect: Effect = {
  kind: "delete",
  ref: { kind: "Pod", namespace: "openstack", name: "a" },
  uid: "u",
  resourceVersion: "1",
  why: note,
};

const waited = (more: Partial<Decision>) => {
  const decision: Decision = {
    phase: "Held",
    headline: { reason: "WriteFailing", message: "", object: "Deployment/a" },
    steps: [{ component: "polling", outcome: { kind: "wait", note, blocked } }],
    findings: [],
    probes: [],
    record: aRecord(),
    ...more,
  };
  const upgrade = anUpgrade();
  const status = makeStatus({ upgrade, decision, records: [], now: NOW }, {});
  return waitOf({ ...upgrade, status, decision, workloads: { seen: "absent" }, now: NOW });
};

test("what holds the whole is what is waited for, also where a step waits for another thing, and a write is not made", () => {
  expect(waited({ effect })).toMatchObject({ reason: "WriteFailing", object: "Deployment/a" });
});

test("a step's own reason is told with its gate, and a write that is made is no wait", () => {
  const headline = { reason: "Unschedulable", message: "", object: "Pod/a" };
  expect(waited({ headline })).toMatchObject({ step: "polling", gate: "Rollout", reason: "Unschedulable" });
  expect(waited({ phase: "Progressing" })).toMatchObject({ step: "polling", gate: "Rollout" });
  expect(waited({ phase: "Progressing", effect })).toBeUndefined();
});
