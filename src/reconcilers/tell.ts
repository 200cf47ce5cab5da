/** Decisions that write nothing, told in one way. */

import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Decision, GatesSeen, Phase, StepReport } from "../model/decision.ts";
import type { World } from "../model/observation.ts";
import type { Note, Outcome, Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";
import { type Millis, parseTime } from "../model/time.ts";
import type { Agents } from "./scene.ts";
import { sequence } from "./sequence.ts";

export interface Told {
  readonly steps: readonly StepReport[];
  readonly findings?: readonly Violation[];
  readonly probes?: readonly ProbeRequest[];
  readonly record?: AttemptRecord;
  readonly from?: string;
  readonly recheckAt?: Millis;
  readonly phase?: Phase;
  readonly gates?: GatesSeen;
}

export function waiting(phase: Phase, headline: Note, told: Told): Decision {
  return { findings: [], probes: [], ...told, phase, headline };
}

/** Somebody has to do something; the first reason is the headline, and all of them are listed. */
export function held(world: World, violations: readonly Violation[], told: Told): Decision {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  const headline: Note =
    first === undefined
      ? { reason: "Held", message: `CeilometerUpgrade/${world.upgrade.metadata.name} is held` }
      : {
          reason: first.reason,
          message: `${first.object}: ${first.message}; ${first.remedy}${more}`,
          object: first.object,
        };
  return { findings: violations, probes: [], ...told, phase: "Held", headline };
}

/** Not knowing is no reason to act, and no reason to say that something is wrong. */
export function unreadable(what: readonly string[]): Decision {
  const message = `cannot read ${what.join("; ")}; nothing is decided until it can`;
  return waiting("Unreadable", { reason: "Unreadable", message }, { steps: [] });
}

/** The workloads of a resource: those that the attempt is about, and those that it leaves for later. */
export interface Parts {
  readonly agents: Agents;
  readonly left: Agents;
}

/** The steps that this resource has, with what was found of each. An absent component has none. */
export function steps(
  world: World,
  { agents, left }: Parts,
  outcomes: ReadonlyMap<string, Outcome> = new Map(),
  record?: AttemptRecord,
): readonly StepReport[] {
  return sequence(world, record?.back !== undefined)
    .filter(({ component }) => component === "database" || agents[component].length + left[component].length > 0)
    .map(({ component, clause }) => {
      if (component !== "database" && agents[component].length === 0) {
        return { component, outcome: leftForLater(world, left[component], clause, record) };
      }
      const own = component === "database" ? undefined : startOf(agents[component], record);
      // The database's Job is the first thing that an attempt does.
      const startedAt = component === "database" && outcomes.has(component) ? parseTime(record?.startedAt) : own;
      return { component, outcome: outcomes.get(component), ...(startedAt === undefined ? {} : { startedAt }) };
    });
}

/** What `spec.only` leaves, or a way back of other attempts, is said as it is: which release it still runs. */
function leftForLater(world: World, agents: readonly Agent[], clause: string, record?: AttemptRecord): Outcome {
  const runs = agents.map((agent) => {
    const release = releaseOf(agent, world);
    return `${agentText(agent)} runs ${release?.name ?? agent.container.image}`;
  });
  const why = record?.back === undefined ? "left for later by spec.only" : "not of the attempts that are undone";
  const message = `${why}: ${runs.join(", ")}`;
  return { kind: "settled", skipped: true, note: { reason: "LeftForLater", message, clause } };
}

function startOf(agents: readonly Agent[], record: AttemptRecord | undefined): Millis | undefined {
  const starts = agents.flatMap(({ marks: { phase } }) => {
    const at = phase !== undefined && phase.plan === record?.plan ? parseTime(phase.startedAt) : undefined;
    return at === undefined ? [] : [at];
  });
  return starts.length === 0 ? undefined : Math.min(...starts);
}
