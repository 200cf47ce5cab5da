/**
 * I7 inside a coordination group: members divide resources among them, so all of them must poll the same. A new pollster shares
 * no group with an agent that does not poll it (c), and where members never read their ring again, different agents do not
 * meet in it at all (a). Members that are alike are looked at once, because a group may span every host of a cloud.
 */
import { keepsItsRing } from "./audited-release.ts";
import type { Report } from "./invariants.ts";
import type { PollingAgent, PollingPlan } from "./polling-plan.ts";

/** Members of one group with the same image that poll the same there. */
interface Kind {
  readonly what: string;
  /** New pollsters that they poll. */
  readonly adds: readonly string[];
  /** A new agent that terminates has handed over; an old one holds what it has until it is gone. */
  readonly isLeaving: boolean;
  readonly keepsItsRing: boolean;
  readonly members: Map<string, PollingAgent>;
}

export function watchGroups(plan: PollingPlan, report: Report) {
  const groups = new Map<string, Map<string, Kind>>();
  const standing = new Set<string>();

  const kindOf = (agent: PollingAgent, group: string): Kind => {
    const polls = agent.behaviour.polls.filter((poll) => poll.group === group);
    return {
      what: `${agent.container.image} ${polls.map(({ pollster }) => pollster).join()}`,
      adds: polls.flatMap(({ namespace, pollster }) =>
        plan.added.get(namespace)?.has(pollster) === true ? [pollster] : [],
      ),
      isLeaving: agent.age === "new" && agent.pod.terminating,
      keepsItsRing: keepsItsRing(agent.release),
      members: new Map(),
    };
  };
  const place = (agent: PollingAgent, isThere: boolean): void => {
    for (const group of groupsOf(agent)) {
      const kinds = groups.get(group) ?? new Map<string, Kind>();
      const kind = kindOf(agent, group);
      const key = `${kind.what} ${kind.isLeaving}`;
      const { members } = kinds.get(key) ?? kind;
      if (isThere) members.set(agent.key, agent);
      else members.delete(agent.key);
      if (members.size === 0) kinds.delete(key);
      else if (!kinds.has(key)) kinds.set(key, { ...kind, members });
      groups.set(group, kinds);
    }
  };
  const forbid = (key: string, message: string, isSo: boolean, kinds: readonly Kind[]): void => {
    if (!isSo) standing.delete(key);
    else if (!standing.has(key)) {
      standing.add(key);
      const pods = kinds.flatMap(({ members }) => [...members.values()].map(({ pod }) => pod.name));
      report("I7", message, pods);
    }
  };
  const judge = (group: string): void => {
    const kinds = [...(groups.get(group)?.values() ?? [])];
    const ring = group.split(" ")[1] ?? "";
    const isSplit = new Set(kinds.map(({ what }) => what)).size > 1 && kinds.some((kind) => kind.keepsItsRing);
    const split = `(a) different agents in the group ${ring}, whose members do not see each other come and go`;
    forbid(`split ${group}`, split, isSplit, kinds);
    const added = new Set(kinds.flatMap(({ adds }) => adds)).size;
    const isShared = kinds.some(({ adds, isLeaving }) => adds.length < added && !isLeaving);
    const shared = `(c) a new pollster shares the group ${ring} with an agent that does not poll it`;
    forbid(`shared ${group}`, shared, isShared, kinds);
  };
  return {
    place,
    hear(was: PollingAgent | undefined, is: PollingAgent | undefined): void {
      if (was !== undefined) place(was, false);
      if (is !== undefined) place(is, true);
      const touched = [was, is].filter((agent) => agent !== undefined);
      for (const group of new Set(touched.flatMap((agent) => [...groupsOf(agent)]))) judge(group);
    },
  };
}

function groupsOf({ behaviour }: PollingAgent): ReadonlySet<string> {
  return new Set(behaviour.polls.flatMap(({ group }) => group ?? []));
}
