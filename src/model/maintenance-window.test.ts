/** Windows open on the clock of their time zone and stay open for real time. */
import { expect, test } from "vitest";
import { openingOf, windowProblem } from "./maintenance-window.ts";

const at = (text: string): number => Date.parse(text);
const nightly = { schedule: "0 2 * * *", durationSeconds: 3600, timeZone: "Europe/Berlin" };

test.each([
  ["the moment before it opens", "2026-01-10T00:59:59.999Z", false],
  ["the moment at which it opens", "2026-01-10T01:00:00Z", true],
  ["its last moment", "2026-01-10T01:59:59.999Z", true],
  ["the moment at which it closes", "2026-01-10T02:00:00Z", false],
  ["in summer it opens an hour earlier in UTC", "2026-07-10T00:30:00Z", true],
])("%s", (_, now, open) => {
  expect(openingOf([nightly], at(now)).open).toBe(open);
});

test("it says when it closes and when it opens next", () => {
  expect(openingOf([nightly], at("2026-01-10T01:30:00Z"))).toEqual({
    open: true,
    closesAt: at("2026-01-10T02:00:00Z"),
    nextOpening: at("2026-01-11T01:00:00Z"),
  });
  expect(openingOf([nightly], at("2026-01-10T12:00:00Z"))).toEqual({
    open: false,
    nextOpening: at("2026-01-11T01:00:00Z"),
  });
});

test("an hour of real time, over the hour that summer time leaves out", () => {
  // On 2026-03-29 Berlin's clocks go from 02:00 to 03:00, which is 01:00 UTC.
  const night = { ...nightly, schedule: "30 1 * * *" };
  expect(openingOf([night], at("2026-03-29T01:15:00Z"))).toMatchObject({
    open: true,
    closesAt: at("2026-03-29T01:30:00Z"),
  });
});

test("of several windows one that is open is enough, and the next opening is the next of any", () => {
  const weekend = { schedule: "0 0 * * 6", durationSeconds: 172_800, timeZone: "Etc/UTC" };
  const saturday = at("2026-01-10T12:00:00Z");
  expect(openingOf([nightly, weekend], saturday)).toEqual({
    open: true,
    closesAt: at("2026-01-12T00:00:00Z"),
    nextOpening: at("2026-01-11T01:00:00Z"),
  });
});

test("one that opens again before it has closed stays open", () => {
  const always = { schedule: "* * * * *", durationSeconds: 3600, timeZone: "Etc/UTC" };
  expect(openingOf([always], at("2026-01-10T12:00:30Z"))).toMatchObject({
    open: true,
    closesAt: at("2026-01-10T13:00:00Z"),
  });
});

test.each([
  ["60 2 * * *", "Etc/UTC", /60|range/],
  ["0 2 * *", "Etc/UTC", /five fields/],
  ["0 0 2 * * *", "Etc/UTC", /five fields/],
  ["@daily", "Etc/UTC", /five fields/],
  ["0 2 30 2 *", "Etc/UTC", /never comes/],
  ["0 2 * * *", "Mars/Olympus", /Mars\/Olympus/],
])("%j in %s is a problem, and never opens", (schedule, timeZone, says) => {
  const window = { schedule, timeZone, durationSeconds: 60 };
  expect(windowProblem(window, at("2026-01-10T12:00:00Z"))).toMatch(says);
});

test("what comes once in forty years comes, and nothing is looked for until the year 3000", () => {
  const leapMonday = { schedule: "0 0 29 2 +MON", durationSeconds: 60, timeZone: "Etc/UTC" };
  // Of the days between 2072 and 2112 that are 29 February none is a Monday: 2100 has no such day.
  expect(openingOf([leapMonday], at("2072-03-01T00:00:00Z"))).toEqual({
    open: false,
    nextOpening: at("2112-02-29T00:00:00Z"),
  });
  const newYear = { schedule: "0 0 31 12 *", durationSeconds: 604_800, timeZone: "Pacific/Apia" };
  expect(openingOf([newYear], at("2027-01-02T00:00:00Z"))).toMatchObject({
    open: true,
    closesAt: at("2027-01-06T11:00:00Z"),
  });
});

test("a window without a problem has none", () => {
  expect(windowProblem(nightly, 0)).toBeUndefined();
});
