/**
 * `npm run mutants`: plays the operators with one mistake each, and writes into `docs/campaign.md` what noticed each of them. It takes some
 * minutes, so it is run by hand after a change of the mutants, the judges or the model; the tests check that each is noticed.
 */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";

const SUITES = [
  ["Full upgrades", "test/properties/mutants.test.ts"],
  ["Partial upgrades", "test/properties/partial-mutants.test.ts"],
  ["Ways back", "test/properties/rollback.test.ts"],
  ["Pods that are seen late", "test/properties/late-pods.test.ts"],
  ["The whole operator, before a server that lies", "test/properties/whole-operator.test.ts"],
] as const;

const PAGE = "docs/campaign.md";
const [BEGIN, END] = ["<!-- mutants:begin -->", "<!-- mutants:end -->"] as const;

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
  return [`\n### ${title}\n`, "| One that … | in story | noticed by |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

const tables: string[] = [];
for (const [title, suite] of SUITES) tables.push(tableOf(title, suite, await play(suite)));
const [head, rest] = (await readFile(PAGE, "utf8")).split(BEGIN);
const tail = rest?.split(END)[1];
if (head === undefined || tail === undefined) throw new Error(`${PAGE} has no ${BEGIN} and ${END}`);
await writeFile(PAGE, `${head}${BEGIN}\n${tables.join("")}\n${END}${tail}`);
