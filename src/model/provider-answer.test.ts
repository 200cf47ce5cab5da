import { describe, expect, test } from "vitest";
import type { ProviderQuestion } from "./probe.ts";
import { type Bounds, judgeAnswer } from "./provider-answer.ts";

const QUERY: ProviderQuestion = { kind: "prometheus", query: "sum(x)" };
const EMPTY: Bounds = { max: "0" };
const SECRET = "hunter2";

const vector = (...values: readonly unknown[]): object => ({
  status: "success",
  data: { resultType: "vector", result: values.map((value) => ({ metric: { secret: SECRET }, value: [1.5, value] })) },
});
const scalar = (value: unknown): object => ({
  status: "success",
  data: { resultType: "scalar", result: [1.5, value] },
});
const asked = (answer: object, bounds: Bounds = EMPTY) => judgeAnswer(QUERY, bounds, JSON.stringify(answer));

describe("a query", () => {
  test.each([
    ["one sample of a vector", vector("0")],
    ["a scalar", scalar("0")],
    ["a negative number", vector("-3")],
    ["an exponent", vector("1e-400")],
  ])("passes with %s within the bounds", (_, answer) => expect(asked(answer)).toMatchObject({ verdict: "pass" }));

  test.each<[text: string, bounds: Bounds, reason: string]>([
    ["3", { max: "0" }, "3 is more than 0"],
    ["0.5", { max: "0.25" }, "0.5 is more than 0.25"],
    ["3", { min: "10", max: "20" }, "3 is less than 10"],
    ["-1", { min: "0" }, "-1 is less than 0"],
    // As text 9 would be more than 10.
    ["9", { min: "10" }, "9 is less than 10"],
  ])("that answers %s fails at %j: the number and the bound are named", (text, bounds, reason) => {
    expect(asked(vector(text), bounds)).toEqual({ verdict: "fail", reason });
  });

  test("bounds belong to what passes, and are told", () => {
    expect(asked(vector("2"), { min: "2", max: "2" })).toEqual({
      verdict: "pass",
      reason: "2, as wanted: at least 2 and at most 2",
    });
  });

  test.each<[what: string, answer: object, reason: string]>([
    ["an empty vector", vector(), "the query answered nothing"],
    ["several series", vector("0", "0"), "the query answered 2 series"],
    ["NaN", vector("NaN"), "no finite number"],
    ["infinity", scalar("+Inf"), "no finite number"],
    ["no text", vector(null), "no finite number"],
    ["an empty text", vector(""), "no finite number"],
    ["a number of another base", vector("0x0"), "no finite number"],
    ["a range", { status: "success", data: { resultType: "matrix", result: [] } }, "neither a scalar nor"],
    ["a string", { status: "success", data: { resultType: "string", result: [1, "0"] } }, "neither a scalar nor"],
    [
      "a histogram",
      { status: "success", data: { resultType: "vector", result: [{ histogram: [1, {}] }] } },
      "no finite",
    ],
    ["an error", { status: "error", error: SECRET, data: { resultType: "scalar", result: [1, "0"] } }, "not that of"],
    ["warnings", { ...vector("0"), warnings: [SECRET] }, "with warnings"],
    ["something else", { queues: [] }, "not that of a Prometheus"],
    ["a list", [], "not that of a Prometheus"],
  ])("is inconclusive with %s, in words of our own", (_, answer, reason) => {
    const verdict = asked(answer);
    expect(verdict).toMatchObject({ verdict: "inconclusive" });
    expect(verdict.reason).toContain(reason);
    expect(verdict.reason).not.toContain(SECRET);
  });

  test("without bounds cannot be judged", () => {
    expect(asked(vector("0"), {})).toMatchObject({ verdict: "inconclusive" });
  });

  test("a bound that is no number lets nothing pass", () => {
    expect(asked(vector("0"), { max: "many" })).toMatchObject({ verdict: "inconclusive" });
    expect(asked(vector("0"), { min: "" })).toMatchObject({ verdict: "inconclusive" });
  });
});

describe("a document", () => {
  const pointed = (pointer: string): ProviderQuestion => ({ kind: "http", path: "/api/queues", pointer });
  const queues = JSON.stringify({
    items: [{ name: SECRET, messages: 0, text: "7", big: "1e999", deep: { messages: 1 } }],
  });

  test.each<[pointer: string, verdict: object]>([
    ["/items/0/messages", { verdict: "pass" }],
    ["/items/0/text", { verdict: "fail", reason: "7 is more than 0" }],
    ["/items/0/deep/messages", { verdict: "fail", reason: "1 is more than 0" }],
    ["/items/0/name", { verdict: "inconclusive", reason: "the pointer leads to no finite number" }],
    ["/items/0/big", { verdict: "inconclusive", reason: "the pointer leads to no finite number" }],
    ["/items/0/deep", { verdict: "inconclusive", reason: "the pointer leads to no finite number" }],
    ["/items/1/messages", { verdict: "inconclusive", reason: "the pointer leads to nothing in the answer" }],
    ["items", { verdict: "inconclusive" }],
  ])("at %s is judged by its number", (pointer, verdict) => {
    expect(judgeAnswer(pointed(pointer), EMPTY, queues)).toMatchObject(verdict);
  });

  test("an empty pointer is the document itself, and a number needs no bounds to be one", () => {
    expect(judgeAnswer(pointed(""), {}, "12")).toEqual({ verdict: "pass", reason: "12, as wanted: any number" });
  });

  test("that is no JSON is inconclusive, and not shown", () => {
    const verdict = judgeAnswer(pointed("/x"), EMPTY, `<html>${SECRET}`);
    expect(verdict).toEqual({ verdict: "inconclusive", reason: "the answer is no JSON" });
  });

  test("without a pointer only has to be there; bounds then mean nothing", () => {
    const question: ProviderQuestion = { kind: "http", path: "/health" };
    expect(judgeAnswer(question, {}, "whatever")).toMatchObject({ verdict: "pass" });
    expect(judgeAnswer(question, EMPTY, "0")).toMatchObject({ verdict: "inconclusive" });
  });
});
