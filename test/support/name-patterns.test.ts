import { expect, it } from "vitest";
import { fnmatch, isSupported, isValid } from "./name-patterns.ts";

const names = ["cpu", "disk.read.bytes", "disk.device.read.bytes", "memory.usage"];
const [cpu = "", read = "", device = "", memory = ""] = names;

// Asked of ceilometer 26.0.0 itself.
it.each([
  [["*"], names],
  [["cpu"], [cpu]],
  [["!cpu"], [read, device, memory]],
  [
    ["*", "!disk.*"],
    [cpu, memory],
  ],
  [["*.bytes", "!disk.*"], []],
  [
    ["*.bytes", "cpu"],
    [cpu, read, device],
  ],
  [["*", "*.bytes"], names],
  [["*", "!*"], []],
  [["!disk.*", "!*"], []],
  [["!"], names],
  [["?pu"], [cpu]],
  [["[cd]pu"], [cpu]],
])("%j is valid and takes what Ceilometer takes", (patterns, taken) => {
  expect(isValid(patterns)).toBe(true);
  expect(names.filter((name) => isSupported(patterns, name))).toEqual(taken);
});

it.each([[["cpu", "!disk.*"]], [["*", "cpu"]], [[]], [[""]], [Array.from("disk.*")]])(
  "no agent takes %j",
  (patterns) => {
    expect(isValid(patterns)).toBe(false);
  },
);

it("reads sets as Python does", () => {
  expect(fnmatch("a]b", "a[]]b")).toBe(true);
  expect(fnmatch("a-b", "a[!x-z]b")).toBe(true);
  expect(fnmatch("ayb", "a[!x-z]b")).toBe(false);
  expect(fnmatch("a[b", "a[b")).toBe(true);
  expect(fnmatch("a^b", "a[x^]b")).toBe(true);
  expect(fnmatch("cpu", "CPU")).toBe(false);
});
