/**
 * The whole test suite in one command: format, lint, types, generated files, workflows, then unit and end-to-end tests, and those with
 * Ceilometer's own agents. Everything runs even if something before it failed; the last lines name what failed
 * and count it all: `N passed, N failed, N skipped`.
 *
 * `node scripts/test.ts [--full] [--argocd]`: --full runs what is sampled otherwise, --argocd also the tests with Argo CD and Flux.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { failures, report } from "./failures.ts";

const { values } = parseArgs({
  options: { full: { type: "boolean", default: false }, argocd: { type: "boolean", default: false } },
});

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const reports = ".cache/test-reports";
/** Said again at the end: a log that was cut to its last lines still names them. */
const failed: string[] = [];

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const env = values.full ? { ...process.env, E2E_FULL: "1" } : process.env;
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], env });
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** One check that passes or fails as a whole. */
async function check(name: string, command: string, args: readonly string[]): Promise<void> {
  const code = await run(command, args);
  total[code === 0 ? "passed" : "failed"] += 1;
  if (code !== 0) failed.push(`FAILED: ${name}`);
  process.stdout.write(`${code === 0 ? "passed" : "FAILED"}: ${name}\n`);
}

/** A vitest project, counted test by test. A run that ends without a report, or fails outside any test, is a failure too. */
async function tests(project: string): Promise<void> {
  const file = `${reports}/${project}.json`;
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await run("vitest", args);
  const counted = await readFile(file, "utf8").then(
    (text) => report.safeParse(JSON.parse(text)).data,
    () => undefined,
  );
  total.passed += counted?.numPassedTests ?? 0;
  total.failed += counted?.numFailedTests ?? 0;
  total.skipped += (counted?.numPendingTests ?? 0) + (counted?.numTodoTests ?? 0);
  const told = counted === undefined ? [] : failures(counted, `${process.cwd()}/`);
  failed.push(...told);
  if (code === 0 || (counted?.numFailedTests ?? 0) > 0) return;
  total.failed += 1;
  if (told.length === 0) failed.push(`FAILED: ${project}, outside of any test (vitest ended with ${code})`);
}

await rm(reports, { recursive: true, force: true });
await mkdir(reports, { recursive: true });
await check("format", "biome", ["check", "."]);
await check("lint", "oxlint", ["--type-aware", "--deny-warnings", "src", "scripts", "test", "tools", "bench"]);
await check("types", "tsc", ["--noEmit"]);
await check("generated files", "node", ["scripts/generate.ts", "--check"]);
await check("workflows and Dockerfile", "node", ["tools/lint/main.ts"]);
await tests("unit");
await tests("e2e");
await tests("ceilometer");
if (values.argocd) await tests("argocd");
for (const text of failed) process.stdout.write(`${text}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
