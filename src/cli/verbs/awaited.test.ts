import { expect, test } from "vitest";
import { anUpgrade } from "../../../test/support/builders.ts";
import { type SpecInput, type Status, specSchema } from "../../api/v1alpha1/schema.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { currentPlan, whatToApprove } from "./awaited.ts";

const HASH = "0123456789abcdef";
const awaiting: Status = {
  plan: { hash: HASH },
  conditions: [
    {
      type: "AwaitingApproval",
      status: "True",
      reason: "AwaitingApproval",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
  steps: [
    { name: "database", state: "Succeeded" },
    { name: "notification", state: "Succeeded" },
    { name: "polling", state: "Waiting" },
    { name: "api", state: "Pending" },
  ],
};
function view(status: Status, more: Partial<SpecInput> = {}): UpgradeView {
  const { metadata, spec } = anUpgrade();
  const approvals = [{ before: "api" }, { before: "polling" }, { before: "notification" }] as const;
  return { metadata, spec: specSchema.parse({ ...spec, approvals, ...more }), invalid: undefined, status };
}

test("what is awaited is the first point in the order of the steps that is neither passed nor approved", () => {
  expect(whatToApprove(view(awaiting), undefined, undefined)).toEqual({ before: "polling", planHash: HASH });
  const approved = [{ before: "polling", planHash: HASH }] as const;
  expect(whatToApprove(view(awaiting, { approved: [...approved] }), undefined, undefined).before).toBe("api");
  const ofAnotherPlan = [{ before: "polling", planHash: "fedcba9876543210" }] as const;
  expect(whatToApprove(view(awaiting, { approved: [...ofAnotherPlan] }), undefined, undefined).before).toBe("polling");
});

test("a point can be approved before it is reached", () => {
  expect(whatToApprove(view({ plan: { hash: HASH } }), "api", HASH)).toEqual({ before: "api", planHash: HASH });
});

test("nothing is approved that nobody waits for", () => {
  expect(() => whatToApprove(view({ ...awaiting, conditions: [] }), undefined, undefined)).toThrow(
    "no approval is waited for",
  );
});

test("an approval is for the plan that was looked at, and never for another one", () => {
  expect(() => currentPlan(view(awaiting), "fedcba9876543210")).toThrow(`the plan is ${HASH} now`);
  expect(() => currentPlan(view({}), undefined)).toThrow("has no plan yet");
  expect(currentPlan(view({}), HASH)).toBe(HASH);
});
