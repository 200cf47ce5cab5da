/** A person says go before a component is touched, for this very plan: a word for another plan says nothing about this one. */
import type { Component } from "../model/component.ts";
import { COMPONENT_WORDS } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";

/** Undefined where no approval is asked for, or it was given. */
export function approval({ upgrade }: World, plan: string, component: Component): Violation | undefined {
  const { approvals = [], approved = [] } = upgrade.spec;
  if (!approvals.some(({ before }) => before === component)) return undefined;
  if (approved.some(({ before, planHash }) => before === component && plan.startsWith(planHash))) return undefined;
  return {
    gate: "Approval",
    object: `CeilometerUpgrade/${upgrade.metadata.name}`,
    reason: "AwaitingApproval",
    message: `the ${COMPONENT_WORDS[component]} is touched when a person approves it for plan ${plan}`,
    remedy: `add {before: ${component}, planHash: "${plan}"} to spec.approved, or kubectl ceilometer-upgrade approve ${upgrade.metadata.name}`,
    severity: "Error",
  };
}
