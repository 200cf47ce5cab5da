/** What an upgrade means for pollsters: which stay, which are added, which are removed, in each polling namespace. */
import { behaviourOf, type Poll, type PollingBehaviour } from "./agent-behaviour.ts";
import type { Agent } from "./audited-agent.ts";
import { releaseOf } from "./audited-release.ts";
import type { AuditScope } from "./invariants.ts";

export type PollingAgent = Agent & { readonly behaviour: PollingBehaviour };

export function isPolling(agent: Agent): agent is PollingAgent {
  return agent.behaviour.kind === "polling";
}

/** Pollsters by polling namespace: what the target goes on polling, and what it begins to. */
export interface PollingPlan {
  readonly kept: ReadonlyMap<string, ReadonlySet<string>>;
  readonly added: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What follows for pollsters from the agents that were there before: what they poll, and what the target would in their place. */
export function planOf(
  scope: AuditScope,
  before: readonly PollingAgent[],
  pollingFile: string | undefined,
): PollingPlan {
  const images = scope.components.find(({ component }) => component === "polling")?.newImages ?? [];
  const releases = [...new Set(images)].flatMap((image) => releaseOf(image, scope.releases?.[image]) ?? []);
  const polled = byNamespace(before.flatMap(({ behaviour }) => behaviour.polls));
  const targets = releases.map((release) =>
    byNamespace(
      before.flatMap((agent) => {
        const then = behaviourOf({ ...agent, release, ...(pollingFile === undefined ? {} : { pollingFile }) });
        return then?.kind === "polling" ? then.polls : [];
      }),
    ),
  );
  const kept = new Map<string, ReadonlySet<string>>();
  const added = new Map<string, ReadonlySet<string>>();
  for (const namespace of new Set([polled, ...targets].flatMap((polls) => [...polls.keys()]))) {
    const was = polled.get(namespace) ?? new Set();
    const will = targets.map((target) => target.get(namespace) ?? new Set<string>());
    kept.set(namespace, new Set([...was].filter((name) => will.every((names) => names.has(name)))));
    added.set(namespace, new Set(will.flatMap((names) => [...names]).filter((name) => !was.has(name))));
  }
  return { kept, added };
}

function byNamespace(polls: readonly Poll[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = Map.groupBy(polls, ({ namespace }) => namespace);
  return new Map([...groups].map(([namespace, own]) => [namespace, new Set(own.map(({ pollster }) => pollster))]));
}
