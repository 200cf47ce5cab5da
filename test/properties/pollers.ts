/**
 * I7 as predicates: (a) no pollster is polled on one resource by two groups, nor by more agents without a group than before;
 * (b) what both releases poll is polled by somebody but for one stop and one start; (c) a new pollster shares no group with an
 * agent that does not poll it. Asked of the agents that run, whatever made them.
 */

import type { AgentAtWork } from "../sim/agents-at-work.ts";
import type { ModelCluster } from "../sim/model-cluster.ts";
import { imageOf } from "../sim/topology.ts";
import type { Poll, PollingBehaviour } from "../support/agent-behaviour.ts";
import { behaviourOf } from "../support/agent-behaviour.ts";
import { keepsItsRing, releaseOf } from "../support/audited-release.ts";
import { addedPollsters, patternsAfter } from "./windows.ts";

type Poller = AgentAtWork & { readonly behaviour: PollingBehaviour };
const isPoller = (agent: AgentAtWork): agent is Poller => agent.behaviour.kind === "polling";

/** What an agent does on one resource: all of it is in one group. */
interface Share {
  readonly resource: string;
  readonly namespace: string;
  readonly group: string | undefined;
  readonly pollsters: ReadonlySet<string>;
}

const shares = new WeakMap<PollingBehaviour, readonly Share[]>();
function sharesOf({ behaviour }: Poller): readonly Share[] {
  const known = shares.get(behaviour);
  if (known !== undefined) return known;
  const made = [...Map.groupBy(behaviour.polls, ({ resource }) => resource)].map(([resource, polls]): Share => {
    const [{ namespace, group } = { namespace: "", group: undefined }] = polls;
    return { resource, namespace, group, pollsters: new Set(polls.map(({ pollster }) => pollster)) };
  });
  shares.set(behaviour, made);
  return made;
}

interface Gaps {
  isServed: boolean;
  count: number;
}

export class Pollers {
  readonly #cluster: ModelCluster;
  readonly #breach: (message: string) => void;
  readonly #added = new Map<string, ReadonlySet<string>>();
  /** By how many groups and lone agents a resource was polled before. */
  readonly #limits = new Map<string, number>();
  readonly #gaps = new Map<string, Gaps>();
  /** Agents that are to be, at the end, by workload: what each polls. */
  readonly #whole = new Map<string, readonly string[]>();
  readonly #disturbed = new Set<string>();
  readonly #dropped = new Set<string>();
  #isScaled = false;
  #seen = "";
  attempts = 1;
  isDeleting = false;

  constructor(cluster: ModelCluster, breach: (message: string) => void) {
    this.#cluster = cluster;
    this.#breach = breach;
    for (const namespace of ["central", "compute", "ipmi"]) {
      this.#added.set(namespace, new Set(addedPollsters(cluster.topology, namespace)));
    }
    for (const agent of this.#living) this.#whole.set(agent.workload, wholeOf(cluster, agent));
    for (const { resource, by } of this.#pollers()) {
      this.#limits.set(resource, Math.max(this.#limits.get(resource) ?? 1, by.size));
    }
    this.judge();
  }

  get #living(): readonly Poller[] {
    return (this.#cluster.broker?.agents.all ?? []).filter(
      (agent): agent is Poller => isPoller(agent) && !this.#dropped.has(agent.workload),
    );
  }

  /** Whose agents the resource does not name is the user's own affair. */
  dropped(workload: string): void {
    this.#dropped.add(workload);
  }

  disturbed(workload: string): void {
    this.#disturbed.add(workload);
  }

  /** As many lone agents as somebody wants poll everything. */
  scaled(): void {
    this.#isScaled = true;
  }

  /** Asked after every change of a pod. */
  judge(): void {
    const living = this.#living;
    const seen = living.map((each) => `${each.fact.uid}${each.isReady}${each.isTerminating}`).join();
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#judgeTwice();
    this.#judgeGroups(living);
    this.#judgeGaps(living);
  }

  /** Everything is whole again: from now on it is judged again. */
  calm(): void {
    this.#disturbed.clear();
  }

