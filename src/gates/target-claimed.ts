/** One resource at a time works on a workload; a claim of a resource that no longer exists is void. */
import { type Agent, agentText } from "../model/agent.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";

export function targetClaimed(agents: readonly Agent[], world: World): Violation | undefined {
  for (const agent of agents) {
    const claim = agent.marks.claim;
    if (claim === undefined || claim.upgrade === world.upgrade.metadata.uid) continue;
    if (!world.upgradeUids.has(claim.upgrade)) continue;
    return {
      gate: "TargetClaimed",
      object: agentText(agent),
      reason: "TargetClaimed",
      message: `another resource works on it (attempt ${claim.record})`,
      remedy: "wait until that one has ended, or delete it",
      severity: "Error",
    };
  }
  return undefined;
}
