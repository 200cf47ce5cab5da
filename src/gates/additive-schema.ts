/**
 * Clause M1, "always add, never delete or modify": a definition that the new files drop or alter holds the upgrade, for old
 * agents, stored data and whoever reads either still have it. Clause M2: it can be accepted by name, with a reason and an
 * expiry, which go into the history; once it has expired the definition holds again, and that is said.
 */
import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import type { DefinitionChange } from "../model/definition-changes.ts";
import type { Violation } from "../model/outcome.ts";
import type { Millis } from "../model/time.ts";
import { expiryOf } from "./accepted-risk.ts";

const GATE = "AdditiveSchema";
const REASONS = {
  removed: "DefinitionRemoved",
  altered: "DefinitionAltered",
  unknown: "DefinitionUnknown",
} as const;
type Check = (typeof REASONS)[keyof typeof REASONS];

export interface AdditiveSchema {
  readonly violations: readonly Violation[];
  /** Those that were needed, in their order: for the history. */
  readonly accepted: readonly AcceptedRisk[];
  /** When the first of them runs out: from then on its definition holds. */
  readonly recheckAt?: Millis;
}

/** A change that needs an acceptance. */
interface Breach {
  readonly check: Check;
  readonly object: string;
  readonly message: string;
}

const breachesOf = (changes: readonly DefinitionChange[]): readonly Breach[] =>
  changes.flatMap(({ kind, object, message }) => (kind === "added" ? [] : [{ check: REASONS[kind], object, message }]));

const covers = (risk: AcceptedRisk, { check, object }: Breach): boolean =>
  risk.check === check && risk.object === object;

function violationOf({ check, object, message }: Breach): Violation {
  const accept = `accept it in spec.acceptedRisks as check ${check}, object "${object}", with a reason and an expiry`;
  return { gate: GATE, object, reason: check, message, remedy: `${REMEDIES[check]}, or ${accept}`, severity: "Error" };
}

const REMEDIES: Readonly<Record<Check, string>> = {
  DefinitionRemoved: "keep the definition",
  DefinitionAltered: "keep the definition as it was",
  DefinitionUnknown: "let the operator read the old file (secrets of the chart), or mend it",
};

/** An acceptance that has no effect: somebody believes that it has one. */
function idle(risk: AcceptedRisk, breaches: readonly Breach[], now: Millis): readonly Violation[] {
  const warning = (reason: string, message: string, remedy: string): readonly Violation[] => [
    { gate: GATE, object: risk.object, reason, message, remedy, severity: "Warning" },
  ];
  if (breaches.some((breach) => covers(risk, breach))) {
    if (expiryOf(risk) > now) return [];
    const message = `the acceptance of ${risk.check} has expired (${risk.expiresAt}), so the definition holds again`;
    return warning(
      "AcceptedRiskExpired",
      message,
      "keep the definition, or set a later expiresAt in spec.acceptedRisks",
    );
  }
  const other = breaches.find(({ object }) => object === risk.object);
  if (other !== undefined) {
    const message = `an acceptance of ${risk.check} is given, but what is found is ${other.check}`;
    return warning("AcceptedRiskUnused", message, `set its check to ${other.check} in spec.acceptedRisks`);
  }
  const message = `the acceptance of ${risk.check} matches nothing that the new files change`;
  return warning("AcceptedRiskUnused", message, "remove it from spec.acceptedRisks, or correct its object");
}

/** All changes of all files at once. Acceptances of other checks are left to those. */
export function additiveSchema(
  changes: readonly DefinitionChange[],
  acceptedRisks: readonly AcceptedRisk[],
  now: Millis,
): AdditiveSchema {
  const breaches = breachesOf(changes);
  const checks: readonly string[] = Object.values(REASONS);
  const ours = acceptedRisks.filter(({ check }) => checks.includes(check));
  const accepted = ours.filter((risk) => expiryOf(risk) > now && breaches.some((breach) => covers(risk, breach)));
  const open = breaches.filter((breach) => !accepted.some((risk) => covers(risk, breach)));
  const isStillAccepted = (risk: AcceptedRisk) =>
    accepted.some(({ check, object }) => check === risk.check && object === risk.object);
  const warnings = ours.filter((risk) => !isStillAccepted(risk)).flatMap((risk) => idle(risk, breaches, now));
  const result = { violations: [...open.map(violationOf), ...warnings], accepted };
  return accepted.length === 0 ? result : { ...result, recheckAt: Math.min(...accepted.map(expiryOf)) };
}
