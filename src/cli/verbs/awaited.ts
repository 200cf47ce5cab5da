/** Which approval is waited for, read off the report. */
import type { UpgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { CommandError } from "../failures.ts";

type Component = NonNullable<NonNullable<UpgradeView["spec"]>["approvals"]>[number]["before"];

export interface Awaited {
  readonly before: Component;
  readonly planHash: string;
}

/** The step that says so; else the first point of spec.approvals that has not been passed and is not approved for this plan. */
export function awaitedApproval({ spec, status }: UpgradeView, planHash: string): Component | undefined {
  const step = status.steps?.find(({ blockedBy }) => blockedBy?.reason === "AwaitingApproval");
  const said = spec?.approvals?.find(({ before }) => before === step?.name);
  if (said !== undefined) return said.before;
  const passed = new Set(status.steps?.flatMap(({ name, state }) => (isPassed(state) ? [name] : [])));
  const approved = spec?.approved?.filter((each) => each.planHash === planHash).map(({ before }) => before) ?? [];
  const order = status.steps?.map(({ name }) => name) ?? [];
  return spec?.approvals
    ?.map(({ before }) => before)
    .filter((before) => !passed.has(before) && !approved.includes(before))
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))[0];
}

const isPassed = (state: string): boolean => state === "Succeeded" || state === "Skipped";

/** @throws CommandError where there is no plan, another one than was looked at, or nothing that waits. */
export function whatToApprove(view: UpgradeView, before: Component | undefined, lookedAt: string | undefined): Awaited {
  const planHash = currentPlan(view, lookedAt);
  if (before !== undefined) return { before, planHash };
  const isAwaited = view.status.conditions?.some(
    ({ type, status }) => type === "AwaitingApproval" && status === "True",
  );
  const awaited = isAwaited === true ? awaitedApproval(view, planHash) : undefined;
  if (awaited === undefined) {
    const isPaused = view.status.conditions?.some(({ type, status }) => type === "Paused" && status === "True");
    const why = isPaused === true ? "it is paused, and no approval is waited for" : "no approval is waited for";
    throw new CommandError(`${why}; approve a point beforehand with --before COMPONENT`);
  }
  return { before: awaited, planHash };
}

/** The hash of the plan that the report tells of. @throws CommandError where there is none, or another than `lookedAt`. */
export function currentPlan({ status }: UpgradeView, lookedAt: string | undefined): string {
  const hash = status.plan?.hash;
  if (hash === undefined) {
    if (lookedAt !== undefined) return lookedAt;
    throw new CommandError("the resource has no plan yet; wait until it tells one, or give its hash with --plan-hash");
  }
  if (lookedAt !== undefined && lookedAt !== hash) {
    throw new CommandError(`the plan is ${hash} now, not ${lookedAt}: look at it again`);
  }
  return hash;
}
