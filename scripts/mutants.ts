/**
 * `npm run mutants`: plays the operators with one mistake each, and writes to `docs/mutants.md` what noticed each of them. It takes some
 * minutes, so it is run by hand after a change of the mutants, the judges or the model; the tests check that each is noticed.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";

const SUITES = [
  ["Full upgrades", "test/properties/mutants.test.ts"],
  ["Partial upgrades", "test/properties/partial-mutants.test.ts"],
  ["Ways back", "test/properties/rollback.test.ts"],
  ["Pods that are seen late", "test/properties/late-pods.test.ts"],
] as const;

const HEAD = `# Mutants and what noticed them

Operators with one mistake each, played through the same random stories until a judge notices. Written by \`npm run mutants\`, which is run
by hand because it takes some minutes; that each is noticed, and by the invariant that it breaks, the tests check every time.
What the invariants say is in [the procedure](procedure.md#what-never-happens).
`;

/** What a suite prints at its end. */
const NOTICED = /^ {2}(\S.*)\n {4}story (\d+): (.*)$/gm;

function play(suite: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("vitest", ["run", "--project", "unit", suite, "-t", "noticed"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(stripVTControlCharacters(text));
      else reject(new Error(`${suite} failed with ${code}: ${text.slice(-2000)}`));
    });
  });
}

/** A row of a table; where two templates are compared, that they differ is enough. */
function short(by: string): string {
  const text = by.replace(/ \(revision \d+\)$/, "").replaceAll("|", "\\|");
  return text.length > 160 ? `${text.slice(0, 160)} …` : text;
}

function tableOf(title: string, suite: string, text: string): string {
  const rows = [...text.matchAll(NOTICED)].map(
    ([, mistake = "", story = "", by = ""]) => `| ${mistake} | ${story} | ${short(by)} |`,
  );
  if (rows.length === 0) throw new Error(`${suite} has printed no mutant`);
  return [`\n## ${title}\n`, "| An operator that … | in story | noticed by |", "| --- | --- | --- |", ...rows, ""].join(
    "\n",
  );
}

const tables: string[] = [];
for (const [title, suite] of SUITES) tables.push(tableOf(title, suite, await play(suite)));
await writeFile("docs/mutants.md", HEAD + tables.join(""));
