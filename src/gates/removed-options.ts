/**
 * Options in the new agents' configuration that the target release does not read. The agents start all the same and say
 * nothing, so it is said here. A warning, but where the option decided who polls or reads what, and ignoring it surely loses
 * or doubles data: then the upgrade holds until the option has gone.
 */
import type { RemovedOption } from "../model/catalogue/removed-option.ts";
import type { Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import { isRemoved, removedOptions } from "../model/removed-options.ts";

/** The value of an option as the agents' files give it; undefined where none does. */
export type OptionLookup = (section: string, name: string) => string | undefined;

export interface RemovedOptionsInput {
  /** Whose configuration it is: "Deployment/ceilometer-notification", or "Secret/ceilometer-etc". */
  readonly object: string;
  /** Of the agents that run now, if it is known: what it did not read either, the upgrade does not change. */
  readonly from?: Release;
  readonly target: Release;
  readonly option: OptionLookup;
}

function losesData(removed: RemovedOption, value: string, { from, option }: RemovedOptionsInput): boolean {
  const { loses } = removed;
  if (loses === undefined || (from !== undefined && isRemoved(removed, from))) return false;
  if (loses.unless.includes(value.trim())) return false;
  return !loses.unlessSet.some(([section, name]) => option(section, name) !== undefined);
}

/** Values are not shown: some are secrets. */
export function removedOptionsSet(input: RemovedOptionsInput): readonly Violation[] {
  return removedOptions(input.target).flatMap((removed) => {
    const value = input.option(removed.section, removed.name);
    if (value === undefined) return [];
    const { section, name, effect, remedy } = removed;
    const does = removed.renamed === true ? "renames" : "does not read";
    return [
      {
        gate: "RemovedOptions",
        object: input.object,
        reason: "OptionRemoved",
        message: `${input.target.name} ${does} [${section}] ${name}: ${effect}`,
        remedy,
        severity: losesData(removed, value, input) ? "Error" : "Warning",
      } as const,
    ];
  });
}
