/** The figures of a soak as a page for people. */
import { slope, spread } from "../statistics.ts";
import type { Look } from "./observation.ts";
import type { Recycled } from "./recycling.ts";

/** What is alive on the heap, in MiB, when everything that is not has been collected; NaN where the process did not answer. */
export interface Alive {
  readonly when: string;
  readonly mib: number;
}

export interface SoakResults extends Recycled {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly minutes: number;
  readonly resources: number;
  readonly atOnce: number;
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Before the first upgrade. */
  readonly atRest: Look;
  /** When all resources have been deleted. */
  readonly afterwards: Look;
  readonly looks: readonly Look[];
  /** The most that its heap might take, as in a pod of the chart. */
  readonly heapMib: number;
  readonly alive: readonly Alive[];
  readonly operatorLived: boolean;
  /** Lines of its log that are errors. */
  readonly errors: readonly string[];
}

/** A third of the time goes into warming up: caches fill, code is compiled, the heap finds its size. */
export const WARM = 1 / 3;
const PARTS = 6;

/** In less time than this, in minutes, caches still fill. */
const JUDGED_FROM = 30;
/** An hour may bring so much more, of what there was in the median: that is noise. */
const FLAT = 0.1;
/** MiB that may be alive at the end beside what was after a third of the time: upgrades under way, and the Events of a moment. */
const ALIVE = 3;

/** What has grown, with figures; nothing where the time was too short to say. */
export function grown(results: SoakResults): readonly string[] {
  const { minutes, alive, heapMib, looks } = results;
  if (minutes < JUDGED_FROM) return [];
  const warm = warmOf(results);
  if (warm.length === 0) return ["nobody knows: the process ended before it was warm"];
  const steady = (what: string, of: (look: Look) => number): readonly string[] => {
    const perHour = slope(warm.map((look) => [look.at, of(look)] as const)) * 3600;
    const { median } = spread(warm.map(of));
    return perHour > Math.max(1, median * FLAT) ? [`${what}: ${perHour.toFixed(1)} more an hour, of ${median}`] : [];
  };
  const peak = Math.max(...looks.map(({ peakMib }) => peakMib));
  const mib = (when: string): number => alive.find((each) => each.when === when)?.mib ?? Number.NaN;
  const [before, after] = [mib(THIRD), mib(LAST)];
  return [
    // V8 takes pages in steps and keeps what it has freed of them, so its slope tells nothing: it has to stay within the pod.
    ...(peak <= 2 * heapMib ? [] : [`RSS: ${peak.toFixed(1)} MiB at most, and the pod may have ${2 * heapMib}`]),
    ...steady("file descriptors", ({ fileDescriptors }) => fileDescriptors),
    ...steady("watches", ({ watches }) => watches),
    ...steady("series of metrics", ({ series }) => series),
    // Also where the process did not answer: then nobody knows.
    ...(after <= before + ALIVE
      ? []
      : [`what is alive on the heap: ${before.toFixed(1)} MiB ${THIRD}, ${after.toFixed(1)} ${LAST}`]),
  ];
}

/** Not those of its end, when everything is deleted. */
const warmOf = ({ looks, minutes }: SoakResults): readonly Look[] =>
  looks.filter(({ at }) => at >= WARM * minutes * 60 && at <= minutes * 60);

export const THIRD = "after a third of the time";
export const LAST = "after the last upgrade";

