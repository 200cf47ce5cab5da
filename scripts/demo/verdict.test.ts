import { describe, expect, it } from "vitest";
import { upgradeWith } from "./sample-story.ts";
import { verdictOf } from "./verdict.ts";

const condition = (type: string, status: string, observedGeneration = 2) => ({
  type,
  status,
  observedGeneration,
  lastTransitionTime: "2026-01-01T00:00:00Z",
  reason: "Because",
  message: "of this",
});
const ofConditions = (...conditions: readonly unknown[]) => verdictOf(upgradeWith({ conditions }));

describe("the verdict", () => {
  it("is open before there is a report", () => {
    expect(verdictOf(undefined).kind).toBe("running");
    expect(verdictOf(upgradeWith()).kind).toBe("running");
  });

  it("is success when this generation has succeeded, not an earlier one", () => {
    expect(ofConditions(condition("Succeeded", "True")).kind).toBe("succeeded");
    expect(ofConditions(condition("Succeeded", "True", 1)).kind).toBe("running");
  });

  it("names what an upgrade is stalled by", () => {
    expect(ofConditions(condition("Succeeded", "Unknown"), condition("Stalled", "True"))).toEqual({
      kind: "stalled",
      reason: "Because",
      message: "of this",
    });
  });

  it("is final when a step has failed", () => {
    const steps = [{ name: "database", state: "Failed" }];
    expect(verdictOf(upgradeWith({ conditions: [condition("Stalled", "True")], steps })).kind).toBe("failed");
  });
});
