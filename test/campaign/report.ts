/** `docs/campaign.md`, between its marks: what was run, how it ended, and what was not. */
import { readFile, writeFile } from "node:fs/promises";
import { VERSION } from "../../src/version.ts";
import { plansOf, WHAT } from "./campaigns.ts";
import { CAMPAIGNS, idOf } from "./plan.ts";
import { type Result, results } from "./results.ts";

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
  await writeFile(PAGE, `${head}${BEGIN}\n${report(await results(), await controlPlane())}\n${END}${tail}`);
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

function report(found: ReadonlyMap<string, Result>, versions: string): string {
  const rows = CAMPAIGNS.map((name): Row => {
    const plans = plansOf(name).map(idOf);
    return { name, plans: plans.length, run: plans.flatMap((id) => found.get(id) ?? []) };
  });
  const listed = rows.flatMap(({ run }) => run);
  // Somebody wrote them by hand, and a failure counts wherever it comes from.
  const others = [...found.values()].filter((result) => !listed.includes(result));
  const all = [...listed, ...others];
  const days = all.map(({ at }) => at.slice(0, 10)).toSorted();
  const revisions = [...new Set(all.map(({ revision }) => revision))];
  const missing = rows.map(({ name, plans, run }) => `${name} ${plans - run.length} of ${plans}`).join(", ");
  return [
    `Run from ${days[0] ?? "never"} to ${days.at(-1) ?? "never"}: operator ${VERSION} at ${revisions.join(", ")}; Node ${process.version}, ${versions}.`,
    "",
    `**In all: ${countOf(all)}.** Not run: ${missing}.`,
    "",
    "| | | result | plans not run |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ name, plans, run }) => `| ${name} | ${WHAT[name]} | ${countOf(run)} | ${plans - run.length} |`),
    ...(others.length === 0 ? [] : [`| other | Plans of no list, by \`--plan\` | ${countOf(others)} | – |`]),
    "",
    ...becameOf(listed),
    ...failures(failedOf(all)),
  ].join("\n");
}

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
  if (failed.length === 0) return ["No plan failed."];
  return [
    "Plans that failed:",
    "",
    ...failed.map(({ id, findings }) => {
      const said = findings.map(({ oracle, message }) => `${oracle}: ${message.split("\n")[0]?.slice(0, 160)}`);
      return `- \`${id}\`: ${said.join("; ")}`;
    }),
  ];
}
