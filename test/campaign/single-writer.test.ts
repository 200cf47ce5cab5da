import { expect, test } from "vitest";
import { severalWriters } from "./single-writer.ts";

const commits = (authors: string) => [...authors].map((author, n) => ({ author, method: "PATCH", path: `/${n}` }));
const all = new Set(["a", "b", "c"]);

test("one after the other may write", () => {
  expect(severalWriters(commits("aaabbc"), all)).toEqual([]);
  expect(severalWriters([], new Set())).toEqual([]);
});

test("a former writer may not", () => {
  expect(severalWriters(commits("aba"), all)).toEqual(["a made PATCH /2 after b had begun"]);
  expect(severalWriters(commits("aabcb"), all)).toEqual(["b made PATCH /4 after c had begun"]);
});

test("nor may one that was never elected", () => {
  expect(severalWriters(commits("ab"), new Set(["a"]))).toEqual(["b made PATCH /1 and was never elected"]);
});
