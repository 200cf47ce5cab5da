/** What a set of polling agents does between them, looked at once nothing of an earlier moment can still be seen. */
import { setTimeout as pause } from "node:timers/promises";
import type { AgentProcess, Sample } from "./agents.ts";

/** Agents of one look, each with the pollsters that it is expected to take turns on. */
export type Expected = ReadonlyMap<AgentProcess, readonly string[]>;

export interface Polled {
  /** Whose turn came, by the name of the agent: sorted names of pollsters. */
  readonly pollsters: Readonly<Record<string, readonly string[]>>;
  /** `meter on resource`, each with the names of all agents that sent it. */
  readonly samples: ReadonlyMap<string, readonly string[]>;
}

/** A limit for what hangs, not for what is slow on a busy machine. */
const DEADLINE_MS = 180_000;

/**
 * An agent reads its ring anew when it begins a cycle, and one that begins after this call has seen every member that is there
 * now. So the first cycles only make sure of that, and what counts is what comes after.
 */
export async function polledBy(expected: Expected): Promise<Polled> {
  await turns(expected, 2);
  const marks = new Map([...expected.keys()].map((agent) => [agent, agent.now]));
  await turns(expected, 1);
  const pollsters: Record<string, readonly string[]> = {};
  const samples = new Map<string, string[]>();
  for (const [agent, mark] of marks) {
    pollsters[agent.name] = [...agent.turns(mark).keys()].toSorted();
    for (const sample of new Set(agent.samples(mark).map(text))) {
      samples.set(sample, [...(samples.get(sample) ?? []), agent.name]);
    }
  }
  return { pollsters, samples };
}

const text = ([meter, resource]: Sample): string => `${meter} on ${resource}`;

/** Waits until each agent had so many turns on each of its pollsters from now on; after two it has begun and ended a cycle. */
async function turns(expected: Expected, count: number): Promise<void> {
  const marks = new Map([...expected].map(([agent]) => [agent, agent.now]));
  const missing = (): string[] =>
    [...expected].flatMap(([agent, names]) => {
      const had = agent.turns(marks.get(agent));
      const late = names.filter((name) => (had.get(name) ?? 0) < count);
      return late.length === 0 ? [] : [`${agent.name}: ${late.join(", ")}`];
    });
  await eventually(
    () => Promise.resolve(missing().length === 0),
    () => [...missing(), ...[...expected.keys()].map((agent) => agent.log().slice(-3000))].join("\n"),
  );
}

export async function eventually(holds: () => Promise<boolean>, describe: () => string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS / 1000} s: ${describe()}`);
    await pause(100);
  }
}

/** A new process, a new ring: until the group has so many members. */
export async function members(site: { members(group: string): Promise<number> }, group: string, count: number) {
  await eventually(
    async () => (await site.members(group)) === count,
    () => `${group} does not have ${count} members`,
  );
}
