/** What failed in a run of vitest, from its JSON report: the last words of a long log have to say it, for nobody scrolls back through ten thousand lines. */
import { z } from "zod";

/** The counts and results of vitest's JSON reporter, as far as they are read here. */
export const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

export type Report = z.infer<typeof report>;

/** Lines kept of one message: the assertion and where it stands, not a whole log that a test quotes. */
const LINES = 30;

/** Indented below the name; a long message loses its middle, since the assertion stands first and the place last. */
function shortened(message: string): string {
  const lines = message.trimEnd().split("\n");
  const half = LINES / 2;
  const kept =
    lines.length <= LINES
      ? lines
      : [...lines.slice(0, half), `… ${lines.length - LINES} lines left out …`, ...lines.slice(-half)];
  return kept.map((line) => `  ${line}`).join("\n");
}

/**
 * Each test that failed, and each file that failed outside its tests, with the messages; empty when all passed.
 *
 * `root` with a trailing slash is taken off the names of files.
 */
export function failures({ testResults }: Report, root: string): readonly string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.startsWith(root) ? name.slice(root.length) : name;
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`FAILED: ${file}\n${shortened(message ?? "")}`] : [];
    return failed.map(
      (test) => `FAILED: ${file} > ${test.fullName}\n${shortened((test.failureMessages ?? []).join("\n"))}`,
    );
  });
}
