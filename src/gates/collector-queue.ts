/**
 * A collector that the target does not have retires once the notification agents have settled and what old ones have sent it is
 * stored (clause F2). That its queues are empty then nobody sees by its pods: an extra gate before it does, or a person answers for it.
 */
import type { AcceptedRisk, ExtraGate } from "../api/v1alpha1/schema.ts";
import { type Agent, agentText, isDown } from "../model/agent.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { hasComponent, type Release } from "../model/release.ts";
import { acceptedRisk } from "./accepted-risk.ts";
import { canSeeEmpty } from "./queues-empty.ts";

const CHECK = "CollectorQueueUnseen";

export interface CollectorQueue {
  readonly violations: readonly Violation[];
  /** What a person answers for, of what the attempt needs. */
  readonly accepted: readonly AcceptedRisk[];
}

/** What a Job looks at is its own affair. Logs of a collector, a mere answer or a least number pass with full queues. */
const canSee = (gate: ExtraGate): boolean => gate.job !== undefined || canSeeEmpty(gate);

export function collectorQueue(collectors: readonly Agent[], world: World, target: Release): CollectorQueue {
  const { gates = [] } = world.upgrade.spec;
  const isSeen = gates.some((gate) => gate.before === "collector" && canSee(gate));
  // One that an attempt before has taken down is no wish of anybody's, and what was sent it since waits for it.
  const isOut = (agent: Agent): boolean => isDown(agent) && agent.marks.borrowed === undefined;
  const isGoing = (agent: Agent): boolean => agent.wanted.retires === true && !isOut(agent);
  if (isSeen || hasComponent(target, "collector")) return { violations: [], accepted: [] };
  const going = collectors.filter(isGoing);
  const wordFor = (agent: Agent): AcceptedRisk | undefined => acceptedRisk(world, CHECK, agentText(agent));
  return {
    violations: going.filter((agent) => wordFor(agent) === undefined).map(unseen),
    accepted: going.flatMap((agent) => wordFor(agent) ?? []),
  };
}

function unseen(agent: Agent): Violation {
  const object = agentText(agent);
  return {
    gate: "CollectorQueue",
    object,
    reason: CHECK,
    message:
      "it retires, and nothing shows that its queues (metering.sample, event.sample) are empty by then: what is left in them would be stored by nobody",
    remedy: `add a gate to spec.gates, before: collector, that sees them empty (a Job, or a provider's number with max); or look yourself and accept it: spec.acceptedRisks with check ${CHECK} and object ${object}`,
    severity: "Error",
  };
}
