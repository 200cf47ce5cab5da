import { describe, expect, test } from "vitest";
import { commandsOf, missingLines } from "./page-commands.ts";

const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\`\n`;

describe("a page", () => {
  test("is its commands, files and outputs in their order", () => {
    const page = [
      "# Page\n\n<!-- begins with: nothing -->\n<!-- first:\nprepare\n-->\n<!-- file: a.yaml -->\n",
      block("yaml", "a: 1"),
      block("sh", "one"),
      "<!-- output -->\n",
      block("", "said"),
      "<!-- keeps running -->\n<!-- ends with: 1 -->\n",
      block("sh", "two"),
      "<!-- not run: needs a registry -->\n",
      block("sh", "three"),
    ].join("");
    const { beginsWithNothing, pieces } = commandsOf(page);
    expect(beginsWithNothing).toBe(true);
    expect(pieces.map(({ line: _, ...piece }) => piece)).toEqual([
      { kind: "first", text: "prepare" },
      { kind: "file", name: "a.yaml", text: "a: 1\n" },
      { kind: "run", endsWith: [], keepsRunning: false, text: "one\n" },
      { kind: "output", text: "said\n" },
      { kind: "run", endsWith: [1], keepsRunning: true, text: "two\n" },
      { kind: "notRun", reason: "needs a registry", text: "three\n" },
    ]);
  });

  test("may hold what is no command", () => {
    expect(commandsOf(`<!-- a remark -->\n${block("", "STEP  READY")}${block("yaml", "a: 1")}`).pieces).toEqual([]);
  });

  test.each([
    ["commands that are not marked", block("", "kubectl get pods"), "line 1: a block of commands is marked `sh`"],
    ["no reason", `<!-- not run: -->\n${block("sh", "x")}`, "line 2: why is it not run?"],
    ["a directive before nothing", "<!-- output -->\n", '"output" has no block behind it'],
  ])("is refused with %s", (_, page, message) => {
    expect(() => commandsOf(page)).toThrow(message);
  });
});

test("output is compared by the words that stay the same, line by line", () => {
  const printed = "NAME    AGE\npod-7c  12s   Running\n";
  expect(missingLines("NAME   AGE\npod-1b  3s    Running\n…\n", printed)).toEqual([]);
  expect(missingLines("pod-1b  3s    Pending\nNAME READY\n", printed)).toEqual(["pod-1b  3s    Pending", "NAME READY"]);
});
