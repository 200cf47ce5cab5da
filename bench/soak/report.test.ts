import { expect, test } from "vitest";
import type { Look } from "./observation.ts";
import { grown, LAST, type SoakResults, THIRD } from "./report.ts";

const MINUTES = 60;

/** An hour, a look each minute. `more` is what each of them has beside what is always there, by the minute. */
function anHour(more: (minute: number) => Partial<Look> = () => ({}), alive: readonly [number, number] = [25, 26]) {
  const looks = Array.from(
    { length: MINUTES },
    (_, minute): Look => ({
      at: minute * 60,
      rssMib: 250 + (minute % 3),
      peakMib: 260,
      fileDescriptors: 40 + (minute % 2),
      watches: 9,
      series: 14_000 + (minute % 5),
      cpu: minute,
      ...more(minute),
    }),
  );
  const [first] = looks;
  if (first === undefined) throw new Error("no looks");
  const results: SoakResults = {
    date: "2026-01-01",
    versions: {},
    machine: "",
    minutes: MINUTES,
    resources: 1,
    atOnce: 1,
    seed: 1,
    faults: {},
    seconds: [1],
    fewest: 1,
    most: 1,
    failures: [],
    atRest: first,
    afterwards: first,
    looks,
    heapMib: 256,
    alive: [
      { when: THIRD, mib: alive[0] },
      { when: LAST, mib: alive[1] },
    ],
    operatorLived: true,
    errors: [],
  };
  return results;
}

test("noise is no growth, and neither is what grows while it warms up", () => {
  expect(grown(anHour())).toEqual([]);
  expect(grown(anHour((minute) => ({ fileDescriptors: minute < 20 ? 20 + minute : 40 })))).toEqual([]);
});

test.each<[string, (minute: number) => Partial<Look>]>([
  ["RSS", (minute) => ({ peakMib: 400 + 3 * minute })],
  ["file descriptors", (minute) => ({ fileDescriptors: 40 + Math.floor(minute / 10) })],
  ["watches", (minute) => ({ watches: 9 + Math.floor(minute / 20) })],
  ["series", (minute) => ({ series: 14_000 + 40 * minute })],
])("%s that rise too far, or all the time, are found", (what, more) => {
  const found = grown(anHour(more));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(what);
});

test("what is deleted at the end hides nothing that has grown", () => {
  const results = anHour((minute) => ({ series: 14_000 + 40 * minute }));
  const [last] = results.looks.slice(-1);
  if (last === undefined) throw new Error("no looks");
  const after = Array.from({ length: 20 }, (_, index) => ({ ...last, at: MINUTES * 60 + 5 + index, series: 354 }));
  expect(grown({ ...results, looks: [...results.looks, ...after] })).toHaveLength(1);
});

test("what stays alive is found, though nobody sees it in RSS, and so is that nobody knows", () => {
  expect(grown(anHour(undefined, [25, 40]))).toHaveLength(1);
  expect(grown(anHour(undefined, [25, Number.NaN]))).toHaveLength(1);
});

test("pages that V8 takes and keeps are no growth", () => {
  expect(grown(anHour((minute) => ({ rssMib: 200 + 4 * Math.floor(minute / 10), peakMib: 230 })))).toEqual([]);
});

test("minutes alone say nothing", () => {
  expect(grown({ ...anHour((minute) => ({ fileDescriptors: 40 + 9 * minute })), minutes: 5 })).toEqual([]);
});
