import { expect, test } from "vitest";
import { areCompared, areGivenRead, changesBetween, givenDefinitions } from "./compared-definitions.ts";

const KEY = "meters.yaml";
const meter = (name: string): string =>
  `  - {name: ${name}, event_type: a.b, type: gauge, unit: u, volume: 1, resource_id: $.payload.id}\n`;
const file = (...names: readonly string[]): string => `metric:\n${names.map(meter).join("")}`;

test("what is dropped is told once it was compared, and is remembered", () => {
  const [before, next] = [file("one", "two"), file("one")];
  expect([areGivenRead(next, KEY), areCompared(before, next, KEY)]).toEqual([false, false]);
  const changes = changesBetween(before, next, KEY);
  expect(changes?.map(({ kind, object }) => `${kind} ${object}`).join()).toMatch(/^removed .*two/);
  expect([areGivenRead(next, KEY), areCompared(before, next, KEY)]).toEqual([true, true]);
  expect(changesBetween(before, next, KEY)).toBe(changes);
});

test("the same file changes nothing of itself, and need not be read for that", () => {
  const same = file("same");
  expect(changesBetween(same, same, KEY)).toEqual([]);
  expect(areGivenRead(same, KEY)).toBe(false);
});

test("of a file that Ceilometer would not take nothing is known; one that is given says what is wrong with it", () => {
  const broken = "metric: [";
  expect(changesBetween(broken, file("one"), KEY)).toBeUndefined();
  expect(givenDefinitions(broken, KEY).kind).toBe("broken");
  expect(changesBetween(file("one"), broken, KEY)).toEqual([]);
});

test("the name of a file is part of what it is", () => {
  const text = "{}";
  givenDefinitions(text, "event_definitions.yaml");
  expect([areGivenRead(text, "event_definitions.yaml"), areGivenRead(text, KEY)]).toEqual([true, false]);
});
