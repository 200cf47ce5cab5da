/** The figures as a page for people. */

import type { ColdStart } from "./cold-start.ts";
import type { Compared, Comparison, Run } from "./compare.ts";
import type { Resident } from "./resident.ts";
import { quantile, type Spread, spread } from "./statistics.ts";

export interface Results {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly speed: string;
  readonly repeats: number;
  readonly one: Compared;
  readonly many?: { readonly count: number; readonly compared: Compared };
  readonly residents: readonly Resident[];
  readonly starts: readonly ColdStart[];
  readonly bareNodeMib: number;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const ms = (value: number): string => `${Math.round(value)}`;
const mib = (value: number): string => value.toFixed(1);
const wide = ({ median, min, max }: Spread, digits = 0): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ") || "none";

const byDriver = (comparisons: readonly Comparison[]): ReadonlyMap<string, readonly Comparison[]> =>
  Map.groupBy(comparisons, ({ driver }) => driver);

export function markdown(results: Results): string {
  const { date, versions, machine, speed, repeats, one, many, residents, starts, bareNodeMib } = results;
  const said = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured ${date} on ${machine}; ${said.join(", ")}; \`${speed}\` pods; ${repeats} runs of each driver.`,
    ...(one.comparisons.length === 0
      ? []
      : [
          "### One upgrade: time",
          wallTable(one),
          partsTable(one),
          "### One upgrade: requests",
          requestTable(one),
          "### What the operator writes for one upgrade",
          writesTable(one),
        ]),
    ...(many === undefined
      ? []
      : [
          `### ${many.count} upgrades at once, one replica each`,
          wallTable(many.compared),
          requestTable(many.compared),
        ]),
    ...(residents.length === 0
      ? []
      : [
          "### Memory",
          memoryTable(residents, bareNodeMib),
          "### Requests while idle, after the last upgrade",
          quietTable(residents),
        ]),
    ...(starts.length === 0 ? [] : ["### Cold start", startTable(starts)]),
  ].join("\n\n");
}

function wallTable({ controls, comparisons }: Compared): string {
  const rows = [...byDriver(comparisons)].map(([driver, all]) => {
    const runs = all.map(({ run }) => run);
    return [
      driver,
      wide(spread(runs.map(({ wall }) => wall))),
      wide(spread(all.map(({ ratio }) => ratio)), 2),
      wide(spread(runs.map(({ told }) => told))),
      cpuText(runs),
      reactionText(runs),
      peakText(runs),
    ];
  });
  const control = [
    "lower bound",
    wide(spread(controls.map(({ wall }) => wall))),
    "1",
    wide(spread(controls.map(({ told }) => told))),
    cpuText(controls),
    reactionText(controls),
    peakText(controls),
  ];
  const head = [
    "Driver",
    "Every pod at the target, ms",
    "… over the adjacent lower bound",
    "Says so itself, ms",
    "CPU, ms",
    "Event to write p50 / p90, ms",
    "Peak RSS, MiB",
  ];
  return table(head, [control, ...rows]);
}

function cpuText(runs: readonly Run[]): string {
  const known = runs.flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu]));
  return known.length === 0 ? "–" : ms(spread(known).median);
}

function reactionText(runs: readonly Run[]): string {
  const sorted = runs.flatMap((run) => run.reactions).toSorted((a, b) => a - b);
  return sorted.length === 0 ? "–" : `${quantile(sorted, 0.5).toFixed(1)} / ${quantile(sorted, 0.9).toFixed(1)}`;
}

function peakText(runs: readonly Run[]): string {
  const known = runs.flatMap(({ memory }) => (memory === undefined ? [] : [memory.peakMib]));
  return known.length === 0 ? "–" : mib(spread(known).max);
}

/** Where the time goes: when each component had arrived, as a median. */
function partsTable({ controls, comparisons }: Compared): string {
  const row = (driver: string, runs: readonly Run[]): string[] => {
    const names = Object.keys(runs[0]?.parts ?? {}).toSorted(
      (a, b) => (runs[0]?.parts[a] ?? 0) - (runs[0]?.parts[b] ?? 0),
    );
    return [driver, ...names.map((name) => ms(spread(runs.flatMap(({ parts }) => parts[name] ?? [])).median))];
  };
  const names = ["collector", "notification", "polling", "api"].map((name) => `${name}, ms`);
  const others = [...byDriver(comparisons)].map(([driver, all]) =>
    row(
      driver,
      all.map(({ run }) => run),
    ),
  );
  return table(["All pods at the target after", ...names], [row("lower bound", controls), ...others]);
}

function requestTable({ controls, comparisons }: Compared): string {
  const row = (driver: string, runs: readonly Run[]): string[] => [
    driver,
    wide(spread(runs.map(({ workWrites }) => sum(workWrites)))),
    wide(spread(runs.map(({ statusWrites }) => statusWrites))),
    wide(spread(runs.map(({ events }) => events))),
    wide(spread(runs.map(({ reads }) => sum(reads)))),
    listed(runs.at(-1)?.reads ?? {}),
    listed(runs.at(-1)?.watches ?? {}),
    listed(Object.fromEntries(runs.flatMap(({ refused }) => Object.entries(refused)))),
  ];
  const head = [
    "Driver",
    "Writes",
    "Status writes",
    "Events",
    "Reads",
    "… which, in the last run",
    "Watches",
    "Refused",
  ];
  const others = [...byDriver(comparisons)].map(([driver, all]) =>
    row(
      driver,
      all.map(({ run }) => run),
    ),
  );
  return table(head, [row("lower bound", controls), ...others]);
}

function writesTable({ comparisons }: Compared): string {
  const run = comparisons.map((each) => each.run).findLast(({ wrote }) => wrote.length > 0);
  if (run === undefined) return "No operator was run.";
  const groups = Map.groupBy(run.wrote, ({ reason, write }) => `${write} ${reason}`);
  const rows = [...groups].map(([key, all]) => {
    const [write = "", reason = ""] = key.split(" ");
    return [`${all.length}`, write, reason, all[0]?.message ?? ""];
  });
  const total = `${run.wrote.length} in its log; the audit log has: ${listed(run.workWrites)}.`;
  return `${table(["Writes", "Kind", "Reason", "The first of them says"], rows)}\n\n${total}`;
}

function memoryTable(residents: readonly Resident[], bareNodeMib: number): string {
  const rows = residents.map(({ variant, idle, afterOne, afterAll, upgrades }) => [
    variant,
    mib(idle.rssMib),
    mib(idle.pssMib),
    mib(afterOne.rssMib),
    `${mib(afterAll.rssMib)} (${upgrades})`,
    mib(afterAll.peakMib),
  ]);
  const head = [
    "Operator",
    "RSS idle, MiB",
    "PSS idle",
    "RSS after one upgrade",
    "RSS after all (how many)",
    "Peak RSS",
  ];
  return `${table(head, rows)}\n\nA Node process that only serves an empty HTTP port: ${mib(bareNodeMib)} MiB.`;
}

function quietTable(residents: readonly Resident[]): string {
  const rows = residents.map(({ variant, quiet }) => [
    variant,
    `${quiet.seconds}`,
    listed(quiet.reads),
    listed(quiet.writes),
    listed(quiet.watches),
  ]);
  return table(["Operator", "Seconds", "Reads", "Writes", "Watches opened"], rows);
}

function startTable(starts: readonly ColdStart[]): string {
  const rows = starts.map(({ variant, readyAfter }) => [variant, wide(spread(readyAfter)), `${readyAfter.length}`]);
  return table(["Operator", "Start to /readyz 200, ms", "Starts"], rows);
}
