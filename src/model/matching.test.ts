import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSourceFiltering, fnmatch, isSupported } from "./matching.ts";

const NAMES = ["cpu", "disk.read.bytes", "disk.device.read.bytes", "memory.usage"];
const BOTH = "Both included and excluded meters specified";
const WILDCARD = "Included meters specified with wildcard";

/** Observed with Ceilometer 26.0.0. A row without names is refused, or crashes Ceilometer. */
const GOLDEN: readonly (readonly [unknown, string | undefined, (readonly string[])?])[] = [
  [["*"], undefined, NAMES],
  [["cpu"], undefined, ["cpu"]],
  [["!cpu"], undefined, ["disk.read.bytes", "disk.device.read.bytes", "memory.usage"]],
  [["*", "!disk.*"], undefined, ["cpu", "memory.usage"]],
  [["cpu", "!disk.*"], BOTH],
  [["*", "cpu"], WILDCARD],
  [["*.bytes", "!disk.*"], undefined, []],
  [["*.bytes", "cpu"], undefined, ["cpu", "disk.read.bytes", "disk.device.read.bytes"]],
  [["*", "*.bytes"], undefined, NAMES],
  [["disk.*", "cpu"], undefined, ["cpu", "disk.read.bytes", "disk.device.read.bytes"]],
  [["*", "!*"], undefined, []],
  [["!disk.*", "!*"], undefined, []],
  [["!"], undefined, NAMES],
  [["?pu"], undefined, ["cpu"]],
  [["[cd]pu"], undefined, ["cpu"]],
  [[], "No meters specified"],
  [null, "No meters specified"],
  [undefined, "No meters specified"],
  ["", "No meters specified"],
  [[""], "an entry of meters is empty"],
  [[1], "an entry of meters is no text"],
  [[null], "an entry of meters is no text"],
  [5, "meters should be a list"],
  ["*", undefined, NAMES],
  ["cpu", undefined, []],
  ["disk.*", WILDCARD],
];

describe("golden vectors", () => {
  it.each(GOLDEN)("%j", (meters, fault, supported) => {
    expect(checkSourceFiltering(meters, "meters")).toBe(fault);
    if (supported === undefined) return;
    const patterns = (Array.isArray(meters) ? meters : Array.from(String(meters))).map(String);
    expect(NAMES.filter((name) => isSupported(patterns, name))).toEqual(supported);
  });

  it("speaks of events in event pipelines", () => {
    expect(checkSourceFiltering([], "events")).toBe("No events specified");
  });
});

describe("fnmatch", () => {
  it.each([
    ["a]b", "a[]]b", true],
    ["a-b", "a[-]b", true],
    ["b", "[a-c]", true],
    ["d", "[!a-c]", true],
    ["-", "[a-c-e]", true],
    ["d", "[a-c-e]", false],
    ["[", "[", true],
    ["[!]", "[!]", true],
    ["^", "[^a]", true],
    ["b", "[z-a]", false],
    ["b", "[!z-a]", true],
    ["\\", "[\\]", true],
    ["CPU", "cpu", false],
    ["cpu\n", "cpu", false],
    ["a\nb", "a*b", true],
    ["a.b.c", "*.c", true],
    ["", "*", true],
    ["", "", true],
    ["x", "", false],
    ["𝒳", "?", true],
  ])("%j against %j is %s, as in Python", (name, pattern, matches) => {
    expect(fnmatch(name, pattern)).toBe(matches);
  });

  /** Straight from the definition, exponential and therefore only for short texts. */
  const naive = (name: string, pattern: string): boolean => {
    const head = pattern[0];
    if (head === undefined) return name === "";
    if (head === "*") return naive(name, pattern.slice(1)) || (name !== "" && naive(name.slice(1), pattern));
    return name !== "" && (head === "?" || head === name[0]) && naive(name.slice(1), pattern.slice(1));
  };

  it("agrees with the definition", () => {
    const text = fc.stringMatching(/^[ab.]{0,8}$/);
    const pattern = fc.stringMatching(/^[ab.*?]{0,7}$/);
    fc.assert(
      fc.property(text, pattern, (name, glob) => {
        expect(fnmatch(name, glob)).toBe(naive(name, glob));
      }),
      { numRuns: 2000 },
    );
  });

  it("ends on patterns that make a backtracking matcher run for ever", () => {
    expect(fnmatch("a".repeat(2000), `${"*a".repeat(1000)}b`)).toBe(false);
    expect(fnmatch("a".repeat(1000), "[".repeat(60_000))).toBe(false);
  });
});
