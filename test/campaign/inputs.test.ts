import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { fieldsMissed, inputPlans } from "./inputs.ts";
import { mutated, mutationsOf, valueAt } from "./schema-inputs.ts";

const plans = inputPlans();

test("every field of the schema is changed", () => {
  expect(fieldsMissed()).toEqual([]);
});

test("each field is changed in four to eight ways, and no two plans are of one name", () => {
  const ways = Map.groupBy(
    plans.filter(
      ({ scene, input }) => input?.state === "before" && input.mutations.length === 1 && scene === "classic",
    ),
    ({ input }) => input?.name.split(": ")[0],
  );
  ways.delete("spec");
  expect([...ways].filter(([, { length }]) => length < 4 || length > 8).map(([field]) => field)).toEqual([]);
  expect(new Set(plans.map(({ scene, input }) => `${scene}/${input?.state}/${input?.name}`)).size).toBe(plans.length);
});

test("the same schema gives the same plans, of JSON alone", () => {
  // Texts are compared: what tells how two values differ takes minutes for so many.
  const text = JSON.stringify(plans);
  expect(JSON.stringify(inputPlans()) === text).toBe(true);
  expect(isDeepStrictEqual(JSON.parse(text), plans)).toBe(true);
});

test("twenty chains have ten links each", () => {
  const chains = plans.filter(({ input }) => (input?.mutations.length ?? 0) > 1);
  expect(chains.map(({ input }) => input?.mutations.length)).toEqual(Array.from({ length: 20 }, () => 10));
});

test("a mutation changes a copy, makes no parent that is not there, and takes __proto__ for a key", () => {
  const spec = { list: [{ a: 1 }, { a: 2 }], text: "x" };
  expect(mutated(spec, { path: "/list/1/a", value: 3 })).toEqual({ list: [{ a: 1 }, { a: 3 }], text: "x" });
  expect(mutated(spec, { path: "/list/0" })).toEqual({ list: [{ a: 2 }], text: "x" });
  expect(mutated(spec, { path: "/text" })).toEqual({ list: [{ a: 1 }, { a: 2 }] });
  expect(mutated(spec, { path: "/nothing/here", value: 1 })).toBeUndefined();
  const polluted = mutated(spec, { path: "/__proto__", value: { polluted: true } });
  expect(Object.getPrototypeOf(polluted)).toBe(Object.prototype);
  expect(JSON.stringify(polluted)).toContain('"__proto__":{"polluted":true}');
  expect(valueAt(spec, "/constructor")).toBeUndefined();
});

test("a field that no graft has is told", () => {
  const schema = { type: "object", properties: { lost: { type: "boolean" } } } as const;
  expect(() => mutationsOf(schema, {}, [])).toThrow("/lost: no graft has it");
});
