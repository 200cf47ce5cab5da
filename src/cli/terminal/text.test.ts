import { describe, expect, it } from "vitest";
import { cell, piece, renderLine, wantsColours } from "./text.ts";

const line = [cell("ab", 4, "good"), piece("cdef")];

describe("a line", () => {
  it("is cut to the width of the terminal, which escape codes do not take up", () => {
    expect(renderLine(line, { width: 6, colours: false })).toBe("ab  c…");
    expect(renderLine(line, { width: 6, colours: true })).toBe("\u001B[32mab  \u001B[0mc…");
    expect(renderLine(line, { width: 100, colours: false })).toBe("ab  cdef");
  });
});

describe("colours", () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
  ])("terminal %s with %j: %s", (isTerminal, env, wanted) => {
    expect(wantsColours(isTerminal, env)).toBe(wanted);
  });
});
