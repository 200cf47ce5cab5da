import { expect, test } from "vitest";
import { aMeta } from "../../../test/support/builders.ts";
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
