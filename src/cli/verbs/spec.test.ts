import { expect, test } from "vitest";
import { anUpgrade } from "../../../test/support/builders.ts";
import { VERB } from "../../api/v1alpha1/names.ts";
import { type SpecInput, specSchema } from "../../api/v1alpha1/schema.ts";
import type { VerbRequest } from "./request.ts";
import { asSpec, specPatch } from "./spec.ts";

const HASH = "0123456789abcdef";
const risk = {
  check: "DefinitionAltered",
  object: "meters.yaml/cpu",
  reason: "meant so",
  expiresAt: "2027-01-31T00:00:00Z",
} as const;
const spec = (more: Partial<SpecInput> = {}) => specSchema.parse({ ...anUpgrade().spec, ...more });

test.each<readonly [VerbRequest, Partial<SpecInput>, object]>([
  [{ verb: "pause" }, {}, { paused: true }],
  [{ verb: "resume" }, { paused: true }, { paused: false }],
  [{ verb: "retry" }, { retryAttempt: 3 }, { retryAttempt: 4 }],
  [{ verb: "retry" }, { abort: true }, { retryAttempt: 1, abort: false }],
  [{ verb: "retry" }, { abort: true, rollback: true }, { retryAttempt: 1 }],
  [{ verb: "rollback" }, {}, { rollback: true }],
  [{ verb: "abort", rollback: false }, {}, { abort: true }],
  [{ verb: "abort", rollback: true }, {}, { abort: true, rollback: true }],
  [
    { verb: "approve", approval: { before: "api", planHash: HASH } },
    { approved: [{ before: "polling", planHash: HASH }] },
    {
      approved: [
        { before: "polling", planHash: HASH },
        { before: "api", planHash: HASH },
      ],
    },
  ],
  [{ verb: "accept-risk", risk }, { acceptedRisks: [{ ...risk, reason: "as before" }] }, { acceptedRisks: [risk] }],
  [
    { verb: "skip", gate: { name: "quiet", planHash: HASH, reason: "it is" } },
    {},
    { skipGates: [{ name: "quiet", planHash: HASH, reason: "it is" }] },
  ],
])("%j over %j is %j", (request, before, wanted) => {
  expect(asSpec(request, spec(before))).toEqual(wanted);
});

test("the patch holds for the object and the generation that were seen", () => {
  const object = { metadata: { name: "a", uid: "u", resourceVersion: "9", generation: 4 } };
  expect(specPatch(object, { paused: true }, { [VERB.resume]: null })).toEqual([
    { op: "test", path: "/metadata/uid", value: "u" },
    { op: "test", path: "/metadata/generation", value: 4 },
    { op: "add", path: "/spec/paused", value: true },
    { op: "remove", path: "/metadata/annotations/ceilometer.openstack.org~1resume" },
  ]);
});
