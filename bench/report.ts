/** The figures as a page for people. */

import type { ColdStart } from "./cold-start.ts";
import type { Compared, Comparison, Run } from "./compare.ts";
import type { Failover } from "./failover.ts";
import type { Heap, Image } from "./footprint.ts";
import type { Memory } from "./process-figures.ts";
import type { Resident } from "./resident.ts";
import { quantile, type Spread, spread } from "./statistics.ts";
import { judge, verdict } from "./targets.ts";

export interface Results {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly speed: string;
  readonly repeats: number;
  readonly one: Compared;
  /** Every component runs, new agents beside old ones; the operator alone beside the lower bound. */
  readonly partial: Compared;
  readonly many: readonly Many[];
  readonly residents: readonly Resident[];
  readonly starts: readonly ColdStart[];
  readonly failovers?: Failover;
  readonly heap?: Heap;
  readonly image?: Image;
  readonly bareNodeMib: number;
}

export interface Many {
  readonly count: number;
  readonly compared: Compared;
  /** A process that was started when all of them had been upgraded. */
  readonly held: Memory | undefined;
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
  const { date, versions, machine, speed, repeats } = results;
  const said = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured ${date} on ${machine}; ${said.join(", ")}; \`${speed}\` pods; ${repeats} runs of each driver.`,
    ...targetSection(results),
    ...oneSection(results),
    ...partialSection(results),
    ...results.many.flatMap(manySection),
    ...memorySection(results),
    ...footprintSection(results),
    ...startSection(results),
  ].join("\n\n");
}

function targetSection(results: Results): readonly string[] {
  const rows = judge(results).map((judged) => {
    const { metric, unit, measured, target, stretch, digits } = judged;
    const withUnit = (value: string): string => (unit === "" ? value : `${value} ${unit}`);
    return [metric, withUnit(measured.toFixed(digits)), withUnit(`${target}`), withUnit(`${stretch}`), verdict(judged)];
  });
  const head = ["The operator (bundle, in cluster)", "Measured", "Target", "Stretch", ""];
  return rows.length === 0 ? [] : ["### Beside what it should be", table(head, rows)];
}

function oneSection({ one }: Results): readonly string[] {
  if (one.comparisons.length === 0) return [];
  return [
    "### One upgrade: time",
    wallTable(one),
    partsTable(one),
    "### One upgrade: requests",
    requestTable(one),
    "### What the operator writes for one upgrade",
    writesTable(one),
  ];
}

function partialSection({ partial }: Results): readonly string[] {
  if (partial.comparisons.length === 0) return [];
  return ["### One partial upgrade", wallTable(partial), requestTable(partial), writesTable(partial)];
}

function manySection({ count, compared, held }: Many): readonly string[] {
  const memory =
    held === undefined
      ? []
      : [
          `A process that is started when all ${count} have been upgraded: ${mib(held.rssMib)} MiB RSS, ${mib(held.pssMib)} MiB PSS.`,
        ];
  return [`### ${count} upgrades at once, one replica each`, wallTable(compared), requestTable(compared), ...memory];
}

function memorySection({ residents, bareNodeMib }: Results): readonly string[] {
  if (residents.length === 0) return [];
  return [
    "### Memory",
    memoryTable(residents, bareNodeMib),
    "### Requests while idle, after the last upgrade",
    quietTable(residents),
  ];
}

function footprintSection({ heap, image }: Results): readonly string[] {
  const cached =
    heap &&
    `Of ${heap.count} Deployments that the API server sends as ${kb(heap.textBytes)} KB of text each, the operator keeps ` +
      `${kb(heap.kept)} KB of heap each; the same objects as they are sent would be ${kb(heap.whole)} KB.`;
  const size =
    image?.compressed === undefined ? "not made here" : `${(image.compressed / 1e6).toFixed(1)} MB compressed`;
  const debian = image?.debian === undefined ? "" : `; ${image.debian} packages of Debian below Node`;
  const shipped =
    image &&
    `Image: ${size}${debian}. In the bundle: ${image.packages.length} packages (${image.packages.join(", ")}).`;
  const texts = [cached, shipped].filter((text) => text !== undefined);
  return texts.length === 0 ? [] : ["### Footprint", ...texts];
}

const kb = (bytes: number): string => (bytes / 1000).toFixed(2);

function startSection({ starts, failovers }: Results): readonly string[] {
  const rows =
    failovers === undefined
      ? []
      : [
          ["kill -9", wide(spread(failovers.killed)), `${failovers.killed.length}`],
          ["SIGTERM", wide(spread(failovers.asked)), `${failovers.asked.length}`],
        ];
  return [
    ...(starts.length === 0 ? [] : ["### Cold start", startTable(starts)]),
    ...(rows.length === 0
      ? []
      : ["### Another leader", table(["After", "Signal to the next leader, ms", "Times"], rows)]),
  ];
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
    "CPU per upgrade, ms",
    "Event to write p50 / p99, ms",
    "Peak RSS, MiB",
  ];
  return table(head, [control, ...rows]);
}

function cpuText(runs: readonly Run[]): string {
  const known = runs.flatMap(({ cpu, upgrades }) => (cpu === undefined ? [] : [cpu / upgrades]));
  return known.length === 0 ? "–" : ms(spread(known).median);
}

function reactionText(runs: readonly Run[]): string {
  const sorted = runs.flatMap((run) => run.reactions).toSorted((a, b) => a - b);
  return sorted.length === 0 ? "–" : `${quantile(sorted, 0.5).toFixed(1)} / ${quantile(sorted, 0.99).toFixed(1)}`;
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
  const rows = residents.flatMap(({ variant, quiet }) =>
    quiet === undefined
      ? []
      : [
          [
            variant,
            `${quiet.seconds}`,
            listed(quiet.reads),
            listed(quiet.writes),
            listed(quiet.watches),
            listed(quiet.lease),
            quiet.perMinute.toFixed(1),
          ],
        ],
  );
  return table(["Operator", "Seconds", "Reads", "Writes", "Watches opened", "Lease", "All, a minute"], rows);
}

function startTable(starts: readonly ColdStart[]): string {
  const rows = starts.map(({ variant, readyAfter }) => [variant, wide(spread(readyAfter)), `${readyAfter.length}`]);
  return table(["Operator", "Start to /readyz 200, ms", "Starts"], rows);
}
