/**
 * The operator with its two modes. Apply is `decide` itself; Plan is the same decision with its write taken out and the plan
 * put in, so that nothing but status is written.
 */
import type { Decision } from "../model/decision.ts";
import type { Observation } from "../model/observation.ts";
import type { Note } from "../model/outcome.ts";
import type { Plan } from "../model/plan.ts";
import { decide } from "../reconcilers/decide.ts";
import { atOnce, type InSteps } from "./in-steps.ts";
import { planning, toApply } from "./plan.ts";

/** Writes after which an attempt is under way and before which nothing is disrupted: then the plan is worth showing. */
const BEGINNINGS: ReadonlySet<string> = new Set(["AttemptStarted", "RollbackStarted", "Replanned", "Claiming"]);

/** `known`: the hash of the plan that is shown already, so that none is made twice. */
export const decideOrPlan = (seen: Observation, known?: string): Decision => atOnce(deciding(seen, known));

/** The same in steps: a plan takes as long as some hundred decisions. */
export function* deciding(seen: Observation, known?: string): InSteps<Decision> {
  const { metadata, spec } = seen.upgrade;
  // A resource that goes gives back what it borrowed, whatever its mode.
  if (metadata.deletingSince !== undefined) return decide(seen);
  if (spec.mode === "Plan") return yield* planned(seen);
  const decision = decide(seen);
  if (!begins(decision) || (known !== undefined && known === decision.record?.plan)) return decision;
  const plan = yield* foreseen(seen);
  return plan === undefined ? decision : { ...decision, plan };
}

function begins({ effect, steps }: Decision): boolean {
  const isTouched = steps.some(({ component, startedAt }) => component !== "database" && startedAt !== undefined);
  return effect !== undefined && BEGINNINGS.has(effect.why.reason) && !isTouched;
}

/** An upgrade never depends on its plan: a mistake in foreseeing it costs the steps in status, and mode Plan tells of it. */
function* foreseen(seen: Observation): InSteps<Plan | undefined> {
  try {
    return yield* planning(seen);
  } catch {
    return undefined;
  }
}

function* planned(seen: Observation): InSteps<Decision> {
  const { effect, recheckAt: _, ...looked } = decide(toApply(seen));
  const { phase, record } = looked;
  // Nothing to plan from yet, or nothing to do: the decision says so itself, and writes nothing.
  const open = effect === undefined && record === undefined;
  const isOver = phase === "Completed" || phase === "RolledBack" || phase === "NoChange";
  if (open || isOver || phase === "Unreadable") return looked;
  const plan = yield* planning(seen);
  return { ...looked, phase: "Planned", headline: headlineOf(seen, looked, plan), plan };
}

function headlineOf(seen: Observation, { record }: Decision, plan: Plan): Note {
  const { target } = seen.upgrade.spec;
  const from = plan.from === undefined ? "" : ` from ${plan.from}`;
  const writes = plan.steps.length === 1 ? "1 write leads" : `${plan.steps.length} writes lead`;
  const way = `${writes}${from} to ${target.release}`;
  const end = plan.end === "Complete" ? "" : `, as far as ${plan.headline.reason}: ${plan.headline.message}`;
  const begun =
    record === undefined || record.ended !== undefined
      ? ""
      : `; the attempt ${record.metadata.name} is left where it is`;
  return { reason: "Planned", message: `${way}${end}${begun}; nothing is written while spec.mode is Plan` };
}
