import { describe, expect, it } from "vitest";
import { FileProblems, placeText } from "./file-problem.ts";

describe("places", () => {
  it.each([
    [[], ""],
    [["sources", 0, "meters"], "sources[0].meters"],
    [["a b", "c"], "a?b.c"],
  ])("%j is %j", (path, text) => {
    expect(placeText(path)).toBe(text);
  });
});

describe("outcome", () => {
  const lineOf = () => 7;

  it("is the file with its warnings where nothing is wrong", () => {
    const problems = new FileProblems(lineOf);
    problems.warning(["a"], "odd", "mend it");
    expect(problems.outcome(42)).toEqual({
      kind: "parsed",
      file: 42,
      problems: [{ place: "a", line: 7, rule: "odd", remedy: "mend it", severity: "Warning" }],
    });
  });

  it("tells errors first, and no line where there is none", () => {
    const problems = new FileProblems(() => undefined);
    problems.warning([], "odd", "mend it");
    problems.error([], "wrong", "mend it");
    expect(problems.outcome(42)).toEqual({
      kind: "broken",
      problems: [
        { place: "", rule: "wrong", remedy: "mend it", severity: "Error" },
        { place: "", rule: "odd", remedy: "mend it", severity: "Warning" },
      ],
    });
  });

  it("keeps a file's meaning where a plugin in it is not Ceilometer's own, as long as each can be named", () => {
    const withPlugins = (count: number) => {
      const problems = new FileProblems(lineOf);
      for (let index = 0; index < count; index += 1)
        problems.plugin([index], `Publisher/p${index}`, "unknown", "mend it");
      return problems.outcome(42);
    };
    const acme = {
      place: "[0]",
      line: 7,
      rule: "unknown",
      remedy: "mend it",
      severity: "Error",
      plugin: "Publisher/p0",
    };
    expect(withPlugins(1)).toEqual({ kind: "parsed", file: 42, problems: [acme] });
    expect(withPlugins(32).kind).toBe("parsed");
    expect(withPlugins(33).kind).toBe("broken");
  });

  it("keeps 32 and counts the rest, and never loses an error behind warnings", () => {
    const problems = new FileProblems(lineOf);
    for (let count = 0; count < 40; count += 1) problems.warning([count], "odd", "mend it");
    problems.error([], "wrong", "mend it");
    const outcome = problems.outcome(42);
    if (outcome.kind === "parsed") throw new Error("not refused");
    expect(outcome.problems[0].rule).toBe("wrong");
    expect(outcome.problems).toHaveLength(33);
    expect(outcome.problems.at(-1)?.rule).toBe("9 more problems");
  });
});
