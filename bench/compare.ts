/** The same work by every driver in turn, each between two runs of the lower bound, so that a busy machine is busy for both. */

import { z } from "zod";
import {
  type Asked,
  isRead,
  isStatusWrite,
  isWatch,
  isWorkWrite,
  positionIn,
  reactions,
  readAudit,
  tally,
} from "./audit-log.ts";
import { type Driver, lowerBound } from "./drivers.ts";
import { finishLine } from "./finish-line.ts";
import { type Ground, openScenes } from "./ground.ts";
import type { Wrote } from "./operator.ts";
import type { Memory } from "./process-figures.ts";
import { must, newImage, PARTS, removeScenes, type Scene } from "./scene.ts";

export interface Run {
  readonly driver: string;
  /** How many upgrades were made at once. */
  readonly upgrades: number;
  /** Milliseconds from the beginning until every pod of every component runs the target. */
  readonly wall: number;
  /** Milliseconds until the driver says so itself. */
  readonly told: number;
  /** The same as `wall` for each Deployment. */
  readonly parts: Readonly<Record<string, number>>;
  readonly cpu: number | undefined;
  readonly memory: Memory | undefined;
  readonly workWrites: Readonly<Record<string, number>>;
  readonly statusWrites: number;
  readonly events: number;
  /** Reads that are no watches, from the beginning on. */
  readonly reads: Readonly<Record<string, number>>;
  /** Requests before the beginning: the first lists and whatever else a start needs. */
  readonly startReads: Readonly<Record<string, number>>;
  readonly watches: Readonly<Record<string, number>>;
  /** Requests that the API server refused, by their code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Milliseconds from the last write of others to each write of the driver. */
  readonly reactions: readonly number[];
  readonly wrote: readonly Wrote[];
}

export interface Comparison {
  readonly driver: string;
  readonly run: Run;
  /** Wall time over the mean of the lower-bound runs before and after it. */
  readonly ratio: number;
  readonly toldRatio: number;
}

export interface CompareOptions {
  readonly repeats: number;
  readonly drivers: readonly Driver[];
  readonly scenesOf: (run: string) => readonly Scene[];
  /** Distinguishes these runs from all others on the ground. */
  readonly label: string;
  readonly say: (line: string) => void;
  /** Each run's objects are removed after it: of many, the next run would have to carry them. */
  readonly remove?: boolean;
  /** What else is looked at when a driver, not the lower bound, has finished and its objects are still there. */
  readonly afterwards?: (driver: Driver, scenes: readonly Scene[]) => Promise<void>;
}

export interface Compared {
  readonly controls: readonly Run[];
  readonly comparisons: readonly Comparison[];
}

export async function compare(ground: Ground, options: CompareOptions): Promise<Compared> {
  const { repeats, drivers, scenesOf, label, say, remove = false, afterwards } = options;
  let count = 0;
  const once = async (driver: Driver, recorded = true): Promise<Run> => {
    count += 1;
    const scenes = scenesOf(`${label}-${count}`);
    const run = await measure(ground, driver, scenes);
    const note = recorded ? "" : " (warm-up, not counted)";
    say(`${driver.name.padEnd(32)} ${run.wall.toFixed(0).padStart(7)} ms, told ${run.told.toFixed(0)} ms${note}`);
    if (driver !== lowerBound) await afterwards?.(driver, scenes);
    if (remove) await removeScenes(ground.cluster, scenes);
    return run;
  };
  // The first of each is slower: caches of the disk, of kubectl's discovery, of the API server.
  if (repeats > 1) for (const driver of [lowerBound, ...drivers]) await once(driver, false);
  const controls = [await once(lowerBound)];
  const comparisons: Comparison[] = [];
  for (let round = 0; round < repeats; round += 1) {
    // There and back: whoever comes later in one round comes earlier in the next.
    for (const driver of round % 2 === 0 ? drivers : drivers.toReversed()) {
      const before = controls.at(-1);
      const run = await once(driver);
      const after = await once(lowerBound);
      controls.push(after);
      const control = ((before ?? after).wall + after.wall) / 2;
      comparisons.push({ driver: driver.name, run, ratio: run.wall / control, toldRatio: run.told / control });
    }
  }
  return { controls, comparisons };
}

/** `atTheEnd` is called when all is done and the driver has not ended yet. */
export async function measure(
  ground: Ground,
  driver: Driver,
  scenes: readonly Scene[],
  atTheEnd: () => Promise<void> = () => Promise.resolve(),
): Promise<Run> {
  const { cluster, auditLog } = ground;
  const [first] = scenes;
  if (first === undefined) throw new Error("no scene");
  await openScenes(ground, scenes);
  const position = await positionIn(auditLog);
  const wanted = {
    run: first.run,
    image: newImage(first.strategy),
    replicas: first.replicas,
    deployments: scenes.length * PARTS.length,
  };
  await using line = await finishLine(cluster, wanted);
  const figures = await (async () => {
    await using prepared = await driver.prepare(ground, scenes);
    const cpuBefore = await prepared.cpu();
    const beganAt = Date.now();
    const start = performance.now();
    const [finish, told] = await Promise.all([line.crossed, prepared.begin().then(() => performance.now() - start)]);
    const [cpuAfter, memory] = [await prepared.cpu(), await prepared.memory()];
    await atTheEnd();
    const complaints = prepared.operator?.complaints ?? [];
    if (complaints.length > 0) process.stderr.write(`${complaints.join("\n")}\n`);
    const wrote = [...(prepared.operator?.wrote ?? [])];
    const parts = Object.fromEntries([...finish.parts].map(([name, at]) => [name, at - start]));
    const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
    return { beganAt, wall: finish.at - start, told, parts, cpu, memory, wrote };
  })();
  const namespaces = new Set(scenes.map(({ namespace }) => namespace));
  const all = (await readAudit(auditLog, position)).filter((asked) => concerns(asked, namespaces));
  const requests = all.filter((asked) => driver.mine(asked));
  const { beganAt, ...measured } = figures;
  const later = requests.filter((asked) => asked.receivedAt >= beganAt);
  return {
    driver: driver.name,
    upgrades: scenes.length,
    ...measured,
    workWrites: tally(later.filter(isWorkWrite)),
    statusWrites: later.filter(isStatusWrite).length,
    events: await eventsOf(ground, namespaces),
    reads: tally(later.filter(isRead)),
    startReads: tally(requests.filter((asked) => asked.receivedAt < beganAt && isRead(asked))),
    watches: tally(requests.filter(isWatch)),
    refused: tallyCodes(later),
    reactions: reactions(all, driver.mine),
  };
}

/** Requests without a namespace are lists and watches of all of them. */
const concerns = ({ namespace }: Asked, namespaces: ReadonlySet<string>): boolean =>
  namespace === undefined || namespaces.has(namespace);

function tallyCodes(requests: readonly Asked[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { verb, resource, code } of requests.filter((asked) => asked.code >= 400)) {
    const key = `${code} ${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

const eventsSchema = z.object({ items: z.array(z.object({ reportingController: z.string().default("") })) });

/** Events that the operator wrote into these namespaces; one that was told again counts once. */
async function eventsOf({ cluster }: Ground, namespaces: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for (const namespace of namespaces) {
    const text = await must(cluster, "GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
    const { items } = eventsSchema.parse(JSON.parse(text));
    count += items.filter(
      ({ reportingController }) => reportingController === "ceilometer.openstack.org/operator",
    ).length;
  }
  return count;
}
