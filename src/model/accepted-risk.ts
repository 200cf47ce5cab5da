/**
 * Clause M2: what somebody has accepted by name, with a reason and an end. An entry of `spec.acceptedRisks`; it names a check
 * and an object as a violation names them, and covers nothing else.
 */
import { type Millis, parseTime } from "./time.ts";

export interface AcceptedRisk {
  /** The violation's reason: "DefinitionRemoved". */
  readonly check: string;
  /** The violation's object: "meters.yaml/cpu_util". */
  readonly object: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** From this moment on it accepts nothing. A time that cannot be read has passed: nothing is accepted for ever by mistake. */
export function expiryOf(risk: AcceptedRisk): Millis {
  return parseTime(risk.expiresAt) ?? Number.NEGATIVE_INFINITY;
}
