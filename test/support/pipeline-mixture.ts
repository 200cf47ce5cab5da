/**
 * I6: partitioned notification agents of one coordination group have all loaded the same pipelines, and none of them lives
 * beside agents that neither read nor fill its internal queues. Whether a message is left in such a queue cannot be seen from
 * pods; that these two hold is what keeps it from being left.
 */
import type { NotificationBehaviour } from "./agent-behaviour.ts";
import type { Agent, AgentChange } from "./audited-agent.ts";
import type { Report } from "./invariants.ts";

type NotificationAgent = Agent & { readonly behaviour: NotificationBehaviour };

export function watchPipelines(report: Report) {
  const living = new Map<string, NotificationAgent>();
  const standing = new Set<string>();

  const forbid = (what: string, message: string, culprits: readonly Agent[]): void => {
    if (culprits.length === 0) standing.delete(what);
    else if (!standing.has(what)) {
      standing.add(what);
      report(
        "I6",
        message,
        culprits.map(({ pod }) => pod.name),
      );
    }
  };
  const judge = (): void => {
    const agents = [...living.values()];
    const partitioned = agents.filter(({ behaviour }) => behaviour.group !== undefined);
    for (const [group = "", members] of Map.groupBy(partitioned, ({ behaviour }) => behaviour.group)) {
      const pipelines = new Set(members.map(({ behaviour }) => behaviour.pipeline));
      const message = `agents of the group ${group.split(" ")[1]} have loaded different pipelines`;
      forbid(`pipelines ${group}`, message, pipelines.size > 1 ? members : []);
    }
    const epochs = new Set(agents.map(({ behaviour }) => behaviour.epoch));
    const isMixed = partitioned.length > 0 && epochs.size > 1;
    const message = `partitioned agents beside agents that do not read their queues (${[...epochs].join(", ")})`;
    forbid("epochs", message, isMixed ? agents : []);
  };
  return {
    hear({ before, after }: AgentChange): void {
      if (before !== undefined) living.delete(before.key);
      if (after !== undefined && isNotification(after)) living.set(after.key, after);
      if (before?.behaviour !== after?.behaviour) judge();
    },
  };
}

function isNotification(agent: Agent): agent is NotificationAgent {
  return agent.behaviour.kind === "notification";
}
