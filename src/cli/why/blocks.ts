/** What keeps an upgrade from going on, each with what to do about it. Read off the report alone. */

import type { ConditionType } from "../../api/v1alpha1/conditions.ts";
import { REASONS } from "../../api/v1alpha1/reasons.ts";
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { type State, type Verdict, verdictOf } from "../status/verdict.ts";

export interface Block {
  readonly reason: string;
  /** The step, or Preflight, or the whole. */
  readonly at: string;
  readonly object?: string;
  readonly gate?: string;
  readonly message: string;
  readonly remedy: string;
  /** RFC 3339. */
  readonly since?: string;
  readonly nextCheckTime?: string;
  /** The entry of the runbook, from the root of the project. */
  readonly runbook?: string;
}

export interface Why {
  readonly verdict: Verdict;
  /** Empty: it goes on, or has ended well. */
  readonly blocks: readonly Block[];
  /** What does not hold it, and should be looked at. */
  readonly warnings: readonly Block[];
}

export function whyOf(view: UpgradeView): Why {
  const verdict = verdictOf(view);
  const found = findingsOf(view);
  const warnings = [
    ...driftOf(view),
    ...found.flatMap(({ severity, block }) => (severity === "Warning" ? [block] : [])),
  ];
  if (verdict.state === "Succeeded") return { verdict, blocks: [], warnings };
  const errors = found.flatMap(({ severity, block }) => (severity === "Error" ? [block] : []));
  const steps = stepBlocks(view);
  const told = [...errors, ...steps];
  const whole = wholeBlock(view, verdict);
  // What a step or a finding says already is not said twice.
  const extra = whole !== undefined && !told.some(({ reason }) => reason === whole.reason) ? [whole] : [];
  return { verdict, blocks: [...extra, ...told], warnings };
}

interface Finding {
  readonly severity: "Error" | "Warning";
  readonly block: Block;
}

function findingsOf({ status }: UpgradeView): readonly Finding[] {
  return (status.preflight ?? []).map(({ severity, check, object, message, remedy }) => ({
    severity,
    block: { reason: check, at: "Preflight", object, message, remedy, ...runbookOf(check) },
  }));
}

/** It has ended well, and somebody has changed something since. */
function driftOf({ metadata, status }: UpgradeView): readonly Block[] {
  const drifted = status.conditions?.find(({ type, status: is }) => type === "Drifted" && is === "True");
  if (drifted?.observedGeneration !== metadata.generation) return [];
  const { reason, message, lastTransitionTime: since } = drifted;
  return [{ reason, at: "the whole", message, remedy: remedyOf(reason), since, ...runbookOf(reason) }];
}

function stepBlocks({ status }: UpgradeView): readonly Block[] {
  return (status.steps ?? []).flatMap(({ name, message = "", blockedBy }): readonly Block[] => {
    if (blockedBy === undefined) return [];
    const { gate, object, reason, remedy, since, nextCheckTime } = blockedBy;
    // The report appends the remedy to the message, where there is no other place for it.
    const said = message.endsWith(`; ${remedy}`) ? message.slice(0, -remedy.length - 2) : message;
    const times = {
      ...(since === undefined ? {} : { since }),
      ...(nextCheckTime === undefined ? {} : { nextCheckTime }),
    };
    return [{ reason, at: name, object, gate, message: said, remedy, ...times, ...runbookOf(reason) }];
  });
}

/** States of the whole in which a person has to do something, by the condition that tells of them. */
const TOLD_BY: Readonly<Partial<Record<State, ConditionType>>> = {
  Held: "Stalled",
  Paused: "Paused",
  AwaitingApproval: "AwaitingApproval",
  Waiting: "Ready",
  Aborted: "Ready",
  RolledBack: "Ready",
  Planned: "Ready",
  Unseen: "Ready",
};

function wholeBlock({ metadata, status }: UpgradeView, { state, reason, message }: Verdict): Block | undefined {
  const type = TOLD_BY[state];
  if (type === undefined) return undefined;
  const condition = status.conditions?.find(
    (each) => each.type === type && each.observedGeneration === metadata.generation,
  );
  const remedy =
    state === "Unseen" ? "see whether the operator runs, leads, and watches this namespace" : remedyOf(reason);
  const since = condition === undefined ? {} : { since: condition.lastTransitionTime };
  const next = status.maintenance?.open === false ? status.maintenance.nextOpening : undefined;
  const opening = next === undefined ? {} : { nextCheckTime: next };
  return { reason, at: status.step ?? "the whole", message, remedy, ...since, ...opening, ...runbookOf(reason) };
}

const isReason = (reason: string): reason is keyof typeof REASONS => reason in REASONS;
const remedyOf = (reason: string): string =>
  isReason(reason) ? REASONS[reason].remedy.replace(/\.$/, "") : "read the message";

/** Reasons that ask something of somebody have an entry in the runbook; a test of the documents sees to it. */
function runbookOf(reason: string): { readonly runbook?: string } {
  if (!isReason(reason) || /^Nothing[.:]/.test(REASONS[reason].remedy)) return {};
  return { runbook: `docs/runbook.md#${reason.toLowerCase()}` };
}
