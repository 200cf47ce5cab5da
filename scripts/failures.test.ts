import { expect, test } from "vitest";
import { failures, type Report } from "./failures.ts";

const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };

function reportOf(...testResults: Report["testResults"]): Report {
  return { ...counts, testResults };
}

test("a test that failed is named with its file and its message, one that passed is not", () => {
  const told = failures(
    reportOf({
      name: "/clone/test/e2e/lease.test.ts",
      status: "failed",
      assertionResults: [
        { fullName: "one leads", status: "passed", failureMessages: [] },
        {
          fullName: "two never lead",
          status: "failed",
          failureMessages: ["AssertionError: 2\n    at lease.test.ts:4:1\n"],
        },
      ],
    }),
    "/clone/",
  );
  expect(told).toEqual([
    "FAILED: test/e2e/lease.test.ts > two never lead\n  AssertionError: 2\n      at lease.test.ts:4:1",
  ]);
});

test("a file that failed before its first test is named, too", () => {
  const told = failures(
    reportOf({ name: "/clone/a.test.ts", status: "failed", message: "Cannot find module b", assertionResults: [] }),
    "/clone/",
  );
  expect(told).toEqual(["FAILED: a.test.ts\n  Cannot find module b"]);
});

test("nothing is told of a run that passed", () => {
  const passed = { fullName: "one", status: "passed", failureMessages: [] };
  expect(
    failures(reportOf({ name: "/clone/a.test.ts", status: "passed", assertionResults: [passed] }), "/clone/"),
  ).toEqual([]);
});

test("of a long message the first and the last lines are kept, and how many are not", () => {
  const message = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n");
  const [told] = failures(
    reportOf({
      name: "a.test.ts",
      status: "failed",
      assertionResults: [{ fullName: "long", status: "failed", failureMessages: [message] }],
    }),
    "/clone/",
  );
  const lines = told?.split("\n") ?? [];
  expect(lines).toHaveLength(32);
  expect(lines[1]).toBe("  line 0");
  expect(lines[16]).toBe("  … 70 lines left out …");
  expect(lines.at(-1)).toBe("  line 99");
});
