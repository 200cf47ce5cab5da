/**
 * Judges what a provider answered. A gate fails closed: only one finite number within the bounds passes, a number outside fails,
 * and everything else is inconclusive. Reasons are words of our own and the number: nothing else of an answer is passed on, since
 * they are shown to people who may read a resource and not what a provider knows.
 */
import { valueAt } from "./json-pointer.ts";
import { assertNever } from "./outcome.ts";
import type { ProbeResult, ProviderQuestion } from "./probe.ts";

export type ProviderVerdict = Omit<ProbeResult, "at">;

/** As the resource has them: decimal text. */
export interface Bounds {
  readonly min?: string;
  readonly max?: string;
}

type Reading = { readonly kind: "number"; readonly value: number } | { readonly kind: "none"; readonly why: string };

export const inconclusive = (reason: string): ProviderVerdict => ({ verdict: "inconclusive", reason });
const none = (why: string): Reading => ({ kind: "none", why });

/** A number in JSON, or as text. Prometheus writes NaN and +Inf beside it, with which nothing can be compared. */
const DECIMAL = /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/;

function finiteNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && DECIMAL.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function parseJson(text: string): { readonly document: unknown } | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return { document };
  } catch {
    return undefined;
  }
}

const fieldOf = (value: unknown, pointer: string): unknown => {
  const pointed = valueAt(value, pointer);
  return pointed.kind === "found" ? pointed.value : undefined;
};

/** The one sample of an instant query, as Prometheus' HTTP API has it: `[time, "number"]`. */
function readPrometheus(document: unknown): Reading {
  if (fieldOf(document, "/status") !== "success") return none("the answer is not that of a Prometheus");
  const warnings = fieldOf(document, "/warnings");
  // Also how Thanos and federations say that a part of the data was missing.
  if (Array.isArray(warnings) && warnings.length > 0) {
    return none("the query answered with warnings, so that it may be incomplete: try it in Prometheus");
  }
  const type = fieldOf(document, "/data/resultType");
  const result = fieldOf(document, "/data/result");
  if (!Array.isArray(result)) return none("the answer is not that of a Prometheus");
  if (type !== "scalar" && type !== "vector") {
    return none("the query answered neither a scalar nor an instant vector: ask for one number");
  }
  if (type === "vector" && result.length === 0) {
    return none("the query answered nothing: no series has these labels now");
  }
  if (type === "vector" && result.length > 1) {
    return none(`the query answered ${result.length} series: reduce them to one, as sum() or max() does`);
  }
  const value = finiteNumber(fieldOf(result, type === "scalar" ? "/1" : "/0/value/1"));
  return value === undefined ? none("the query answered no finite number") : { kind: "number", value };
}

function readPointed(document: unknown, pointer: string): Reading {
  const pointed = valueAt(document, pointer);
  if (pointed.kind === "malformed")
    return none("the pointer is no JSON pointer (RFC 6901): write it as /items/0/messages");
  if (pointed.kind === "nothing") return none("the pointer leads to nothing in the answer");
  const value = finiteNumber(pointed.value);
  return value === undefined ? none("the pointer leads to no finite number") : { kind: "number", value };
}

function readAnswer(question: ProviderQuestion, text: string): Reading {
  const parsed = parseJson(text);
  if (parsed === undefined) return none("the answer is no JSON");
  switch (question.kind) {
    case "prometheus":
      return readPrometheus(parsed.document);
    case "http":
      return readPointed(parsed.document, question.pointer ?? "");
    default:
      return assertNever(question);
  }
}

function judgeNumber(value: number, { min, max }: Bounds): ProviderVerdict {
  const unreadable = [min, max].some((bound) => bound !== undefined && finiteNumber(bound) === undefined);
  // A comparison with what is no number is never true, and would let everything pass.
  if (unreadable) return inconclusive("a bound is no number");
  if (min !== undefined && value < Number(min)) return { verdict: "fail", reason: `${value} is less than ${min}` };
  if (max !== undefined && value > Number(max)) return { verdict: "fail", reason: `${value} is more than ${max}` };
  const bounds = [min === undefined ? [] : [`at least ${min}`], max === undefined ? [] : [`at most ${max}`]].flat();
  const wanted = bounds.length === 0 ? "any number" : bounds.join(" and ");
  return { verdict: "pass", reason: `${value}, as wanted: ${wanted}` };
}

/** Whether the text of an answer matters, or only that there was one. */
export const asksForNumber = (question: ProviderQuestion): boolean =>
  question.kind === "prometheus" || question.pointer !== undefined;

/** Of a question that can never be answered with a pass, why. */
export function unanswerable(question: ProviderQuestion, { min, max }: Bounds): string | undefined {
  const bounded = min !== undefined || max !== undefined;
  if (question.kind === "prometheus" && !bounded) return "a query needs min, max or both to be judged";
  if (bounded && !asksForNumber(question)) return "min and max need a pointer to the number that they are bounds of";
  return undefined;
}

/** `text` is the whole answer with status 200. */
export function judgeAnswer(question: ProviderQuestion, bounds: Bounds, text: string): ProviderVerdict {
  const impossible = unanswerable(question, bounds);
  if (impossible !== undefined) return inconclusive(impossible);
  if (!asksForNumber(question)) return { verdict: "pass", reason: "answered 200" };
  const reading = readAnswer(question, text);
  return reading.kind === "number" ? judgeNumber(reading.value, bounds) : inconclusive(reading.why);
}
