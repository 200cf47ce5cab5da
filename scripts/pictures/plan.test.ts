import { expect, test } from "vitest";
import type { PlannedStep } from "../../src/api/v1alpha1/schema.ts";
import { states } from "./plan.ts";

const agent = "Deployment/ceilometer-notification";
const step = (action: string, more: Partial<PlannedStep>): PlannedStep => ({
  component: "notification",
  object: agent,
  action,
  why: "P3: because",
  ...more,
});

test("an agent is old until the target's image is written, however often it is restarted", () => {
  const steps = [
    step("TakingDown", { to: "0 replicas" }),
    step("WaitingForMembers", {}),
    step("Starting", { to: "pipeline.yaml from ConfigMap/new, 2 replicas", strategy: "without overlap" }),
    step("Rolling", { to: "registry.example/ceilometer:new", strategy: "old beside new" }),
    step("Rolling", { object: "DaemonSet/other", to: "registry.example/ceilometer:new", strategy: "old beside new" }),
  ];
  expect(states(agent, steps, "registry.example/ceilometer:new")).toEqual([
    "old",
    "none",
    "none",
    "old",
    "both",
    "new",
  ]);
});

test("a group of its own is there from its start to its end", () => {
  const group = "Deployment/ceilometer-central-new-0123abcd";
  const steps = [
    step("Isolating", { object: group, to: "registry.example/ceilometer:new, 1 replica" }),
    step("Rolling", { to: "registry.example/ceilometer:new", strategy: "old beside new" }),
    step("RetiringIsolated", { object: group, to: "0 replicas" }),
  ];
  expect(states(group, steps, "registry.example/ceilometer:new")).toEqual(["nothing", "group", "group", "nothing"]);
});
