import { describe, expect, test } from "vitest";
import { z } from "zod";
import { toStructural } from "./structural.ts";

describe("what is kept", () => {
  test("defaults, limits, descriptions and rules", () => {
    const schema = z
      .object({ size: z.int32().min(1).max(9).default(3).describe("How many.") })
      .meta({ "x-kubernetes-validations": [{ rule: "self.size < 9", message: "too many", fieldPath: ".size" }] });
    expect(toStructural(schema)).toEqual({
      type: "object",
      properties: { size: { type: "integer", minimum: 1, maximum: 9, default: 3, description: "How many." } },
      "x-kubernetes-validations": [{ rule: "self.size < 9", message: "too many", fieldPath: ".size" }],
    });
  });

  test("a field with a default is not required of the writer", () => {
    expect(toStructural(z.object({ a: z.boolean(), b: z.boolean().default(false) })).required).toEqual(["a"]);
  });

  test("a list that is keyed by a field", () => {
    const keyed = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };
    const schema = z
      .array(z.object({ name: z.enum(["a"]) }))
      .max(3)
      .meta(keyed);
    expect(toStructural(schema)).toMatchObject(keyed);
  });
});

describe("what is cleaned away", () => {
  test("the dialect, and additionalProperties: false beside properties", () => {
    expect(toStructural(z.strictObject({ on: z.boolean() }))).toEqual({
      type: "object",
      properties: { on: { type: "boolean" } },
      required: ["on"],
    });
  });

  test("propertyNames of a map, whose values stay checked", () => {
    const labels = z.record(z.string().max(63), z.string().max(63)).meta({ maxProperties: 4 });
    expect(toStructural(labels)).toEqual({
      type: "object",
      maxProperties: 4,
      additionalProperties: { type: "string", maxLength: 63 },
    });
  });
});

describe("what is refused, by field path", () => {
  const inside = (field: z.ZodType) => () => toStructural(z.object({ outer: z.object({ field }) }));

  test.each([
    ["a union", inside(z.union([z.boolean(), z.int32()])), /^outer\.field: .*anyOf/],
    ["a value of any type", inside(z.unknown()), /^outer\.field: type/],
    ["a string without a limit", inside(z.string()), /^outer\.field: string without maxLength/],
    ["a list without a limit", inside(z.array(z.boolean())), /^outer\.field: array without maxItems/],
    ["an item without a limit", inside(z.array(z.string()).max(2)), /^outer\.field\[\]: string without maxLength/],
    ["a map without a limit", inside(z.record(z.string(), z.boolean())), /^outer\.field: object without maxProperties/],
    ["a number without a limit", inside(z.number()), /^outer\.field: number without maximum/],
    [
      "a lookahead",
      inside(
        z
          .string()
          .max(9)
          .regex(/^(?!kube-)/),
      ),
      /^outer\.field: .*lookaround/,
    ],
  ])("%s", (_name, convert, message) => {
    expect(convert).toThrow(message);
  });
});
