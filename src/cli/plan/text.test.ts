import { expect, test } from "vitest";
import { anUpgrade } from "../../../test/support/builders.ts";
import type { PlannedStep } from "../../api/v1alpha1/schema.ts";
import type { Plan } from "../../model/plan.ts";
import { planText } from "./text.ts";
import { timelineText } from "./timeline.ts";

const step = (component: string, object: string, action: string, more: Partial<PlannedStep> = {}): PlannedStep => ({
  component,
  object,
  action,
  why: "F2: because",
  ...more,
});
const plan = (more: Partial<Plan> = {}): Plan => ({
  hash: "0123",
  from: "newton",
  steps: [],
  findings: [],
  end: "Complete",
  headline: { reason: "Completed", message: "all is well" },
  ...more,
});
const steps = [
  step("database", "Job/db", "MigratingDatabase", { to: "image: command" }),
  step("collector", "Deployment/a", "TakingDown", {
    from: "2 replicas",
    to: "0 replicas",
    downtime: "until step 3",
    gates: ["A", "B"],
  }),
  step("collector", "Deployment/a", "Starting", {
    from: "old, 0 replicas",
    to: "new, 2 replicas",
    strategy: "without overlap",
  }),
  step("polling", "DaemonSet/b", "StartingFirst", { from: "old, no host", to: "new, host c" }),
  step("polling", "Deployment/isolated", "Starting", { to: "new, 1 replica" }),
  step("polling", "Deployment/isolated", "Removing", { from: "new, 1 replica" }),
];

test("a block for each component, a number for each step, and how it ends", () => {
  expect(
    planText(anUpgrade(), plan({ steps: steps.slice(0, 3) })),
  ).toBe(`CeilometerUpgrade/ceilometer in openstack: newton to ocata, Full
plan 0123: 3 writes, besides those that only keep the books

database
   1  MigratingDatabase Job/db: image: command
      F2: because

collector
   2  TakingDown Deployment/a: 2 replicas -> 0 replicas
      F2: because
      gates: A, B
      down until step 3
   3  Starting Deployment/a: old, 0 replicas -> new, 2 replicas
      F2: because; without overlap

it ends with every component at the target
`);
});

test("what was found is told with its remedy, and what holds it at last", () => {
  const finding = {
    gate: "G",
    object: "Deployment/a",
    reason: "Bad",
    message: "is bad",
    remedy: "mend it",
    severity: "Error",
  } as const;
  const headline = { reason: "Bad", message: "is bad" };
  const text = planText(anUpgrade(), plan({ hash: undefined, end: "Held", findings: [finding], headline }));
  expect(text).toContain("  Error Bad, Deployment/a: is bad\n      mend it\n");
  expect(text).toContain("held before the first write: Bad: is bad");
  expect(text).not.toContain("plan ");
  expect(planText(anUpgrade(), plan({ steps, end: "Waiting", headline }))).toContain("waits after step 6: Bad");
  expect(planText(anUpgrade(), plan({ end: "Nothing" }))).toContain("nothing is to be done: all is well");
});

test("what the operator may do is not known to the plugin: a finding about it tells which flags say it", () => {
  const finding = {
    gate: "G",
    object: "Deployment/a",
    reason: "VerificationBlind",
    message: "the operator may not read pod logs",
    remedy: "enable podLogs in the operator's chart",
    severity: "Error",
  } as const;
  const told = (remedy: string): string => planText(anUpgrade(), plan({ findings: [{ ...finding, remedy }] }));
  expect(told(finding.remedy)).toContain(
    "chart\n  what the operator's chart allows is not looked up; say it: --pod-logs",
  );
  expect(told("mend it")).not.toContain("--pod-logs");
});

test("a plan for some components does not promise the others", () => {
  const targets = [{ kind: "Deployment" as const, name: "a" }];
  const components = {
    database: { action: "Skip" as const },
    notification: { targets },
    polling: { targets, verification: { podLog: {} } },
    api: { targets },
  };
  const only = (...names: readonly ("notification" | "polling" | "api")[]): string =>
    planText(anUpgrade({ strategy: "Partial", components, only: [...names] }), plan({ steps }));
  expect(only("notification", "polling")).toContain(
    "it ends with notification, polling at the target, as spec.only says; left for later: api\n",
  );
  expect(only("notification", "polling", "api")).toContain("it ends with every component at the target\n");
  expect(only()).toContain("it ends with every component at the target\n");
});

test("the timeline has a line for each object and a column for each step", () => {
  const [head, ...lines] = timelineText(plan({ steps })).split("\n");
  expect(head).toBe("step                 1 2 3 4 5 6");
  expect(lines.slice(0, 4)).toEqual([
    "Job/db               *",
    "Deployment/a         = . # # # #",
    "DaemonSet/b          = = = 1 1 1",
    "Deployment/isolated          #",
  ]);
  expect(timelineText(plan())).toBe("no steps\n");
});
