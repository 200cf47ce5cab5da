/** Every reason that the operator gives is explained, and every one that is explained can be given. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REASONS } from "../../src/api/v1alpha1/reasons.ts";

/** Where decisions, reports and Events get their words. The rest of `src` speaks of Kubernetes' reasons, or of HTTP's. */
const FILES = [
  "src/gates/*.ts",
  "src/reconcilers/**/*.ts",
  "src/plan/*.ts",
  "src/model/{trouble,verb-requests}.ts",
  "src/controllers/ceilometer-upgrade/{controller,conditions,leave,refusal,status}.ts",
];

const source = FILES.flatMap((pattern) => globSync(pattern))
  .filter((file) => !file.endsWith(".test.ts"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

/** A reason is one word of capitalised words; names of gates, kinds, releases and conditions look alike. */
const words = new Set([...source.matchAll(/"([A-Z][a-z]+(?:[A-Z][A-Za-z]+)*)"/g)].map((match) => match[1] ?? ""));

test("every reason that is given is explained", () => {
  const given = [
    ...source.matchAll(/reason: "([A-Za-z]+)"/g),
    // The word stands first, or after the object, where a function makes the note or the violation.
    ...source.matchAll(/(?:said|told)\(\s*(?:"(?:True|False|Unknown)",\s*)?"([A-Z][A-Za-z]+)"/g),
    ...source.matchAll(/(?:violation|refuse)\(\s*(?:[a-zA-Z]+(?:\([a-z]+\))?,\s*)?"([A-Z][A-Za-z]+)"/g),
  ]
    .map((match) => match[1] ?? "")
    .filter((word) => word !== "True" && word !== "False");
  expect(given.length).toBeGreaterThan(60);
  expect([...new Set(given)].filter((reason) => !(reason in REASONS))).toEqual([]);
});

test("every reason that is explained can be given", () => {
  expect(Object.keys(REASONS).filter((reason) => !words.has(reason))).toEqual([]);
});
