import { describe, expect, it } from "vitest";
import { createScreen, guarded } from "./screen.ts";
import { piece } from "./text.ts";

function output(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 20, rows: 4, write: (text: string) => written.push(text), written };
}
const lines = (...texts: string[]) => texts.map((text) => [piece(text)]);

describe("a terminal", () => {
  it("gets the block redrawn in place, under what is said meanwhile", () => {
    const terminal = output(true);
    const screen = createScreen(terminal, { NO_COLOR: "1" });
    screen.show(lines("one", "two"));
    screen.say("news");
    screen.show(lines("three"));
    screen.release();
    expect(terminal.written).toEqual([
      "\u001B[?25lone\ntwo\n",
      "\u001B[2A\r\u001B[0Jnews\none\ntwo\n",
      "\u001B[?25l\u001B[2A\r\u001B[0Jthree\n",
      "\u001B[?25h",
    ]);
  });

  it("is never given more lines than it has, nor a line that wraps", () => {
    const terminal = output(true);
    createScreen(terminal, { NO_COLOR: "1" }).show(lines("a".repeat(50), "b", "c", "d", "e"));
    expect(terminal.written).toEqual([`\u001B[?25l${"a".repeat(18)}…\nb\nc\n`]);
  });
});

describe("a terminal that does not know its size", () => {
  it("is taken for one of the usual size, and not for one of no column and no line", () => {
    const terminal = { ...output(true), columns: 0, rows: 0 };
    createScreen(terminal, { NO_COLOR: "1" }).show(lines("a".repeat(50), "b"));
    expect(terminal.written).toEqual([`\u001B[?25l${"a".repeat(50)}\nb\n`]);
  });
});

describe("anything else", () => {
  it("gets what is said, in full, and no escape codes", () => {
    const file = output(false);
    const screen = createScreen(file, {});
    screen.show(lines("one"));
    screen.say("x".repeat(50));
    screen.release();
    expect(file.written).toEqual([`${"x".repeat(50)}\n`]);
  });
});

describe("a guarded output", () => {
  it("lets through the codes of the screen alone, and is as wide as what it guards", () => {
    const terminal = output(true);
    const safe = guarded(terminal);
    safe.write("say \u001B[2Jnothing\n");
    const screen = createScreen(safe, {});
    screen.show([[piece("\u001B[31mred", "good")]]);
    expect(terminal.written).toEqual(["say \uFFFD[2Jnothing\n", "\u001B[?25l\u001B[32m\uFFFD[31mred\u001B[0m\n"]);
    expect([safe.isTTY, safe.columns, safe.rows]).toEqual([true, 20, 4]);
  });
});
