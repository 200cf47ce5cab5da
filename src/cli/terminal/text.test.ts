import { describe, expect, it } from "vitest";
import { withoutControls } from "../../runtime/controls.ts";
import { cell, cut, flattened, piece, renderLine, wantsColours } from "./text.ts";

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

describe("a text of the cluster", () => {
  it("gives no orders to the terminal", () => {
    const evil = "\u001B]52;c;cm0=\u0007\u009B2J\r\u007Fheld\n\tstill";
    expect(withoutControls(evil)).toBe("\uFFFD]52;c;cm0=\uFFFD\uFFFD2J\uFFFD\uFFFDheld\n\tstill");
    expect(renderLine([piece(evil)], { width: 100, colours: false })).toBe(withoutControls(evil));
    expect(cut("a\u001B[2Jb\nc", 20)).toBe("a\uFFFD[2Jb c");
    expect(flattened("a\r\nb\u009Bc")).toBe("a b\uFFFDc");
  });
});
