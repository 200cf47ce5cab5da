import { describe, expect, it } from "vitest";
import { dynamicPollsterNames, parseDynamicPollsters } from "./dynamic-pollsters.ts";

const told = (text: string): readonly string[] => {
  const read = parseDynamicPollsters(text);
  return read.problems.map(({ severity, line, place, rule }) => `${severity} ${line ?? "-"} ${place}: ${rule}`);
};

describe("a file of dynamic pollsters", () => {
  it("gives names by namespace, central where it says none", () => {
    const read = parseDynamicPollsters(`
- name: dynamic.b
  sample_type: gauge
- name: dynamic.a
  namespaces: [central, compute]
- name: "dynamic.radosgw.{category}"
  namespaces: ipmi
`);
    if (read.kind === "broken") throw new Error("broken");
    expect(read.problems).toEqual([]);
    expect(dynamicPollsterNames(read.file, "central")).toEqual(["dynamic.a", "dynamic.b"]);
    expect(dynamicPollsterNames(read.file, "compute")).toEqual(["dynamic.a"]);
    expect(dynamicPollsterNames(read.file, "ipmi")).toEqual(["dynamic.radosgw.{category}"]);
    expect(dynamicPollsterNames(read.file, "own")).toEqual([]);
  });

  it("may be an empty list", () => {
    expect(told("[]")).toEqual([]);
  });

  it.each([
    ["", "Error - : the file is no list of pollsters"],
    ["name: a", "Error 1 : the file is no list of pollsters"],
    ["- a", "Error 1 [0]: the entry is no mapping"],
    ["- unit: a", "Error 1 [0]: Required field name not specified"],
    ["- name: 5", "Error 1 [0].name: the name is no name of a pollster"],
    ["- name: '!a'", "Error 1 [0].name: the name is no name of a pollster"],
    ["- name: a\n- name: a", "Warning 2 [1].name: a is defined twice; where both serve a namespace the first counts"],
    ["- name: a\n  namespaces:", "Warning 2 [0].namespaces: namespaces names something that no agent serves"],
    ["- name: a\n  namespaces: []", "Warning 2 [0].namespaces: namespaces names something that no agent serves"],
    ["- {", "Error 1 : the indentation is wrong, or a bracket is not closed"],
  ])("%j", (text, problem) => {
    expect(told(text)).toEqual([problem]);
  });
});