  /** Who polls what of a resource, the pollsters that the same agents poll taken together. */
  #pollers(): readonly { resource: string; pollster: string; by: ReadonlySet<string>; isLone: boolean }[] {
    const found = new Map<string, { resource: string; pollster: string; by: Set<string>; isLone: boolean }>();
    for (const agent of this.#living) {
      for (const { resource, group, pollsters } of sharesOf(agent)) {
        for (const pollster of pollsters) {
          const key = `${resource} ${pollster}`;
          const entry = found.get(key) ?? { resource, pollster, by: new Set<string>(), isLone: false };
          entry.by.add(group ?? agent.fact.uid);
          entry.isLone ||= group === undefined;
          found.set(key, entry);
        }
      }
    }
    return [...found.values()];
  }

  #judgeTwice(): void {
    for (const { resource, pollster, by, isLone } of this.#pollers()) {
      if (by.size <= (this.#limits.get(resource) ?? 1)) continue;
      // Whoever evicts or scales agents that share nothing has them poll side by side.
      if (isLone && (this.#isScaled || this.#disturbed.size > 0)) continue;
      this.#breach(`(a) ${pollster} is polled by ${by.size}, ${resource}: ${[...by].join(", ")}`);
      return;
    }
  }

  #judgeGroups(living: readonly Poller[]): void {
    const groups = Map.groupBy(
      living.flatMap((agent) => sharesOf(agent).map((share) => ({ agent, share }))),
      ({ share }) => share.group,
    );
    for (const [group, members] of groups) {
      // How a workload goes is planned for as many agents as it has: one alone never meets itself, two do.
      if (group === undefined || this.#isScaled) continue;
      const added = members.map(({ share }) => this.#addedIn(share));
      const most = new Set(added.flat()).size;
      const lacks = members.find((_, index) => (added[index]?.length ?? 0) < most);
      // Who is taken away from the middle gets the whole file back by its own controller, pod after pod.
      if (lacks !== undefined && !this.isDeleting) {
        this.#breach(`(c) a new pollster shares the group ${group} with ${lacks.agent.name}, which does not poll it`);
      }
      const kinds = new Set(members.map(({ agent }) => agent.image));
      const blind = members.find(({ agent }) => keepsItsRing(agent.release));
      if (kinds.size > 1 && blind !== undefined) {
        this.#breach(`(a) ${[...kinds].join(" and ")} in the group ${group}, whose members do not see each other`);
      }
    }
  }

  #addedIn({ namespace, pollsters }: Share): readonly string[] {
    const added = this.#added.get(namespace) ?? new Set();
    return [...pollsters].filter((name) => added.has(name));
  }

  #judgeGaps(living: readonly Poller[]): void {
    const served = new Map<string, Share>();
    for (const agent of living) {
      if (!agent.isReady || agent.isTerminating) continue;
      for (const share of sharesOf(agent)) {
        for (const pollster of share.pollsters) served.set(`${share.resource} ${pollster}`, share);
      }
    }
    for (const key of served.keys()) if (!this.#gaps.has(key)) this.#gaps.set(key, { isServed: false, count: 0 });
    for (const [key, gaps] of this.#gaps) {
      const isServed = served.has(key);
      const begins = gaps.isServed && !isServed;
      gaps.isServed = isServed;
      if (!begins || this.#disturbed.size > 0 || this.#isScaled) continue;
      gaps.count += 1;
      const allowed = this.#allowedGaps(key) * this.attempts;
      if (gaps.count > allowed)
        this.#breach(`(b) ${key} is polled by nobody for the ${gaps.count}th time of ${allowed}`);
    }
  }

  /** A group beside an isolated one stops twice: when it is replaced, and when it takes the others' pollsters over. */
  #allowedGaps(key: string): number {
    const [namespace = ""] = key.split(" ");
    const pollster = key.slice(key.lastIndexOf(" ") + 1);
    const added = this.#added.get(namespace) ?? new Set();
    // What the target does not poll is nobody's concern.
    if (this.#isRemoved(namespace, pollster)) return Number.POSITIVE_INFINITY;
    const { coordinated = false, isolate } = this.#cluster.topology.partial ?? {};
    const isolates = added.size > 0 && (coordinated || isolate === "Always");
    return isolates && !added.has(pollster) ? 2 : 1;
  }

  #isRemoved(namespace: string, pollster: string): boolean {
    return ![...this.#whole.values()].some((polls) => polls.includes(`${namespace} ${pollster}`));
  }

  /** At the end every agent of the target polls the whole of its file. */
  judgeEnd(isExempt: (workload: string) => boolean): void {
    for (const agent of this.#living) {
      const whole = this.#whole.get(agent.workload);
      if (whole === undefined || isExempt(agent.workload) || agent.image === imageOf(this.#cluster.topology.from))
        continue;
      const polls = pollsOf(agent.behaviour.polls);
      if (polls.join() !== whole.join()) {
        this.#breach(`(b) ${agent.name} polls ${polls.length} pollsters in the end, of ${whole.length} in its file`);
      }
    }
  }
}

const pollsOf = (polls: readonly Poll[]): readonly string[] =>
  polls.map(({ namespace, pollster }) => `${namespace} ${pollster}`).toSorted();

/** What the agent is to poll at the end: as the target's release, by the file that it is to have. */
function wholeOf({ topology }: ModelCluster, agent: Poller): readonly string[] {
  const release = releaseOf(imageOf(topology.to)) ?? agent.release;
  const pollingFile = JSON.stringify({ sources: [{ name: "all", interval: 300, meters: patternsAfter(topology) }] });
  const { fact: pod, container, files } = agent;
  const then = behaviourOf({ pod, container, files, release, pollingFile });
  return then?.kind === "polling" ? pollsOf(then.polls) : [];
}
