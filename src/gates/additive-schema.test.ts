import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import type { DefinitionChange } from "../model/definition-changes.ts";
import { additiveSchema } from "./additive-schema.ts";

const NOW = Date.UTC(2026, 0, 1);
const change = (kind: DefinitionChange["kind"], object: string): DefinitionChange => ({
  kind,
  object,
  message: `${object} is ${kind}`,
});
const removed = change("removed", "meters.yaml/cpu_util");
const altered = change("altered", "event_definitions.yaml/compute.instance.*");
const risk = (fields: Partial<AcceptedRisk> = {}): AcceptedRisk => ({
  check: "DefinitionRemoved",
  object: removed.object,
  reason: "dropped, end of life",
  expiresAt: "2026-06-01T00:00:00Z",
  ...fields,
});
const told = (changes: readonly DefinitionChange[], ...risks: readonly AcceptedRisk[]) =>
  additiveSchema(changes, risks, NOW).violations.map(
    ({ severity, reason, object, message }) => `${severity} ${reason} ${object}: ${message}`,
  );

describe("the additive gate", () => {
  it("lets additions pass", () => {
    expect(additiveSchema([change("added", "meters.yaml/x")], [], NOW)).toEqual({ violations: [], accepted: [] });
  });

  it("lists every removal and alteration, each with what to do", () => {
    const { violations } = additiveSchema([removed, altered], [], NOW);
    expect(violations).toEqual([
      {
        gate: "AdditiveSchema",
        object: "meters.yaml/cpu_util",
        reason: "DefinitionRemoved",
        message: "meters.yaml/cpu_util is removed",
        remedy:
          'keep the definition, or accept it in spec.acceptedRisks as check DefinitionRemoved, object "meters.yaml/cpu_util", with a reason and an expiry',
        severity: "Error",
      },
      expect.objectContaining({ reason: "DefinitionAltered", object: altered.object, severity: "Error" }),
    ]);
  });

  it("lets pass what is accepted by name, and keeps the acceptance for the history", () => {
    expect(additiveSchema([removed], [risk()], NOW)).toEqual({
      violations: [],
      accepted: [risk()],
      recheckAt: Date.UTC(2026, 5, 1),
    });
  });

  it("accepts nothing else by it", () => {
    expect(told([removed, change("removed", "meters.yaml/cpu")], risk())).toEqual([
      "Error DefinitionRemoved meters.yaml/cpu: meters.yaml/cpu is removed",
    ]);
  });

  it("leaves the acceptances of other checks alone", () => {
    expect(told([], risk({ check: "VerificationInconclusive" }))).toEqual([]);
  });
});

describe("an acceptance without effect", () => {
  it("holds again from its expiry on, and says so", () => {
    const expiresAt = "2026-01-01T00:00:00Z";
    expect(told([removed], risk({ expiresAt }))).toEqual([
      "Error DefinitionRemoved meters.yaml/cpu_util: meters.yaml/cpu_util is removed",
      "Warning AcceptedRiskExpired meters.yaml/cpu_util: the acceptance of DefinitionRemoved has expired (2026-01-01T00:00:00Z), so the definition holds again",
    ]);
    expect(told([removed], risk({ expiresAt: "2026-01-01T00:00:01Z" }))).toEqual([]);
    expect(told([removed], risk({ expiresAt: "for ever" }))).toHaveLength(2);
  });

  it("is no matter where a later one stands", () => {
    expect(told([removed], risk({ expiresAt: "2025-01-01T00:00:00Z" }), risk())).toEqual([]);
  });

  it("matches nothing, or the other check", () => {
    expect(told([], risk())).toEqual([
      "Warning AcceptedRiskUnused meters.yaml/cpu_util: the acceptance of DefinitionRemoved matches nothing that the new files change",
    ]);
    expect(told([altered], risk({ object: altered.object }))).toEqual([
      expect.stringMatching(/^Error DefinitionAltered/),
      expect.stringContaining("an acceptance of DefinitionRemoved is given, but what is found is DefinitionAltered"),
    ]);
  });
});

it("every breach is either accepted by name or an error", () => {
  const object = fc.constantFrom("f/a", "f/b", "f/c");
  const changes = fc.array(
    fc.record({ kind: fc.constantFrom("removed", "altered", "added"), object, message: fc.constant("m") }),
  );
  const risks = fc.array(
    fc.record({
      check: fc.constantFrom<AcceptedRisk["check"][]>(
        "DefinitionRemoved",
        "DefinitionAltered",
        "VerificationInconclusive",
      ),
      object,
      reason: fc.constant("r"),
      expiresAt: fc.constantFrom("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "soon"),
    }),
  );
  fc.assert(
    fc.property(changes, risks, (all, given) => {
      const { violations, accepted } = additiveSchema(all, given, NOW);
      for (const each of all) {
        const check = each.kind === "removed" ? "DefinitionRemoved" : "DefinitionAltered";
        const isAccepted = accepted.some((one) => one.check === check && one.object === each.object);
        const isError = violations.some(
          (one) => one.severity === "Error" && one.reason === check && one.object === each.object,
        );
        if (each.kind !== "added") expect(isAccepted).not.toBe(isError);
      }
      for (const one of accepted) expect(one.expiresAt).toBe("2027-01-01T00:00:00Z");
    }),
  );
});
