import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { booleanOf, integerOf, listOf, literalOf, parseOsloConfig } from "./oslo-config.ts";

const parse = (...texts: readonly string[]) =>
  parseOsloConfig(texts.map((text, index) => ({ name: `text ${index + 1}`, text })));
const told = (text: string): readonly string[] => parse(text).problems.map(({ line, rule }) => `${line}: ${rule}`);

/** Each expectation was seen with oslo.config 9.7.0. */
describe("ceilometer.conf", () => {
  const TEXT = `
# comment
; another
[DEFAULT]
debug = true
url: rabbit://a:b@c
  ,d@e
\tf
quoted = "  x  "
one = '
both = a:b=c
empty =
empty_first : x = y
[Polling]
prefix = first
prefix = last
[polling]
partitioning-group-prefix = never read
m = 3
`;

  it.each([
    ["DEFAULT", "debug", "true"],
    ["DEFAULT", "url", "rabbit://a:b@c\n,d@e\nf"],
    ["DEFAULT", "quoted", "  x  "],
    ["DEFAULT", "one", ""],
    ["DEFAULT", "both", "a:b=c"],
    ["DEFAULT", "empty", ""],
    ["DEFAULT", "empty_first", "x = y"],
    ["polling", "prefix", "last"],
    ["POLLING", "m", "3"],
    ["default", "debug", undefined],
    ["polling", "debug", undefined],
    ["polling", "partitioning-group-prefix", undefined],
    ["polling", "__proto__", undefined],
  ])("[%s] %s is %j", (section, name, value) => {
    expect(parse(TEXT).problems).toEqual([]);
    expect(parse(TEXT).option(section, name)).toBe(value);
  });

  it("takes the last text that has an option, under any of its names, and every value of a repeated one", () => {
    const config = parse("[a]\nx = 1\nm = 1\nm = 2\n[old]\nx = 0\n", "[old]\nx = 2\n[a]\nm = 3\n", "[b]\nx = 9\n");
    expect(config.option("a", "x")).toBe("1");
    expect(config.option("a", "x", [["old", "x"]])).toBe("2");
    expect(config.options("a", "m")).toEqual(["1", "2", "3"]);
    expect(config.options("a", "n")).toEqual([]);
  });

  it("finds an option that is asked for as on a command line", () => {
    expect(parse("[DEFAULT]\npolling_namespaces = central").option("DEFAULT", "polling-namespaces")).toBe("central");
  });

  it("says what oslo.config refuses, with the line and without the text", () => {
    expect(told("key = secret\n")).toEqual(["1: Section must be started before assignment"]);
    expect(told("[a]\nsecret\n= secret\n[]\n[b\n")).toEqual([
      "2: No ':' or '=' found in assignment",
      "3: Key cannot be empty",
      "4: Empty section name",
      "5: Invalid section (must end with ])",
    ]);
    expect(told("[a]\n  secret\nx = 1\n\n  secret\n")).toEqual([
      "2: Unexpected continuation line",
      "5: Unexpected continuation line",
    ]);
  });

  it("puts nothing into the wrong section after one that is not understood", () => {
    const config = parse("[a]\nx = 1\n[b\nx = 2\n");
    expect(config.option("a", "x")).toBe("1");
    expect(config.problems.map(({ line }) => line)).toEqual([3, 4]);
  });

  it("is bounded and never throws, whatever the text", () => {
    expect(told(`[a]\n${"x = 1\n".repeat(100_000)}`)).toEqual(["1: larger than 512 KiB"]);
    expect(parse(`[a]\n${"x=1\n".repeat(100_000)}`).options("a", "x")).toHaveLength(100_000);
    expect(told("[\n".repeat(1000))).toHaveLength(32);
    const line = fc.oneof(fc.string(), fc.constantFrom("[a]", "[", "k = v", " more", "=", ":", "", "#", "\t", "k: '"));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { problems } = parse(lines.join("\n"));
        for (const problem of problems) expect(problem.line).toBeGreaterThan(0);
      }),
    );
  });

  it("gives back what was written", () => {
    const word = fc.stringMatching(/^[a-z_]{1,8}$/);
    const value = fc.stringMatching(/^[a-z0-9:=/@.]([a-z0-9 :=/@.]{0,12}[a-z0-9:=/@.])?$/);
    fc.assert(
      fc.property(fc.dictionary(word, value, { minKeys: 1 }), word, (options, section) => {
        const text = Object.entries(options).map(([key, written]) => `${key} = ${written}\n`);
        const config = parse(`[${section}]\n${text.join("")}`);
        for (const [key, written] of Object.entries(options)) expect(config.option(section, key)).toBe(written);
      }),
    );
  });
});

describe("a value", () => {
  it.each([
    ["plain", "plain"],
    ["$$ab", "$ab"],
    ["\\$ab", "$ab"],
    ["5 $ and 6$", "5 $ and 6$"],
    ["$ab", undefined],
    ["x/${a.b}/y", undefined],
    ["$$a$b", undefined],
  ])("%j means %j", (written, literal) => {
    expect(literalOf(written)).toBe(literal);
  });

  it.each([
    ["YES", true],
    ["1", true],
    ["on", true],
    ["True", true],
    ["off", false],
    ["0", false],
    ["no", false],
    ["2", undefined],
    ["", undefined],
  ])("%j is %j to a BoolOpt", (written, value) => {
    expect(booleanOf(written)).toBe(value);
  });

  it("is an integer, or a list, as oslo.config reads them", () => {
    expect([" 10 ", "-3", "1_0", "1.5", "ten", ""].map(integerOf)).toEqual([
      10,
      -3,
      10,
      undefined,
      undefined,
      undefined,
    ]);
    expect(listOf("central, compute,,")).toEqual(["central", "compute"]);
  });
});
