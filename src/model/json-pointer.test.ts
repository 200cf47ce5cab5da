import { describe, expect, test } from "vitest";
import { valueAt } from "./json-pointer.ts";

/** The document and the pointers of RFC 6901, section 5. */
const RFC = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
};

describe("a pointer", () => {
  test.each<[pointer: string, value: unknown]>([
    ["", RFC],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%j leads where the RFC says", (pointer, value) => {
    expect(valueAt(RFC, pointer)).toEqual({ kind: "found", value });
  });

  test("~01 is ~1 and no slash", () => {
    expect(valueAt({ "~1": "tilde one", "/": "slash" }, "/~01")).toEqual({ kind: "found", value: "tilde one" });
  });

  test.each([
    "/foo/2",
    "/foo/-",
    "/foo/00",
    "/foo/+1",
    "/foo/length",
    "/bar",
    "/foo/0/x",
    "/constructor",
    "/__proto__",
  ])("%j leads to nothing", (pointer) => expect(valueAt(RFC, pointer)).toEqual({ kind: "nothing" }));

  test.each(["foo", "/m~n", "/m~2n", "/m~"])("%j is malformed", (pointer) => {
    expect(valueAt(RFC, pointer)).toEqual({ kind: "malformed" });
  });
});
