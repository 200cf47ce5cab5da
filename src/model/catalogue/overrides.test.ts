import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCatalogueOverrides } from "./overrides.ts";

const told = (text: string): readonly string[] => {
  const read = parseCatalogueOverrides(text);
  return read.problems.map(({ line, place, rule }) => `${line ?? "-"} ${place}: ${rule}`);
};
const entry = (fields: string): string => `pollsters:\n  - {${fields}}\n`;

describe("overrides of the catalogue", () => {
  it("are read, releases with and without quotes", () => {
    const text = `
pollsters:
  - {name: my.pollster, namespace: central, since: 2025.1, removed: "2026.1"}
  - {name: other, namespace: own, removed: pike}
  - {name: always, namespace: ipmi}
`;
    expect(parseCatalogueOverrides(text)).toEqual({
      kind: "parsed",
      file: [
        { name: "my.pollster", namespace: "central", since: "2025.1", removed: "2026.1" },
        { name: "other", namespace: "own", removed: "pike" },
        { name: "always", namespace: "ipmi" },
      ],
      problems: [],
    });
    expect(told("pollsters: []")).toEqual([]);
  });

  it.each([
    ["", "- : the file is no mapping"],
    ["[]", "1 : the file is no mapping"],
    ["{}", "1 pollsters: pollsters should be a list"],
    ["pollsters: {}", "1 pollsters: pollsters should be a list"],
    ["pollsters: [a]", "1 pollsters[0]: the entry is no mapping"],
    [entry("namespace: central"), "2 pollsters[0].name: the name is missing, or no name of a pollster"],
    [entry("name: '!a', namespace: own"), "2 pollsters[0].name: the name is missing, or no name of a pollster"],
    [entry("name: a b, namespace: own"), "2 pollsters[0].name: the name is missing, or no name of a pollster"],
    [entry("name: a"), "2 pollsters[0].namespace: the namespace is missing, or no name of one"],
    [entry("name: a, namespace: own, since: quebec"), "2 pollsters[0].since: the release is not known"],
    [entry("name: a, namespace: own, removed: 25.0.0"), "2 pollsters[0].removed: the release is not known"],
    [entry("name: a, namespace: own, until: pike"), "2 pollsters[0].until: there is no until here"],
    [`${entry("name: a, namespace: own")}more: 1`, "3 more: there is no more here"],
    [
      entry("name: a, namespace: own, since: rocky, removed: rocky"),
      "2 pollsters[0]: no release has a: it is removed before it comes",
    ],
    ["pollsters: [", "1 : the indentation is wrong, or a bracket is not closed"],
  ])("%j is refused", (text, problem) => {
    expect(told(text)).toEqual([problem]);
  });

  it("are all looked at", () => {
    expect(told("pollsters: [{}, a]")).toHaveLength(3);
  });

  it("never make it throw", () => {
    const field = fc.anything({ maxDepth: 1 });
    const fields = fc.record(
      { name: field, namespace: field, since: field, removed: field, other: field },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ pollsters: fc.array(fields) })), (value) => {
        expect(["parsed", "broken"]).toContain(parseCatalogueOverrides(JSON.stringify(value) ?? "").kind);
      }),
    );
  });
});
