import fc from "fast-check";
import { expect, test } from "vitest";
import { anUpgrade, aRecord, NOW } from "../../../test/support/builders.ts";
import { type Status, statusSchema } from "../../api/v1alpha1/schema.ts";
import { COMPONENTS } from "../../model/component.ts";
import { type Decision, PHASES } from "../../model/decision.ts";
import type { Outcome, Violation } from "../../model/outcome.ts";
import { fitStatus } from "./fit-status.ts";
import { makeStatus } from "./status.ts";

/** Texts of the cluster: of any length, and with halves of characters in them. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "\uD83D", "x".repeat(300), "é\uD83D\uDE00".repeat(1500), "y".repeat(40_000), "2027-01-31"),
);
const violation: fc.Arbitrary<Violation> = fc.record({
  gate: text,
  object: text,
  reason: text,
  message: text,
  remedy: text,
  severity: fc.constantFrom("Error", "Warning"),
});
const note = fc.record({ reason: text, message: text, object: text });
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  note.map((each): Outcome => ({ kind: "settled", note: each })),
  fc.tuple(note, violation).map(([each, blocked]): Outcome => ({ kind: "wait", note: each, blocked })),
  violation.map((each): Outcome => ({ kind: "held", violations: [each], recheckAt: NOW + 1000 })),
  violation.map((each): Outcome => ({ kind: "failed", violation: each })),
);
const risk = fc.record({ check: text, object: text, reason: text, expiresAt: text });
const record = fc.record({
  plan: text,
  from: text,
  to: text,
  startedAt: text,
  at: text,
  acceptedRisks: fc.array(risk),
});
const parity = fc.record({
  state: fc.constantFrom("Same", "Differs"),
  differences: fc.array(text, { maxLength: 80 }),
  emptyFirst: fc.array(text, { maxLength: 3 }),
});
const planned = fc.record({ component: text, object: text, action: text, why: text, from: text, to: text });

const decision: fc.Arbitrary<Decision> = fc
  .record({
    phase: fc.constantFrom(...PHASES),
    headline: note,
    steps: fc.uniqueArray(
      fc.record({ component: fc.constantFrom(...COMPONENTS), outcome: fc.option(outcome, { nil: undefined }) }),
      { selector: ({ component }) => component },
    ),
    findings: fc.array(violation, { maxLength: 90 }),
    from: text,
    drifted: fc.array(text, { maxLength: 9 }),
    parity,
    planned: fc.array(planned, { maxLength: 300 }),
  })
  .map(({ parity: seen, planned: steps, ...rest }) => ({
    ...rest,
    probes: [],
    gates: { parity: seen, polling: [] } as const,
    plan: { hash: "plan-1", from: "newton", steps, findings: [], end: "Complete", headline: rest.headline } as const,
  }));

const FULL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What is no time as the API server has it, and is said as one. */
const badTimes = (value: unknown, key = ""): readonly string[] => {
  if (typeof value === "string")
    return /(Time|At|since|Opening)$/.test(key) && !FULL_TIME.test(value) ? [`${key}: ${value}`] : [];
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, each]) => badTimes(each, name))
    : [];
};

test("whatever is decided, the report fits the schema, and says the same when it has been stored", () => {
  fc.assert(
    fc.property(decision, fc.array(record, { maxLength: 12 }), (decided, attempts) => {
      const records = attempts.map(({ at, ...each }, index) =>
        aRecord({ ...each, plan: `${index}${each.plan}`, ended: { state: "Completed", at, retry: 0 } }),
      );
      const status = makeStatus({ upgrade: anUpgrade(), decision: decided, records, now: NOW }, {});
      expect(statusSchema.safeParse(status).error).toBeUndefined();
      expect(badTimes(status)).toEqual([]);
      expect(JSON.stringify(status).isWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(status))).toBe(true);
      expect(status.conditions).toHaveLength(
        makeStatus({ upgrade: anUpgrade(), decision: decided, records, now: NOW }, status).conditions?.length ?? 0,
      );
      expect(fitStatus(status)).toEqual(status);
    }),
    { numRuns: 60 },
  );
});

test("of more checks than fit, the last one says how many more there are", () => {
  const findings = Array.from(
    { length: 100 },
    (_, index): Violation => ({
      gate: "G",
      object: `Deployment/${index}`,
      reason: "TargetNotFound",
      message: "is not there",
      remedy: "create it",
      severity: index === 99 ? "Error" : "Warning",
    }),
  );
  const held: Decision = { phase: "Held", headline: { reason: "Held", message: "" }, steps: [], findings, probes: [] };
  const { preflight } = makeStatus({ upgrade: anUpgrade(), decision: held, records: [], now: NOW }, {});
  expect(preflight).toHaveLength(64);
  expect(preflight?.[62]?.object).toBe("Deployment/62");
  expect(preflight?.[63]).toMatchObject({
    severity: "Error",
    message: "and 37 more, first Deployment/63: is not there",
  });
});

test("a time without a day's time is made whole, and what is no time goes with what needs it", () => {
  const entry = (expiresAt: string) => ({
    plan: "p",
    to: "ocata",
    state: "Completed" as const,
    acceptedRisks: [{ check: "DefinitionRemoved", object: "o", reason: "r", expiresAt }],
  });
  const status: Status = { history: [entry("2027-01-31"), entry("soon")] };
  expect(
    fitStatus(status).history?.map(({ acceptedRisks }) => acceptedRisks?.map(({ expiresAt }) => expiresAt)),
  ).toEqual([["2027-01-31T00:00:00Z"], []]);
});
