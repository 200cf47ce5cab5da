import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestInterval, parsePolling } from "./polling-file.ts";

const told = (text: string): readonly string[] => {
  const read = parsePolling(text);
  const problems = read.problems;
  return problems.map(({ severity, line, place, rule }) => `${severity} ${line ?? "-"} ${place}: ${rule}`);
};
const source = (lines: string): string => `sources:\n  - name: a\n${lines.replaceAll(/^/gm, "    ")}\n`;

describe("a valid file", () => {
  it("is read with all its fields", () => {
    const read = parsePolling(`
sources:
  - name: some
    interval: "300"
    meters: [cpu, "disk.*"]
    resources: [snmp://host]
    discovery: [local_instances]
    group_id_coordination_expression: "'x'"
    unknown: ignored
  - name: rest
    interval: 600.9
    meters: ["*"]
    resources:
`);
    expect(read).toEqual({
      kind: "parsed",
      file: {
        sources: [
          {
            name: "some",
            intervalSeconds: 300,
            meters: ["cpu", "disk.*"],
            resources: ["snmp://host"],
            discovery: ["local_instances"],
            coordinationExpression: "'x'",
          },
          { name: "rest", intervalSeconds: 600, meters: ["*"], resources: [], discovery: [] },
        ],
      },
      problems: [],
    });
    expect(read.kind === "parsed" ? longestInterval(read.file) : 0).toBe(600);
  });

  it("may have no sources, with a warning", () => {
    expect(told("sources: []")).toEqual(["Warning 1 sources: the list is empty: nothing is polled"]);
    expect(longestInterval({ sources: [] })).toBe(0);
  });

  it("may name two sources alike, with a warning", () => {
    const one = "  - {name: a, interval: 1, meters: ['*']}\n";
    expect(told(`sources:\n${one}${one}`)).toEqual([
      "Warning 3 sources[1].name: two sources are called a; their tasks become one",
    ]);
  });

  it("may have a text for meters, which Ceilometer reads letter by letter", () => {
    expect(told(source("interval: 1\nmeters: cpu"))).toEqual([
      "Warning 4 sources[0].meters: a text in place of a list is read letter by letter",
    ]);
  });
});

describe("what Ceilometer refuses or crashes on", () => {
  it.each([
    ["", "Error - : sources required"],
    ["meters: []", "Error 1 : sources required"],
    ["just text", "Error 1 : sources required"],
    ["sources:", "Error 1 sources: sources should be a list"],
    ["sources: [a]", "Error 1 sources[0]: the entry is no mapping"],
    ["sources: [{interval: 1, meters: ['*']}]", "Error 1 sources[0]: Required field name not specified"],
    ["sources: [{name: , interval: 1, meters: ['*']}]", "Error 1 sources[0].name: the name is no text"],
    [source("interval: 1"), "Error 2 sources[0]: Missing meters value"],
    [source("meters: ['*']"), "Error 2 sources[0]: Missing interval value"],
    [source("meters: ['*']\ninterval: soon"), "Error 4 sources[0].interval: Invalid interval value"],
    [source("meters: ['*']\ninterval: 1e3"), "Error 4 sources[0].interval: Invalid interval value"],
    [source("meters: ['*']\ninterval: [1]"), "Error 4 sources[0].interval: Invalid interval value"],
    [source("meters: ['*']\ninterval: .inf"), "Error 4 sources[0].interval: Invalid interval value"],
    [source("meters: ['*']\ninterval:"), "Error 4 sources[0].interval: Invalid interval value"],
    [source("meters: ['*']\ninterval: 0"), "Error 4 sources[0].interval: Interval value should > 0"],
    [source("meters: ['*']\ninterval: -5"), "Error 4 sources[0].interval: Interval value should > 0"],
    [source("meters: ['*']\ninterval: 1\nresources: x"), "Error 5 sources[0].resources: Resources should be a list"],
    [
      source("meters: ['*']\ninterval: 1\ndiscovery: {a: 1}"),
      "Error 5 sources[0].discovery: Discovery should be a list",
    ],
    [source("meters: ['*']\ninterval: 1\ndiscovery: [[a]]"), "Error 5 sources[0].discovery[0]: the entry is no text"],
    [source("meters: ['*', cpu]\ninterval: 1"), "Error 3 sources[0].meters: Included meters specified with wildcard"],
    [
      source("meters: ['!a', cpu]\ninterval: 1"),
      "Error 3 sources[0].meters: Both included and excluded meters specified",
    ],
    [source("meters: []\ninterval: 1"), "Error 3 sources[0].meters: No meters specified"],
    [source("meters: [on]\ninterval: 1"), "Error 3 sources[0].meters: an entry of meters is no text"],
    ["sources: [", "Error 1 : the indentation is wrong, or a bracket is not closed"],
  ])("%j", (text, problem) => {
    expect(told(text)).toEqual([problem]);
  });

  it("tells everything at once", () => {
    expect(told(`${source("meters: []")}  - interval: 0\n`)).toEqual([
      "Error 3 sources[0].meters: No meters specified",
      "Error 2 sources[0]: Missing interval value",
      "Error 4 sources[1]: Required field name not specified",
      "Error 4 sources[1]: Missing meters value",
      "Error 4 sources[1].interval: Interval value should > 0",
    ]);
  });
});

describe("properties", () => {
  it("never throws, and whatever it accepts can be polled", () => {
    const entry = fc.record(
      {
        name: fc.anything({ maxDepth: 1 }),
        interval: fc.anything({ maxDepth: 1 }),
        meters: fc.oneof(fc.anything({ maxDepth: 1 }), fc.array(fc.constantFrom("*", "!a", "cpu", "", 1))),
        resources: fc.anything({ maxDepth: 1 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(entry), (sources) => {
        const read = parsePolling(JSON.stringify({ sources }));
        if (read.kind === "broken") return;
        for (const { intervalSeconds, meters } of read.file.sources) {
          expect(Number.isSafeInteger(intervalSeconds) && intervalSeconds > 0).toBe(true);
          expect(meters).not.toHaveLength(0);
        }
      }),
    );
  });
});
