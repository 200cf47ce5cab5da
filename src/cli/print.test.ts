import { expect, test } from "vitest";
import { printJson, tableText } from "./print.ts";

test("a cell of a table is one line, and gives no orders to the terminal", () => {
  expect(tableText(["NAME", "MESSAGE"], [["a", "one\ntwo\u001B[2J"]])).toBe(
    "NAME   MESSAGE\na      one two\uFFFD[2J\n",
  );
});

test("JSON says the same, and gives no orders to the terminal", () => {
  let written = "";
  const value = { message: "\u001B[2J\u009B2J\u007F" };
  printJson({ write: (text) => (written += text) }, value);
  expect(JSON.parse(written)).toEqual(value);
  expect(written).toMatch(/^[\n -~]*$/);
});
