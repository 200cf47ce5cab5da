import { expect, test } from "vitest";
import { aMeta } from "../../../test/support/builders.ts";
import { VERB } from "../../api/v1alpha1/names.ts";
import type { Condition } from "../../api/v1alpha1/schema.ts";
import { exitCodeOf, verdictOf } from "./verdict.ts";

const view = (...conditions: readonly Pick<Condition, "type" | "status" | "reason">[]) => ({
  metadata: aMeta("ceilometer", { generation: 2 }),
  spec: undefined,
  invalid: undefined,
  status: {
    conditions: conditions.map((each) => ({
      ...each,
      message: "",
      observedGeneration: 2,
      lastTransitionTime: "2026-01-01T00:00:00Z",
    })),
  },
});
const ready = (reason: string) => ({ type: "Ready", status: "False", reason }) as const;
const so = (type: string, reason: string) => ({ type, status: "True", reason }) as const;

test.each([
  ["Succeeded", 0, [ready("Completed"), so("Succeeded", "Completed")]],
  ["Held", 1, [ready("Contested"), so("Stalled", "Contested")]],
  ["Aborted", 1, [ready("Aborted"), so("Stalled", "Aborted")]],
  ["RolledBack", 1, [ready("RolledBack")]],
  ["Held", 1, [ready("RollbackImpossible"), so("Stalled", "RollbackImpossible"), so("Succeeded", "Completed")]],
  ["UnderWay", 3, [ready("Rolling"), so("Reconciling", "Progressing"), so("Succeeded", "Completed")]],
  // Nobody could look at it lately: it is as it was last seen.
  [
    "Succeeded",
    0,
    [
      { type: "Ready", status: "Unknown", reason: "Unreadable" },
      so("Reconciling", "Progressing"),
      so("Succeeded", "Completed"),
    ],
  ],
  ["AwaitingApproval", 3, [ready("AwaitingApproval"), so("AwaitingApproval", "AwaitingApproval")]],
  ["Paused", 3, [ready("Paused"), so("Paused", "Paused")]],
  ["Planned", 3, [ready("Planned")]],
  ["Waiting", 3, [ready("OutsideWindow"), { type: "Reconciling", status: "False", reason: "OutsideWindow" }]],
  ["UnderWay", 3, [ready("Rolling"), so("Reconciling", "Progressing")]],
  ["Unseen", 3, []],
] as const)("%s, exit code %s", (state, code, conditions) => {
  expect(verdictOf(view(...conditions)).state).toBe(state);
  expect(exitCodeOf(state)).toBe(code);
});

test("what was said of another generation says nothing", () => {
  const { metadata, ...rest } = view(ready("Completed"), so("Succeeded", "Completed"));
  expect(verdictOf({ ...rest, metadata: { ...metadata, generation: 3 } }).state).toBe("Unseen");
});

const asking = (verbs: readonly (keyof typeof VERB)[], said: ReturnType<typeof view>, text = "true") => {
  const annotations = Object.fromEntries(verbs.map((verb) => [VERB[verb], text]));
  return verdictOf({ ...said, metadata: { ...said.metadata, annotations } });
};
const passed = so("PreflightPassed", "Passed");
const done = [{ type: "Ready", status: "True", reason: "Completed" }, so("Succeeded", "Completed"), passed] as const;

test.each(["rollback", "retry", "abort"] as const)("a %s that is not taken yet is no success of it", (verb) => {
  const verdict = asking([verb], view(...done));
  expect(verdict.state).toBe("Unseen");
  expect(verdict.message).toContain(verb);
  expect(exitCodeOf(verdict.state)).toBe(3);
  expect(asking([], view(...done)).state).toBe("Succeeded");
  expect(asking([verb], view(...done), "yes").state).toBe("Succeeded");
  expect(asking([verb], view(ready("StepFailed"), so("Stalled", "StepFailed"), passed)).state).toBe("Unseen");
});

test("where there is no attempt to take them over, annotations stay, and what the report says counts", () => {
  const nothing = [{ type: "Ready", status: "True", reason: "NoChange" }, so("Succeeded", "NoChange"), passed] as const;
  expect(asking(["retry"], view(...nothing)).state).toBe("Succeeded");
  expect(asking(["rollback"], view(...nothing)).state).toBe("Succeeded");
  expect(asking(["abort"], view(...nothing)).state).toBe("Unseen");
  expect(asking(["abort", "retry"], view(...nothing)).state).toBe("Succeeded");
  const aborted = [ready("Aborted"), so("Stalled", "Aborted"), so("Succeeded", "NoChange")];
  expect(asking(["abort"], view(...aborted)).state).toBe("Aborted");
  const checks = { type: "PreflightPassed", status: "False", reason: "ReleaseUnknown" } as const;
  expect(asking(["retry"], view(ready("ReleaseUnknown"), so("Stalled", "ReleaseUnknown"), checks)).state).toBe("Held");
  expect(asking(["retry"], view(ready("Planned"), passed)).state).toBe("Planned");
});
