/** Shows an upgrade while it happens: redrawn in place on a terminal, else a line for each change; until it has ended. */
import { setTimeout as pause } from "node:timers/promises";
import { type Caches, createCaches } from "../../controllers/ceilometer-upgrade/caches.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/logger.ts";
import type { Cluster } from "../connection.ts";
import { UnreadError, UsageError } from "../failures.ts";
import type { Surroundings } from "../surroundings.ts";
import { createScreen, type Screen } from "../terminal/screen.ts";
import { type Sight, sightOf } from "./sight.ts";
import { changes, sentences, statusLines } from "./text.ts";
import { type State, verdictOf } from "./verdict.ts";

export interface Following {
  readonly name: string;
  /** Milliseconds that it may be held, or not be read, before that counts as its end: much goes away by itself. */
  readonly patience: number;
}

/** Milliseconds between two looks, and between two pictures in which only time has passed. */
const LOOK = 200;
const TICK = 1000;

/** The state in which it ended, or undefined where somebody interrupted. @throws UsageError where it is deleted, UnreadError where it cannot be read. */
export async function followUpgrade(
  { client, namespace }: Cluster,
  { name, patience }: Following,
  around: Surroundings,
): Promise<State | undefined> {
  const stop = new AbortController();
  const changed = { since: true };
  const onChange = (): void => {
    changed.since = true;
  };
  const silent = createSilence(
    (kind) => watchedKinds(caches).find(({ resource }) => resource.plural === kind)?.lastContact,
  );
  const caches = createCaches({
    client,
    clock: systemClock,
    log: silentLog,
    namespaces: [namespace],
    onChange,
    onRead: onChange,
    onFault: (kind, { why }) => silent.failed(kind, why),
  });
  const watches = watchedOf(caches);
  const running = watches.map((watch) => watch.run(stop.signal));
  const screen = createScreen(around.out, around.env);
  try {
    await Promise.all(watches.map(({ store }) => store.settled()));
    return await shown({ caches, namespace, name, patience, changed, silent }, screen, around);
  } finally {
    screen.release();
    stop.abort();
    await Promise.allSettled(running);
  }
}

const watchedKinds = ({ upgrades, deployments, daemonSets, statefulSets, pods, jobs }: Caches) => [
  upgrades,
  deployments,
  daemonSets,
  statefulSets,
  pods,
  jobs,
];
const watchedOf = (caches: Caches) => watchedKinds(caches).flatMap(({ managed }) => managed);

export interface Silence {
  failed(kind: string, why: string): void;
  /** What has failed more than once since it was last heard of. */
  readonly why: () => string | undefined;
}

/**
 * A watch that breaks is asked for again, and says nothing where nothing happens: only one that fails again, without a word in
 * between, cannot be had. `contactOf`: when a kind was last heard of.
 */
export function createSilence(contactOf: (kind: string) => number | undefined): Silence {
  const faults = new Map<
    string,
    { readonly contact: number | undefined; readonly count: number; readonly why: string }
  >();
  return {
    failed(kind, why) {
      const contact = contactOf(kind);
      const before = faults.get(kind);
      faults.set(kind, {
        contact,
        why,
        count: before !== undefined && before.contact === contact ? before.count + 1 : 1,
      });
    },
    why() {
      for (const [kind, { contact, count, why }] of faults)
        if (count > 1 && contactOf(kind) === contact) return `${kind} cannot be read: ${why}`;
      return undefined;
    },
  };
}

interface Watched {
  readonly caches: Caches;
  readonly namespace: string;
  readonly name: string;
  readonly patience: number;
  readonly changed: { since: boolean };
  readonly silent: Silence;
}

async function shown(watched: Watched, screen: Screen, around: Surroundings): Promise<State | undefined> {
  const { changed } = watched;
  const hasEnded = createJudge(watched.patience);
  const isUnread = createUnread(watched.patience);
  const tell = createTeller(screen);
  let toldAt = 0;
  while (!around.signal.aborted) {
    const now = around.now();
    if (changed.since || now - toldAt >= TICK) {
      changed.since = false;
      toldAt = now;
      const unread = isUnread(whatFails(watched), now);
      const sight = seen(watched, now, unread);
      if (sight !== undefined) tell(sight);
      // What was known before may be old: it is shown, and is no end.
      const state = unread || sight === undefined ? undefined : verdictOf(sight.upgrade).state;
      if (state !== undefined && hasEnded(state, now)) return state;
    }
    await pause(LOOK);
  }
  return undefined;
}

/** A picture in place of the last one, or what has changed since the last call. */
export function createTeller(screen: Screen): (sight: Sight) => void {
  let said: ReadonlyMap<string, string> = new Map();
  return (sight) => {
    if (screen.isTerminal) {
      screen.show(statusLines(sight));
      return;
    }
    const next = sentences(sight);
    for (const line of changes(said, next)) screen.say(`${clockTime(sight.now)}  ${line}`);
    said = next;
  };
}

const clockTime = (now: number): string => new Date(now).toISOString().slice(11, 19);

function whatFails({ caches, silent }: Watched): string | undefined {
  for (const { store, name: kind } of watchedOf(caches)) {
    if (store.state.kind === "failing") return `${kind} cannot be read: ${store.state.why}`;
  }
  return silent.why();
}

function seen({ caches, namespace, name }: Watched, now: number, unread: boolean): Sight | undefined {
  const sight = sightOf(caches, namespace, name, now);
  if (sight === undefined && !unread) throw new UsageError(`CeilometerUpgrade ${name} is not there any more`);
  return sight;
}

/** Whether something cannot be read, which passes by itself in most cases. @throws UnreadError where it has lasted for so long. */
export function createUnread(patience: number): (why: string | undefined, now: number) => boolean {
  let since: number | undefined;
  return (why, now) => {
    since = why === undefined ? undefined : (since ?? now);
    if (since !== undefined && why !== undefined && now - since >= patience) throw new UnreadError(why);
    return why !== undefined;
  };
}

/** Milliseconds: a report may be as old as that when a retry has just been taken over. */
const STALE = 3000;

/** Whether a state is one that nothing follows, unless somebody does something. */
export function createJudge(patience: number): (state: State, now: number) => boolean {
  let last: { readonly state: State; readonly since: number; readonly before: State | undefined } | undefined;
  return (state, now) => {
    if (last?.state !== state) last = { state, since: now, before: last?.state };
    const lasts = now - last.since;
    switch (state) {
      case "Succeeded":
        // What was asked for has just been taken: the report may still be that of before.
        return last.before !== "Unseen" || lasts >= Math.min(STALE, patience);
      case "Planned":
        return true;
      case "RolledBack":
        return lasts >= Math.min(STALE, patience);
      case "Held":
      case "Aborted":
        return lasts >= patience;
      case "AwaitingApproval":
      case "Paused":
      case "UnderWay":
      case "Waiting":
      case "Unseen":
        return false;
    }
  };
}