export function markdown(results: SoakResults): string {
  const { date, machine, versions, minutes, resources, atOnce, seed, seconds, fewest, most, failures, faults } =
    results;
  const said = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const all = seconds.length === 0 ? undefined : spread(seconds);
  const struck = Object.entries(faults).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Measured ${date} on ${machine}; ${said.join(", ")}; ${minutes} minutes, ${resources} resources, ${atOnce} at a time, faults with seed ${seed}.`,
    `${seconds.length + failures.length} upgrades, ${seconds.length} ended at the target, ${failures.length} did not; each resource ${fewest} to ${most} times; ` +
      `${all === undefined ? "none" : `${all.median.toFixed(1)} s each in the median, ${all.max.toFixed(1)} s at most`}. ` +
      `The operator, whose heap may take ${results.heapMib} MiB as in a pod of the chart, ${results.operatorLived ? "lived to the end, as the leader" : "**ended before its time**"}; ${results.errors.length} lines of its log are errors.`,
    table(results),
    trend(results),
    `Alive on the heap after forced collections: ${results.alive.map(({ when, mib }) => `${mib.toFixed(1)} MiB ${when}`).join(", ")}.`,
    verdict(results),
    `Faults: ${struck.map(([name, count]) => `${name} ${count}`).join(", ") || "none"}.`,
    ...failures.slice(0, 10).map((failure) => `- ${failure}`),
    ...results.errors.slice(0, 5).map((line) => `- \`${line.slice(0, 300)}\``),
  ].join("\n\n");
}

function verdict(results: SoakResults): string {
  if (results.minutes < JUDGED_FROM) return `Too short to say what grows: that takes ${JUDGED_FROM} minutes.`;
  const found = grown(results);
  return found.length === 0 ? "Nothing has grown." : `**What has grown: ${found.join("; ")}.**`;
}

function table({ atRest, afterwards, looks }: SoakResults): string {
  const parts = Array.from({ length: PARTS }, (_, part) =>
    looks.slice(Math.floor((looks.length * part) / PARTS), Math.floor((looks.length * (part + 1)) / PARTS)),
  ).filter((part) => part.length > 0);
  const median = (part: readonly Look[], of: (look: Look) => number): number => spread(part.map(of)).median;
  const most = (part: readonly Look[], of: (look: Look) => number): number => Math.max(...part.map(of));
  const row = (when: string, part: readonly Look[]): string =>
    `| ${[
      when,
      median(part, ({ rssMib }) => rssMib).toFixed(1),
      most(part, ({ rssMib }) => rssMib).toFixed(1),
      `${median(part, ({ fileDescriptors }) => fileDescriptors)} / ${most(part, ({ fileDescriptors }) => fileDescriptors)}`,
      `${median(part, ({ watches }) => watches)} / ${most(part, ({ watches }) => watches)}`,
      `${median(part, ({ series }) => series)} / ${most(part, ({ series }) => series)}`,
    ].join(" | ")} |`;
  const minute = (look: Look | undefined): string => ((look?.at ?? 0) / 60).toFixed(0);
  return [
    "| Minutes | RSS median, MiB | RSS most, MiB | File descriptors median / most | Watches median / most | Series of metrics median / most |",
    "| --- | --- | --- | --- | --- | --- |",
    row("before", [atRest]),
    ...parts.map((part) => row(`${minute(part[0])}–${minute(part.at(-1))}`, part)),
    row("all deleted", [afterwards]),
  ].join("\n");
}

function trend(results: SoakResults): string {
  const { minutes } = results;
  const warm = warmOf(results);
  const perHour = (of: (look: Look) => number, looks = warm): string =>
    (slope(looks.map((look) => [look.at, of(look)] as const)) * 3600).toFixed(2);
  // The collections that were forced after a third of the time have lowered it.
  const later = warm.filter(({ at }) => at >= minutes * 30);
  const last = warm.filter(({ at }) => at >= minutes * 50);
  return (
    `Slope by least squares: RSS ${perHour(({ rssMib }) => rssMib, later)} MiB an hour in the second half and ` +
    `${perHour(({ rssMib }) => rssMib, last)} in the last sixth; after the first third ` +
    `file descriptors ${perHour(({ fileDescriptors }) => fileDescriptors)}, watches ${perHour(({ watches }) => watches)} an hour. ` +
    `Peak RSS ${Math.max(...results.looks.map(({ peakMib }) => peakMib)).toFixed(1)} MiB.`
  );
}
