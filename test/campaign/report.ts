/** `docs/campaign.md`, between its marks: what was run, how it ended, and what was not. */
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { VERSION } from "../../src/version.ts";
import { plansOf, WHAT } from "./campaigns.ts";
import { type Failed, failedBefore, keepFailed, saidIn, withPlayed } from "./failed.ts";
import { CAMPAIGNS, idOf } from "./plan.ts";
import { everyResult, type Result } from "./results.ts";

const PAGE = "docs/campaign.md";
const [BEGIN, END] = ["<!-- campaign:begin -->", "<!-- campaign:end -->"] as const;

interface Row {
  readonly name: (typeof CAMPAIGNS)[number];
  readonly plans: number;
  readonly run: readonly Result[];
}

const failedOf = (run: readonly Result[]): readonly Result[] => run.filter(({ findings }) => findings.length > 0);
const countOf = (run: readonly Result[]): string => {
  const failed = failedOf(run).length;
  return `${run.length} plans, ${run.length - failed} passed, ${failed} failed`;
};

export async function writeReport(): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} has no ${BEGIN} and ${END}`);
  const played = await everyResult();
  const failed = withPlayed(await failedBefore(), played);
  await keepFailed(failed);
  await writeFile(PAGE, `${head}${BEGIN}\n${report(played, failed, await controlPlane())}\n${END}${tail}`);
}

/** Its versions, as its module has them. */
async function controlPlane(): Promise<string> {
  const modules = await readFile("tools/control-plane/go.mod", "utf8");
  const versionOf = (module: string): string =>
    modules
      .split("\n")
      .find((line) => line.trim().startsWith(`${module} `))
      ?.trim()
      .split(" ")[1] ?? "unknown";
  return `Kubernetes ${versionOf("k8s.io/kubernetes")}, KWOK ${versionOf("sigs.k8s.io/kwok")}`;
}

/**
 * @param played on this machine, in its order.
 * @param failed every plan that has failed at any time, wherever.
 */
export function report(played: readonly Result[], failed: readonly Failed[], versions: string): string {
  const found = new Map(played.map((result) => [result.id, result]));
  const rows = CAMPAIGNS.map((name): Row => {
    const plans = plansOf(name).map(idOf);
    return { name, plans: plans.length, run: plans.flatMap((id) => found.get(id) ?? []) };
  });
  const listed = rows.flatMap(({ run }) => run);
  const others = [...found.values()].filter((result) => !listed.includes(result));
  const days = listed.map(({ at }) => at.slice(0, 10)).toSorted();
  const missing = rows.map(({ name, plans, run }) => `${name} ${plans - run.length} of ${plans}`).join(", ");
  return [
    `Run from ${days[0] ?? "never"} to ${days.at(-1) ?? "never"}: operator ${VERSION}, Node ${process.version}, ${versions}.`,
    "",
    // Whoever reads this line alone must see every plan that fails, of whichever list.
    `**In all: ${countOf(listed)}${others.length === 0 ? "" : `; of earlier lists ${countOf(others)}`}.** Not run: ${missing}.`,
    "",
    "| | | result | plans not run |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ name, plans, run }) => `| ${name} | ${WHAT[name]} | ${countOf(run)} | ${plans - run.length} |`),
    ...(others.length === 0 ? [] : [`| earlier | ${EARLIER} | ${countOf(others)} | – |`]),
    "",
    ...revisionsOf(listed),
    ...becameOf(listed),
    ...laidToOthers(listed),
    // A failure counts wherever it comes from.
    ...failures(failedOf([...listed, ...others])),
    ...onceFailed(failed),
  ].join("\n");
}

const EARLIER = "Plans of earlier lists, which the lists of now do not have";

/** At which revision of the sources each plan was played last, the most first. */
function revisionsOf(run: readonly Result[]): readonly string[] {
  if (run.length === 0) return [];
  const counts = [...Map.groupBy(run, ({ revision }) => revision)].toSorted(
    ([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1),
  );
  const told = counts.map(([revision, { length }]) => `${length} at ${revision}`);
  return [`Of these last results come ${told.join(", ")}.`, ""];
}

const breachSchema = z.object({ invariant: z.string() });

/** Breaches that are not the operator's, by what somebody else did: a table that grows is one that excuses too much. */
function laidToOthers(run: readonly Result[]): readonly string[] {
  const laid = run.flatMap(({ plan, theirs = [] }) => {
    const acts = plan.steps.flatMap(({ fault }) => (fault.kind === "act" ? [fault.act] : []));
    return theirs.map((breach) => `${acts.join(", ")}: ${breachSchema.parse(JSON.parse(breach)).invariant}`);
  });
  if (laid.length === 0) return [];
  const counts = [...Map.groupBy(laid, (each) => each)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const plans = run.filter(({ theirs = [] }) => theirs.length > 0).length;
  const told = counts.map(([what, { length }]) => (length === 1 ? what : `${what} ${length} times`));
  return [
    `In ${plans} plans of C4 and C11 invariants were broken ${laid.length} times by somebody else's act, at its workload and after it: ${told.join("; ")}.`,
    "",
  ];
}

/** Every plan that has failed at any time, with how often it has been played since. */
function onceFailed(failed: readonly Failed[]): readonly string[] {
  if (failed.length === 0) return [];
  return [
    "",
    "Plans that have failed at any time, whether the operator was wrong or what was expected of it:",
    "",
    "| | what was found last | failed | passed since |",
    "| --- | --- | --- | --- |",
    ...failed.map(
      ({ id, found, failed: times, revision, passed }) =>
        `| \`${id}\` | ${inCell(found)} | ${times}, last at ${revision} | ${passed} |`,
    ),
  ];
}

const inCell = (text: string): string => text.replaceAll("|", String.raw`\|`);

/** Of what was written into the resource: how often it was refused, held, carried out. */
function becameOf(run: readonly Result[]): readonly string[] {
  const counts = Map.groupBy(
    run.flatMap(({ outcomes = [] }) => outcomes),
    (outcome) => outcome,
  );
  if (counts.size === 0) return [];
  const told = [...counts].map(([outcome, { length }]) => `${length} ${outcome}`).toSorted();
  return [`What became of each change of C8, and of each that took one back: ${told.join(", ")}.`, ""];
}

function failures(failed: readonly Result[]): readonly string[] {
  if (failed.length === 0) return ["No plan failed the last time that it was played."];
  return ["Plans that failed:", "", ...failed.map((result) => `- \`${result.id}\`: ${inCell(saidIn(result))}`)];
}
