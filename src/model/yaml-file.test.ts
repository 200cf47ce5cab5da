import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMapping } from "./file-source.ts";
import { parseYamlAs, parseYamlFile } from "./yaml-file.ts";
import { DEFINITIONS } from "./yaml-value.ts";

const valueOf = (text: string): unknown => {
  const file = parseYamlFile(text);
  if (file.kind === "broken") throw new Error(JSON.stringify(file.problems));
  return file.value;
};
const rulesOf = (text: string): readonly string[] => {
  const file = parseYamlFile(text);
  return file.kind === "broken" ? file.problems.map(({ rule }) => rule) : [];
};
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

describe("values", () => {
  it("reads lists and mappings", () => {
    expect(plain(valueOf("a:\n  - b\n  - {c: 1, d: null}\n"))).toEqual({ a: ["b", { c: 1, d: null }] });
  });

  it.each(["", "# only a comment\n", "---\n", "---\n...\n"])("reads the empty document %j as null", (text) => {
    expect(valueOf(text)).toBeNull();
  });

  it.each([
    ["yes", true],
    ["No", false],
    ["ON", true],
    ["off", false],
    ["y", "y"],
    ["true", true],
    ["~", null],
    ["010", 8],
    ["-010", -8],
    ["1_000", 1000],
    ["10:00", 600],
    ["-1:30", -90],
    ["1:60", "1:60"],
    ["0:30", "0:30"],
    ["0o10", "0o10"],
    ["1e3", "1e3"],
    ["1.5", 1.5],
    ["08", "08"],
    ["0x1F", 31],
    ["+5", 5],
    ["_1", "_1"],
    ["'yes'", "yes"],
    ['"010"', "010"],
    ["!!str 010", "010"],
  ])("reads %s as Ceilometer's YAML 1.1 loader does", (written, value) => {
    expect(plain(valueOf(`a: ${written}`))).toEqual({ a: value });
  });

  it("shares what an alias stands for", () => {
    expect(plain(valueOf("a: &x [1]\nb: *x\nc: [*x, *x]\n"))).toEqual({ a: [1], b: [1], c: [[1], [1]] });
  });

  it("keeps prototype keys inert", () => {
    const value = valueOf("__proto__: {polluted: 1}\nconstructor: 2\ntoString: 3\n");
    expect(isMapping(value) ? Object.keys(value) : []).toEqual(["__proto__", "constructor", "toString"]);
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

describe("lines", () => {
  const file = parseYamlFile(
    "sources:\n  - name: a\n    meters:\n      - x\n      - y\n  - &b\n    name: b\nsinks: [*b]\n",
  );
  const lineOf = (...path: (string | number)[]) => (file.kind === "parsed" ? file.lineOf(path) : undefined);

  it("finds keys and entries, also behind an alias", () => {
    expect(lineOf()).toBe(1);
    expect(lineOf("sources", 0, "meters")).toBe(3);
    expect(lineOf("sources", 0, "meters", 1)).toBe(5);
    expect(lineOf("sources", 1, "name")).toBe(7);
    expect(lineOf("sinks", 0, "name")).toBe(7);
  });

  it("takes the nearest place where the path leads nowhere", () => {
    expect(lineOf("sources", 0, "sinks")).toBe(2);
    expect(lineOf("sources", 7)).toBe(1);
  });
});

describe("refusals", () => {
  it.each([
    ["a: [1", "the indentation is wrong, or a bracket is not closed"],
    ["a: 'b", "a bracket, comma, colon or quote is missing"],
    ["a:\n  b: 1\n c: 2\n", "the indentation is wrong, or a bracket is not closed"],
    ["- *\n", "an alias (*) has no valid name"],
    ["- *.bytes\n", "found undefined alias"],
    ["- !disk.*\n", "could not determine a constructor for the tag"],
    ["a: !!python/object:os.system x\n", "could not determine a constructor for the tag"],
    ["a: !!js/function x\n", "could not determine a constructor for the tag"],
    ["a: 1\n---\nb: 1\n", "expected a single document in the stream"],
    ["a: &x [*x]\n", "an alias stands inside what it stands for"],
    ["a: &x {b: 1}\nc:\n  <<: *x\n", "a merge key (<<) is not read here"],
    ["? [a]\n: 1\n", "found unhashable key"],
    ["a: \u0000\n", "special characters are not allowed"],
    ["]\n", "this is no valid YAML"],
  ])("refuses %j", (text, rule) => {
    expect(rulesOf(text)).toContain(rule);
  });

  it("names place and line, and does not quote the text", () => {
    const file = parseYamlFile("sources:\n  - name: a\n    name: hunter2\n");
    expect(file).toEqual({
      kind: "broken",
      problems: [
        {
          place: "sources[0].name",
          line: 3,
          rule: "the key is written twice",
          remedy: "keep one: Ceilometer takes the last and drops the others",
          severity: "Error",
        },
      ],
    });
    expect(JSON.stringify(parseYamlFile("password: @hunter2 *hunter2\nx: *hunter2"))).not.toContain("hunter2");
  });

  it("takes ten aliases and no more", () => {
    const text = (count: number) => `- &a 1\n${"- *a\n".repeat(count)}`;
    expect(rulesOf(text(10))).toEqual([]);
    expect(rulesOf(text(11))).toEqual(["more than 10 aliases"]);
  });

  it("counts bytes, not characters", () => {
    expect(rulesOf(`# ${"a".repeat(65_000)}`)).toEqual([]);
    expect(rulesOf(`# ${"é".repeat(33_000)}`)).toEqual(["larger than 64 KiB"]);
    expect(rulesOf(" ".repeat(70_000))).toEqual(["larger than 64 KiB"]);
  });
});

describe("bombs end before anything recurses or repeats", () => {
  const full = (unit: string) => unit.repeat(Math.floor(65_536 / unit.length));
  it.each(["[", "{", "- ", "? ", "a: ", "{a: ", "[a, ", "- ? ", "? - "])("depth of %j", (unit) => {
    expect(rulesOf(full(unit))[0]).toMatch(/^nested more than 32 deep$/);
  });
  it.each(["- a\n", "-\n", "#\n", "&a ", "!a ", "- *b\n", "* "])("tokens of %j", (unit) => {
    expect(rulesOf(full(unit))).toEqual(["more than 12000 YAML tokens"]);
  });
  it("documents", () => {
    expect(rulesOf(full("---\n"))).toEqual(["expected a single document in the stream"]);
  });
  it("mistakes: a few are told, whatever their number", () => {
    expect(rulesOf(`"${full("\\q").slice(0, 60_000)}`)).toHaveLength(8);
    expect(rulesOf(`[${",".repeat(5000)}`)).toHaveLength(8);
    expect(rulesOf("a:\n".repeat(2000))).toHaveLength(8);
  });
  it("billion laughs", () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`).join(", ")}]\n`;
    expect(rulesOf(`a: &a [x]\n${level("b", "a")}${level("c", "b")}${level("d", "c")}`)).toEqual([
      "more than 10 aliases",
    ]);
  });
  it("leaves the length of stack traces as it was", () => {
    const before = Error.stackTraceLimit;
    parseYamlFile("a: [");
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe("a file of definitions, which may merge", () => {
  const read = (text: string) => {
    const file = parseYamlAs(text, DEFINITIONS);
    return file.kind === "parsed" ? plain(file.value) : file.problems.map(({ rule }) => rule);
  };

  it.each([
    ["a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}", { a: { x: 1, y: 1 }, b: { x: 1, y: 2 } }],
    ["a: &a {x: 1}\nb: {x: 2, <<: *a}", { a: { x: 1 }, b: { x: 2 } }],
    // Of a list the first wins, of two merge keys the last.
    ["- &a {x: 1}\n- &b {x: 2, y: 2}\n- <<: [*a, *b]", [{ x: 1 }, { x: 2, y: 2 }, { x: 1, y: 2 }]],
    ["- &a {x: 1}\n- &b {x: 2}\n- {<<: *a, <<: *b}", [{ x: 1 }, { x: 2 }, { x: 2 }]],
    ["- &a {x: 1}\n- &b {<<: *a, y: 1}\n- {<<: *b}", [{ x: 1 }, { x: 1, y: 1 }, { x: 1, y: 1 }]],
    ['a: {"<<": 1}', { a: { "<<": 1 } }],
    ["a: {<<: {x: 1}}", { a: { x: 1 } }],
    ["a: 1\na: 2", { a: 2 }],
  ])("%j", (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it.each([
    ["a: {<<: 1}", "expected a mapping or list of mappings for merging"],
    ["a: {<<: [{}, 1]}", "expected a mapping or list of mappings for merging"],
    ["a: {<<: *b}", "found undefined alias"],
    ["a: &a {<<: *a}", "an alias stands inside what it stands for"],
  ])("refuses %j", (text, rule) => {
    expect(read(text)).toEqual([rule]);
  });

  it("reads no bomb", () => {
    const doubled = Array.from({ length: 60 }, (_, i) => `- &a${i + 1} [*a${i}, *a${i}]`).join("\n");
    expect(read(`- &a0 [x]\n${doubled}`)).toEqual(["with its aliases written out, larger than 512 KiB"]);
    const text = "x".repeat(30_000);
    expect(read(`- &a ${text}\n${"- *a\n".repeat(100)}`)).toEqual([
      "with its aliases written out, larger than 512 KiB",
    ]);
  });
});

describe("properties", () => {
  const fragment = fc.constantFrom(
    "a",
    "b",
    ": ",
    "- ",
    "\n",
    " ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!t ",
    "'",
    '"',
    "\\",
    "#",
    "|\n",
    "? ",
    "%",
    "---\n",
    "\t",
    "\uFEFF",
    "1",
    "<<",
    "é",
    "\uD800",
    "\u0007",
  );
  const yamlish = fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join(""));

  it("never throws on any text, and always says something of a broken one", () => {
    fc.assert(
      fc.property(fc.oneof(yamlish, fc.string({ unit: "binary" })), (text) => {
        const file = parseYamlFile(text);
        if (file.kind === "broken") {
          for (const { rule, remedy, severity } of file.problems) expect([rule, remedy, severity]).not.toContain("");
        } else {
          file.lineOf(["a", 0, "b"]);
          JSON.stringify(file.value);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("reads back what JSON wrote, as JSON is YAML", () => {
    const key = fc.stringMatching(/^[A-Za-z_.*!-]{1,12}$/).filter((text) => text !== "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.stringMatching(/^[ -~]{0,20}$/),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (written) => {
        expect(plain(valueOf(JSON.stringify(written)))).toEqual(plain(written));
      }),
    );
  });

  it("finds every key that is written twice", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(keys, (written) => {
        const text = written.map((key) => `${key}: 1\n`).join("");
        expect(rulesOf(text)).toHaveLength(written.length - new Set(written).size);
      }),
    );
  });
});
