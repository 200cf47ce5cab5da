import { describe, expect, test } from "vitest";
import { asInImage, askCommand, readAnswer } from "./image-pollsters.ts";

describe("the answer of an image", () => {
  test("is read by namespace", () => {
    const answer = readAnswer('{"central": {"extra": ["site.license"], "missing": ["port"]}}');
    expect(answer?.get("central")).toEqual({ extra: ["site.license"], missing: ["port"] });
  });

  test.each(["", "null", '{"central": ["a"]}', '{"central": {"extra": ["!x"], "missing": []}}', '{"central": {"ext'])(
    "is none, and not an empty one, where it says %j",
    (message) => expect(readAnswer(message)).toBeUndefined(),
  );

  test("adds to the catalogue's names and takes from them", () => {
    const image = new Map([["central", { extra: ["b", "z"], missing: ["a"] }]]);
    expect(asInImage(["a", "b", "c"], "central", image)).toEqual(["b", "c", "z"]);
    expect(asInImage(["a"], "compute", image)).toEqual(["a"]);
    expect(asInImage(["a"], "central", undefined)).toEqual(["a"]);
  });
});

test("the question brings what the catalogue says, so that the answer is short", () => {
  expect(askCommand(new Map([["central", ["port"]]])).at(-1)).toBe('{"central":["port"]}');
});
