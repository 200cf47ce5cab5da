/** What each figure is held against: the least that is asked for, and what would be as good as it gets. Nothing fails by it. */
import type { Results } from "./report.ts";
import { quantile, spread } from "./statistics.ts";

export interface Judged {
  readonly metric: string;
  readonly unit: string;
  readonly measured: number;
  readonly target: number;
  readonly stretch: number;
  readonly digits: number;
}

export type Verdict = "stretch met" | "met" | "not met";

/** Less is better, always. */
export function verdict({ measured, target, stretch }: Judged): Verdict {
  if (measured <= stretch) return "stretch met";
  return measured <= target ? "met" : "not met";
}

/** The driver that all of it is about: what the image runs, as a pod runs it. */
export const SUBJECT = "operator (bundle, in cluster)";

/** Only what was measured in this run. */
export function judge(results: Results): readonly Judged[] {
  return [...times(results), ...requests(results), ...footprint(results), ...availability(results)];
}

const of = (
  metric: string,
  unit: string,
  measured: number | undefined,
  [target, stretch]: readonly [number, number],
  digits = 0,
): readonly Judged[] => (measured === undefined ? [] : [{ metric, unit, measured, target, stretch, digits }]);

const median = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : spread(values).median;

const mine = (comparisons: Results["one"]["comparisons"]) => comparisons.filter(({ driver }) => driver === SUBJECT);

function reactionsOf(comparisons: Results["one"]["comparisons"], share: number): number | undefined {
  const sorted = mine(comparisons)
    .flatMap(({ run }) => run.reactions)
    .toSorted((a, b) => a - b);
  return sorted.length === 0 ? undefined : quantile(sorted, share);
}

function times({ speed, one, many }: Results): readonly Judged[] {
  const overhead = median(mine(one.comparisons).map(({ ratio }) => (ratio - 1) * 100));
  const [p50, p99] = [0.5, 0.99].map((share) => reactionsOf(one.comparisons, share));
  return [
    ...of(`wall overhead, one upgrade, \`${speed}\` pods`, "%", overhead, [speed === "real" ? 5 : 10, 2], 1),
    ...many.flatMap(({ count, compared }) =>
      of(
        `wall, ${count} at once, over the lower bound`,
        "",
        median(mine(compared.comparisons).map((each) => each.ratio)),
        [1.1, 1.03],
        2,
      ),
    ),
    ...of("event to write, one upgrade, p50", "ms", p50, [5, 2], 1),
    ...of("event to write, one upgrade, p99", "ms", p99, [15, 8], 1),
    ...many.flatMap(({ count, compared }) => [
      ...of(`event to write, ${count} at once, p50`, "ms", reactionsOf(compared.comparisons, 0.5), [15, 8], 1),
      ...of(`event to write, ${count} at once, p99`, "ms", reactionsOf(compared.comparisons, 0.99), [100, 60], 1),
    ]),
  ];
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function requests({ one, partial, many }: Results): readonly Judged[] {
  const perUpgrade = (
    comparisons: Results["one"]["comparisons"],
    count: (run: Results["one"]["controls"][number]) => number,
  ) => median(mine(comparisons).map(({ run }) => count(run) / run.upgrades));
  const writes = (run: Results["one"]["controls"][number]): number => sum(run.workWrites) + run.statusWrites;
  return [
    ...of("writes of a full upgrade, status included", "", perUpgrade(one.comparisons, writes), [20, 14]),
    ...of("writes of a partial upgrade, status included", "", perUpgrade(partial.comparisons, writes), [16, 11]),
    ...of(
      "reads of a full upgrade that are no watches",
      "",
      perUpgrade(one.comparisons, ({ reads }) => sum(reads)),
      [1, 0],
    ),
    ...of(
      "reads of a partial upgrade that are no watches",
      "",
      perUpgrade(partial.comparisons, ({ reads }) => sum(reads)),
      [1, 0],
    ),
    ...of(
      "CPU of one upgrade, from the start of a process",
      "ms",
      perUpgrade(one.comparisons, ({ cpu = Number.NaN }) => cpu),
      [15, 8],
    ),
    ...many.flatMap(({ count, compared }) =>
      of(
        `CPU per upgrade, ${count} at once`,
        "ms",
        perUpgrade(compared.comparisons, ({ cpu = Number.NaN }) => cpu),
        [15, 8],
        1,
      ),
    ),
  ];
}

/** For so many at once the figures of memory were set; for fewer they are easier. */
const MANY = 1000;
const offMark = (count: number): string => (count === MANY ? "" : ` (the targets are of ${MANY})`);

function footprint({ residents, many, heap, image }: Results): readonly Judged[] {
  const [resident] = residents;
  return [
    ...of("RSS idle, no resource", "MiB", resident?.idle.rssMib, [70, 60], 1),
    ...many.flatMap(({ count, held, compared }) => [
      ...of(`RSS of a fresh process with ${count} resources${offMark(count)}`, "MiB", held?.rssMib, [95, 80], 1),
      ...of(
        `peak RSS, ${count} at once${offMark(count)}`,
        "MiB",
        median(mine(compared.comparisons).flatMap(({ run }) => run.memory?.peakMib ?? [])),
        [120, 95],
        1,
      ),
    ]),
    ...of("heap per cached Deployment", "KB", heap && heap.kept / 1000, [1.5, 0.8], 2),
    ...of("image, compressed", "MB", image?.compressed === undefined ? undefined : image.compressed / 1e6, [50, 45], 1),
    ...of("packages in the runtime closure", "", image?.packages.length, [20, 5]),
  ];
}

function availability({ residents, starts, failovers }: Results): readonly Judged[] {
  const [start] = starts;
  return [
    ...of("cold start to /readyz 200", "ms", median(start?.readyAfter ?? []), [400, 200]),
    ...of(
      "another leader after kill -9",
      "s",
      median((failovers?.killed ?? []).map((each) => each / 1000)),
      [17, 12],
      1,
    ),
    ...of("another leader after SIGTERM", "s", median((failovers?.asked ?? []).map((each) => each / 1000)), [2, 1], 2),
    ...of("requests a minute while idle, lease included", "", residents[0]?.quiet?.perMinute, [35, 33], 1),
  ];
}
