/**
 * I7: who polls what, at every instant. (a) No pollster is polled twice on one resource: by members of two groups, or by more
 * agents without a group than before. (b) A pollster that both releases have is unpolled for as many stops and starts as the
 * scope allows. (c) A new pollster shares no group with an agent that does not poll it, and is, once polled, unpolled once at
 * most. (d) What the target does not poll is nobody's concern.
 *
 * An agent polls from the start of its container until it is gone, since a terminating one may still be at it; but it is
 * counted upon only while it is ready and does not terminate.
 */
import type { Poll } from "./agent-behaviour.ts";
import type { Agent, AgentChange } from "./audited-agent.ts";
import type { AuditScope, Report } from "./invariants.ts";
import { watchGroups } from "./polling-groups.ts";
import { isPolling, type PollingAgent, type PollingPlan } from "./polling-plan.ts";

/** One pollster on one resource. */
interface Watched {
  /** By how many groups and lone agents it may be polled. */
  readonly limit: number;
  wasPolled: boolean;
  isPolled: boolean;
  gaps: number;
}

/** What has been seen of one resource. */
interface Resource {
  readonly name: string;
  readonly namespace: string;
  readonly agents: Map<string, PollingAgent>;
  readonly pollsters: Map<string, Watched>;
  doubled: ReadonlySet<string>;
}

export function watchPolling(scope: AuditScope, plan: PollingPlan, before: readonly PollingAgent[], report: Report) {
  const resources = new Map<string, Resource>();
  const groups = watchGroups(plan, report);
  const isolated = new Set<string>();

  const allowedGaps = (namespace: string, pollster: string): number => {
    const { restarts = 0 } = scope;
    if (plan.added.get(namespace)?.has(pollster) === true) return 1 + restarts;
    // The main group stops and starts twice where an isolated one polls beside it: when it is replaced, and when it is widened.
    return (scope.gaps?.[namespace] ?? (isolated.has(namespace) ? 2 : 1)) + restarts;
  };
  const isWatched = (namespace: string, pollster: string): boolean =>
    [plan.kept, plan.added].some((set) => set.get(namespace)?.has(pollster) === true);

  const judgeResource = (resource: Resource, isFirst = false): void => {
    const { name, namespace, agents, pollsters } = resource;
    const pollers = new Map<string, Set<string>>();
    const served = new Set<string>();
    for (const agent of agents.values())
      for (const { resource: at, pollster, group } of agent.behaviour.polls) {
        if (at !== name) continue;
        pollers.set(pollster, (pollers.get(pollster) ?? new Set()).add(group ?? agent.key));
        if (agent.pod.ready && !agent.pod.terminating) served.add(pollster);
      }
    for (const [pollster, by] of pollers)
      if (!pollsters.has(pollster))
        pollsters.set(pollster, { limit: isFirst ? by.size : 1, wasPolled: false, isPolled: false, gaps: 0 });
    const names = [...agents.values()].map(({ pod }) => pod.name);
    const doubled = new Set(
      [...pollers].flatMap(([one, by]) => (by.size > (pollsters.get(one)?.limit ?? 1) ? one : [])),
    );
    const fresh = [...doubled].filter((one) => !resource.doubled.has(one));
    if (fresh.length > 0) report("I7", `(a) polled more than once, ${name}: ${some(fresh)}`, names);
    resource.doubled = doubled;

    const lost: string[] = [];
    for (const [pollster, watched] of pollsters) {
      const isPolled = served.has(pollster);
      if (watched.isPolled && !isPolled && isWatched(namespace, pollster)) {
        watched.gaps += 1;
        if (watched.gaps > allowedGaps(namespace, pollster)) lost.push(pollster);
      }
      watched.isPolled = isPolled;
      watched.wasPolled ||= isPolled;
    }
    if (lost.length > 0) report("I7", `(b) polled by nobody once more than is allowed, ${name}: ${some(lost)}`, names);
  };

  const place = (agent: PollingAgent, isThere: boolean): void => {
    for (const [name, { namespace }] of resourcesOf(agent)) {
      const found = resources.get(name) ?? {
        name,
        namespace,
        agents: new Map(),
        pollsters: new Map(),
        doubled: new Set(),
      };
      resources.set(name, found);
      if (isThere) found.agents.set(agent.key, agent);
      else found.agents.delete(agent.key);
    }
  };
  const noteIsolation = ({ behaviour }: PollingAgent): void => {
    for (const [namespace, polls] of Map.groupBy(behaviour.polls, (poll) => poll.namespace))
      if (polls.every(({ pollster }) => plan.added.get(namespace)?.has(pollster) === true)) isolated.add(namespace);
  };

  /** It is polled on what the file lists, so that nobody need find anything to poll it on. */
  const isListed = (namespace: string, pollster: string): boolean =>
    [...resources.values()].some(
      (one) => one.namespace === namespace && isList(one.name) && one.pollsters.has(pollster),
    );

  for (const agent of before) {
    place(agent, true);
    groups.place(agent, true);
  }
  for (const resource of resources.values()) judgeResource(resource, true);
  return {
    hear({ before: earlier, after: later }: AgentChange): void {
      if (earlier !== undefined && later !== undefined && isSame(earlier, later)) return;
      const was = earlier !== undefined && isPolling(earlier) ? earlier : undefined;
      const is = later !== undefined && isPolling(later) ? later : undefined;
      if (was !== undefined) place(was, false);
      if (is !== undefined) {
        place(is, true);
        noteIsolation(is);
      }
      const touched = [was, is].filter((agent) => agent !== undefined);
      for (const name of new Set(touched.flatMap((agent) => [...resourcesOf(agent).keys()]))) {
        const resource = resources.get(name);
        if (resource !== undefined) judgeResource(resource);
      }
      groups.hear(was, is);
    },
    close(): void {
      for (const { name, namespace, agents, pollsters } of resources.values()) {
        const left = [...pollsters].filter(
          ([pollster, { wasPolled, isPolled }]) => wasPolled && !isPolled && isWatched(namespace, pollster),
        );
        const isUpgraded = agents.size > 0 && !isList(name) && [...agents.values()].every(({ age }) => age === "new");
        const missing = [...(plan.added.get(namespace) ?? [])].filter(
          (pollster) => !pollsters.has(pollster) && !isListed(namespace, pollster),
        );
        const unpolled = [...left.map(([pollster]) => pollster), ...(isUpgraded ? missing : [])];
        if (unpolled.length > 0) report("I7", `(b) polled by nobody in the end, ${name}: ${some(unpolled)}`, []);
      }
    },
  };
}

/** Nothing has changed that is judged. The object of the pod is another one, but nobody asks for more of it. */
function isSame(was: Agent, is: Agent): boolean {
  const { ready, terminating } = is.pod;
  return was.behaviour === is.behaviour && was.pod.ready === ready && was.pod.terminating === terminating;
}

function isList(resource: string): boolean {
  return resource.includes(" on the list ");
}

function resourcesOf({ behaviour }: PollingAgent): ReadonlyMap<string, Poll> {
  return new Map(behaviour.polls.map((poll) => [poll.resource, poll]));
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
