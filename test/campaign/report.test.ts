import { expect, test } from "vitest";
import { plansOf } from "./campaigns.ts";
import { idOf, type Plan } from "./plan.ts";
import { report } from "./report.ts";
import type { Result } from "./results.ts";

const [first, second, third] = plansOf("C1");

function result(plan: Plan | undefined, revision: string, message?: string): Result {
  if (plan === undefined) throw new Error("C1 has too few plans");
  return {
    id: idOf(plan),
    plan,
    at: "2026-01-01T00:00:00Z",
    revision,
    seconds: 1,
    tried: 1,
    committed: 1,
    findings: message === undefined ? [] : [{ oracle: "end", message }],
  };
}

/** No list has so many writes. */
const earlier: Plan = {
  campaign: "C1",
  scene: "modern",
  steps: [{ write: { of: "effect", n: 9999 }, phase: "before", fault: { kind: "crash" } }],
};

/** The one line that sums all of it up, as far as it says what came of the plans: whoever reads no more has to learn of each failure. */
function sumsOf(text: string): string | undefined {
  const lines = text.split("\n");
  const [sums, ...more] = lines.filter((line) => line.startsWith("**In all: "));
  const isFirst = lines.findIndex((line) => line === sums) < lines.findIndex((line) => line.startsWith("| "));
  return more.length === 0 && isFirst ? /^\*\*(.*?)\*\*/.exec(sums ?? "")?.[1] : undefined;
}

test("a failure of a plan that no list has any more is in the line that sums all up, and in a row and an entry of its own", () => {
  const text = report([result(first, "a"), result(earlier, "a", "it never ended")], [], "");
  expect(sumsOf(text)).toBe("In all: 1 plans, 1 passed, 0 failed; of earlier lists 1 plans, 0 passed, 1 failed.");
  expect(text).toMatch(/\| earlier \| Plans of earlier lists, .* \| 1 plans, 0 passed, 1 failed \|/);
  expect(text).toContain(`- \`${idOf(earlier)}\`: end: it never ended`);
  const without = report([result(first, "a")], [], "");
  expect(sumsOf(without)).toBe("In all: 1 plans, 1 passed, 0 failed.");
  expect(without).not.toContain("earlier lists");
});

test("the last results are counted by the revision of the sources, the most first", () => {
  const played = [result(first, "old"), result(second, "old"), result(third, "new"), result(second, "new")];
  expect(report(played, [], "")).toContain("Of these last results come 2 at new, 1 at old.");
});
