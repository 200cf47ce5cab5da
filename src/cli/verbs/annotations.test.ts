import { expect, test } from "vitest";
import { VERB } from "../../api/v1alpha1/names.ts";
import { asAnnotations, contraryTo } from "./annotations.ts";
import type { VerbRequest } from "./request.ts";

const HASH = "0123456789abcdef";
const risk = {
  check: "DefinitionRemoved",
  object: "meters.yaml/cpu",
  reason: "gone",
  expiresAt: "2027-01-31T00:00:00Z",
} as const;
const gate = { name: "quiet", planHash: HASH, reason: "it is quiet" };

test.each<readonly [VerbRequest, Record<string, string>, Record<string, string | null>]>([
  [{ verb: "pause" }, {}, { [VERB.pause]: "true" }],
  [{ verb: "pause" }, { [VERB.resume]: "true" }, { [VERB.pause]: "true", [VERB.resume]: null }],
  [{ verb: "resume" }, { [VERB.pause]: "true" }, { [VERB.resume]: "true", [VERB.pause]: null }],
  [{ verb: "retry" }, {}, { [VERB.retry]: "true" }],
  [{ verb: "rollback" }, {}, { [VERB.rollback]: "true" }],
  [{ verb: "abort", rollback: false }, {}, { [VERB.abort]: "true" }],
  [{ verb: "abort", rollback: true }, {}, { [VERB.abort]: "true", [VERB.rollback]: "true" }],
  [{ verb: "approve", approval: { before: "api", planHash: HASH } }, {}, { [VERB.approve]: `api@${HASH}` }],
  [
    { verb: "approve", approval: { before: "api", planHash: HASH } },
    { [VERB.approve]: `polling@${HASH},api@${HASH}` },
    { [VERB.approve]: `polling@${HASH},api@${HASH}` },
  ],
  [{ verb: "accept-risk", risk }, {}, { [VERB.acceptRisk]: JSON.stringify([risk]) }],
  [{ verb: "skip", gate }, {}, { [VERB.skipGate]: JSON.stringify([gate]) }],
])("%j with %j is %j", (request, now, wanted) => {
  expect(asAnnotations(request, now)).toEqual(wanted);
});

test("what was accepted or skipped before stays, and the same once more takes its place", () => {
  const other = { ...risk, object: "meters.yaml/memory" };
  const now = { [VERB.acceptRisk]: JSON.stringify([{ ...risk, reason: "as before" }, other]) };
  const { [VERB.acceptRisk]: risks } = asAnnotations({ verb: "accept-risk", risk }, now);
  expect(JSON.parse(risks ?? "")).toEqual([other, risk]);

  const elsewhere = { ...gate, planHash: "fedcba9876543210" };
  const skipped = { [VERB.skipGate]: JSON.stringify([elsewhere, { ...gate, reason: "as before" }]) };
  const { [VERB.skipGate]: gates } = asAnnotations({ verb: "skip", gate }, skipped);
  expect(JSON.parse(gates ?? "")).toEqual([elsewhere, gate]);
});

test.each(["[", "{}", "[1]"])("what is no list is not overwritten: %s", (text) => {
  expect(() => asAnnotations({ verb: "skip", gate }, { [VERB.skipGate]: text })).toThrow("correct or remove it first");
});

test.each<readonly [VerbRequest, Record<string, string>, Record<string, null>]>([
  [{ verb: "pause" }, { [VERB.resume]: "true", [VERB.pause]: "true" }, { [VERB.resume]: null }],
  [{ verb: "resume" }, { [VERB.pause]: "true", [VERB.resume]: "true" }, { [VERB.pause]: null }],
  [{ verb: "retry" }, { [VERB.abort]: "true" }, { [VERB.abort]: null }],
  [{ verb: "pause" }, {}, {}],
  [{ verb: "abort", rollback: false }, { [VERB.retry]: "true" }, {}],
])("%j by spec over %j removes %j", (request, before, wanted) => {
  expect(contraryTo(request, before)).toEqual(wanted);
});
