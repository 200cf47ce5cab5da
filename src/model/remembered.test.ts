import { expect, test } from "vitest";
import { Remembered } from "./remembered.ts";

test("a text is read once, until others have taken its place", () => {
  const read: string[] = [];
  const remembered = new Remembered<{ of: string }>(2);
  const ask = (text: string) =>
    remembered.of(text, (of) => {
      read.push(of);
      return { of };
    });
  expect(ask("aaaa")).toBe(ask("aaaa"));
  ask("bbbb");
  ask("aaaa");
  expect(read).toEqual(["aaaa", "bbbb"]);
  // The one that was asked for longest ago goes.
  ask("cccc");
  expect([remembered.has("aaaa"), remembered.has("bbbb"), remembered.has("cccc")]).toEqual([true, false, true]);
  ask("bbbb");
  expect(read).toEqual(["aaaa", "bbbb", "cccc", "bbbb"]);
});

test("what is nothing is remembered too, and what throws is not", () => {
  let count = 0;
  const nothing = new Remembered<undefined>(10);
  const ask = () =>
    nothing.of("a", () => {
      count += 1;
      return undefined;
    });
  ask();
  ask();
  expect(count).toBe(1);
  const throwing = () =>
    nothing.of("b", () => {
      throw new Error("no");
    });
  expect(throwing).toThrow("no");
  expect(nothing.has("b")).toBe(false);
});
