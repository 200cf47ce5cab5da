import { expect, test } from "vitest";
import { aMeta } from "../../../test/support/builders.ts";
import type { Condition } from "../../api/v1alpha1/schema.ts";
import { whyOf } from "./blocks.ts";

const condition = (type: string, status: Condition["status"], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${reason} it is`,
  observedGeneration: 2,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const view = (...conditions: Condition[]) => ({
  metadata: aMeta("ceilometer", { generation: 2 }),
  spec: undefined,
  invalid: undefined,
  status: { conditions },
});

test("a rollback that is held after the upgrade had succeeded is what blocks", () => {
  const { verdict, blocks } = whyOf(
    view(
      condition("Ready", "False", "RollbackImpossible"),
      condition("Stalled", "True", "RollbackImpossible"),
      condition("Succeeded", "True", "Completed"),
    ),
  );
  expect(verdict.state).toBe("Held");
  expect(blocks).toMatchObject([{ reason: "RollbackImpossible", message: "RollbackImpossible it is" }]);
});

test("where it has ended well nothing blocks", () => {
  const { blocks } = whyOf(view(condition("Ready", "True", "Completed"), condition("Succeeded", "True", "Completed")));
  expect(blocks).toEqual([]);
});
