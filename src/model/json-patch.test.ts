import { expect, test } from "vitest";
import { applyPatch, PatchRefused } from "./json-patch.ts";

const document = { spec: { replicas: 2, list: ["a", "c"] }, "a/b~c": 1 };

test("changes members and elements, and leaves what was there alone", () => {
  const next = applyPatch(document, [
    { op: "test", path: "/spec/replicas", value: 2 },
    { op: "replace", path: "/spec/replicas", value: 0 },
    { op: "add", path: "/spec/list/1", value: "b" },
    { op: "add", path: "/spec/list/-", value: "d" },
    { op: "remove", path: "/spec/list/0" },
    { op: "remove", path: "/a~1b~0c" },
  ]);
  expect(next).toEqual({ spec: { replicas: 0, list: ["b", "c", "d"] } });
  expect(document.spec).toEqual({ replicas: 2, list: ["a", "c"] });
});

test("compares by value, whatever the order of the members", () => {
  const operations = [{ op: "test", path: "/x", value: { b: 2, a: 1 } }] as const;
  expect(applyPatch({ x: { a: 1, b: 2 } }, operations)).toEqual({ x: { a: 1, b: 2 } });
});

test.each([
  { what: "a test of another value", operation: { op: "test", path: "/spec/replicas", value: 3 } },
  { what: "a test of what is not there", operation: { op: "test", path: "/spec/none", value: null } },
  { what: "a removal of what is not there", operation: { op: "remove", path: "/spec/none" } },
  { what: "a replacement of what is not there", operation: { op: "replace", path: "/spec/none", value: 1 } },
  { what: "an element beyond the end", operation: { op: "replace", path: "/spec/list/2", value: "x" } },
  { what: "a way through nothing", operation: { op: "add", path: "/none/below", value: 1 } },
] as const)("refuses $what", ({ operation }) => {
  expect(() => applyPatch(document, [operation])).toThrow(PatchRefused);
});
