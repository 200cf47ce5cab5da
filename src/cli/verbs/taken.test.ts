import { expect, test } from "vitest";
import { aMeta, anUpgrade } from "../../../test/support/builders.ts";
import { VERB } from "../../api/v1alpha1/names.ts";
import type { Condition, Status } from "../../api/v1alpha1/schema.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { isTaken } from "./taken.ts";

function view(annotations: Record<string, string>, status: Status = {}): UpgradeView {
  const metadata = aMeta("ceilometer", { annotations, generation: 2 });
  return { metadata, spec: anUpgrade().spec, invalid: undefined, status };
}
const PAUSED: Condition = {
  type: "Paused",
  status: "True",
  reason: "Paused",
  message: "",
  observedGeneration: 2,
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const condition = (more: Partial<Condition>): Status => ({ conditions: [{ ...PAUSED, ...more }] });

test("an annotation is taken when the operator has removed it", () => {
  const abort = { verb: "abort", rollback: false } as const;
  expect(isTaken(abort, view({ [VERB.abort]: "true" }), false)).toBe(false);
  expect(isTaken(abort, view({}), false)).toBe(true);
});

test("a change of spec is taken when its generation was seen", () => {
  expect(isTaken({ verb: "retry" }, view({}, { observedGeneration: 1 }), true)).toBe(false);
  expect(isTaken({ verb: "retry" }, view({}, { observedGeneration: 2 }), true)).toBe(true);
});

test.each([
  ["it is paused", condition({}), true],
  ["it is on the way to a safe point", condition({ status: "False", reason: "Pausing" }), true],
  ["nothing is left to pause", condition({ type: "Succeeded", reason: "Completed" }), true],
  ["it runs", condition({ status: "False", reason: "Running" }), false],
  ["that was said of another generation", condition({ observedGeneration: 1 }), false],
  ["nobody has said anything", {}, false],
])("a pause, whose annotation stays: %s", (_, status, wanted) => {
  expect(isTaken({ verb: "pause" }, view({ [VERB.pause]: "true" }, status), false)).toBe(wanted);
});

test("a resume is taken when it runs again, also where its annotation stays over spec.paused", () => {
  const asked = { [VERB.resume]: "true" };
  expect(isTaken({ verb: "resume" }, view(asked, condition({})), false)).toBe(false);
  expect(isTaken({ verb: "resume" }, view(asked, condition({ status: "False", reason: "Running" })), false)).toBe(true);
  expect(isTaken({ verb: "resume" }, view({}, condition({})), false)).toBe(true);
});

test("a resume by spec is taken when it runs again: where spec said so before, its generation was seen long ago", () => {
  const seen = (more: Partial<Condition>): Status => ({ observedGeneration: 2, ...condition(more) });
  expect(isTaken({ verb: "resume" }, view({}, seen({})), true)).toBe(false);
  expect(isTaken({ verb: "resume" }, view({}, seen({ status: "False", reason: "Pausing" })), true)).toBe(false);
  expect(isTaken({ verb: "resume" }, view({}, seen({ status: "False", reason: "Running" })), true)).toBe(true);
});

test("a risk is taken when its finding has gone, since before an attempt nothing takes the annotation over", () => {
  const risk = { check: "DefinitionRemoved", object: "a", reason: "b", expiresAt: "2027-01-31T00:00:00Z" } as const;
  const finding = { check: "DefinitionRemoved", severity: "Error", object: "a", message: "", remedy: "" } as const;
  const asked = { [VERB.acceptRisk]: JSON.stringify([risk]) };
  const request = { verb: "accept-risk", risk } as const;
  expect(isTaken(request, view(asked, { observedGeneration: 2, preflight: [finding] }), false)).toBe(false);
  expect(isTaken(request, view(asked, { observedGeneration: 2 }), false)).toBe(true);
  expect(isTaken(request, view(asked, { observedGeneration: 1 }), false)).toBe(false);
});
