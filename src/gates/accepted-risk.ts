/**
 * A person's word on a finding (clause M2): by the finding's reason and object, with an expiry. Once it has expired the finding
 * holds again; a time that cannot be read has passed, so that nothing is accepted for ever by mistake.
 */
import type { AcceptedRisk, Spec } from "../api/v1alpha1/schema.ts";
import type { Violation } from "../model/outcome.ts";
import { type Millis, parseTime } from "../model/time.ts";

/** What people have said so far, and the time at which it counts: a World, for one. */
export interface Words {
  readonly upgrade: { readonly spec: Pick<Spec, "acceptedRisks"> };
  readonly now: Millis;
}

/** From then on it accepts nothing. */
export const expiryOf = ({ expiresAt }: AcceptedRisk): Millis => parseTime(expiresAt) ?? Number.NEGATIVE_INFINITY;

/** The word that covers it now, or undefined. */
export const acceptedRisk = (
  { upgrade, now }: Words,
  check: AcceptedRisk["check"],
  object: string,
): AcceptedRisk | undefined =>
  (upgrade.spec.acceptedRisks ?? []).find(
    (risk) => risk.check === check && risk.object === object && expiryOf(risk) > now,
  );

export const PLUGIN_UNKNOWN = "PluginUnknown";

/**
 * Plugins that Ceilometer does not have itself: whether a package in an image brings them only people know. What is left are the
 * findings that hold; `accepted` are the words that were needed, for the history, one for each plugin.
 */
export function answeredPlugins(
  words: Words,
  findings: readonly Violation[],
): { readonly findings: readonly Violation[]; readonly accepted: readonly AcceptedRisk[] } {
  const accepted = new Set<AcceptedRisk>();
  const left = findings.filter(({ reason, object }) => {
    const word = reason === PLUGIN_UNKNOWN ? acceptedRisk(words, PLUGIN_UNKNOWN, object) : undefined;
    if (word !== undefined) accepted.add(word);
    return word === undefined;
  });
  return { findings: left, accepted: [...accepted] };
}
