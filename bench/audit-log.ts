/** What the API server says it was asked. Events are not in this log: see audit-policy.yaml. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const entrySchema = z.object({
  verb: z.string(),
  requestURI: z.string(),
  userAgent: z.string().default(""),
  objectRef: z
    .object({
      resource: z.string().default(""),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .default({ resource: "" }),
  responseStatus: z.object({ code: z.int().default(0) }).default({ code: 0 }),
  requestReceivedTimestamp: z.string(),
  stageTimestamp: z.string(),
});

export interface Asked {
  readonly verb: string;
  /** With its subresource: "pods/log". */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly agent: string;
  readonly code: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

const WRITES = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const STATUS = "ceilometerupgrades/status";

export const isWrite = (asked: Asked): boolean =>
  // A review is a question that is asked by creating it; nothing is stored.
  WRITES.has(asked.verb) && !asked.resource.startsWith("selfsubject");
export const isStatusWrite = (asked: Asked): boolean => isWrite(asked) && asked.resource === STATUS;
export const isWorkWrite = (asked: Asked): boolean => isWrite(asked) && asked.resource !== STATUS && !isLease(asked);
/** A lease is renewed by the clock, whatever there is to do: counted apart. */
export const isLease = (asked: Asked): boolean => asked.resource === "leases";
export const isWatch = (asked: Asked): boolean => asked.verb === "watch";
export const isRead = (asked: Asked): boolean => !isWrite(asked) && !isWatch(asked) && !isLease(asked);

export async function positionIn(path: string): Promise<number> {
  return (await stat(path)).size;
}

/** Everything that was logged behind a position. */
export async function readAudit(path: string, from: number): Promise<readonly Asked[]> {
  await settled(path);
  const found: Asked[] = [];
  // Of a thousand upgrades it is longer than a string may be.
  const lines = createInterface({ input: createReadStream(path, { start: from }) });
  for await (const line of lines) if (line.startsWith("{") && line.endsWith("}")) found.push(asked(line));
  return found;
}

/** A watch is logged when it has ended, a moment after its client has gone: until the file rests, or for 2 s. */
async function settled(path: string): Promise<void> {
  let size = -1;
  for (let looks = 0; looks < 8; looks += 1) {
    await pause(250);
    const now = await positionIn(path);
    if (now === size) return;
    size = now;
  }
}

function asked(line: string): Asked {
  const entry = entrySchema.parse(JSON.parse(line));
  const { resource, subresource, namespace, name } = entry.objectRef;
  return {
    verb: entry.verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    agent: entry.userAgent,
    code: entry.responseStatus.code,
    receivedAt: epoch(entry.requestReceivedTimestamp),
    answeredAt: epoch(entry.stageTimestamp),
  };
}

/** `Date` knows whole milliseconds only; the log has microseconds. */
function epoch(stamp: string): number {
  const fraction = /\.(\d+)Z$/.exec(stamp)?.[1] ?? "0";
  return Date.parse(stamp.replace(/\.\d+Z$/, "Z")) + Number(`0.${fraction}`) * 1000;
}

/** How often each verb and resource was asked, as "3 patch deployments". */
export function tally(requests: readonly Asked[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { verb, resource } of requests) {
    const key = `${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Milliseconds from the last write of anybody else in the namespace to each write of the driver that it may have waited for.
 * A write that follows the driver's own last one waited for nobody and is left out.
 */
export function reactions(all: readonly Asked[], mine: (asked: Asked) => boolean): readonly number[] {
  const spaces = Map.groupBy(all.filter(isWrite), ({ namespace }) => namespace);
  return [...spaces.values()].flatMap((writes) => reactionsIn(writes, mine));
}

function reactionsIn(all: readonly Asked[], mine: (asked: Asked) => boolean): readonly number[] {
  const found: number[] = [];
  const writes = all.toSorted((a, b) => a.receivedAt - b.receivedAt);
  for (const write of writes.filter((each) => mine(each) && isWorkWrite(each))) {
    const before = writes.filter((each) => each.answeredAt <= write.receivedAt);
    const own = before.filter((each) => mine(each) && isWorkWrite(each)).map((each) => each.answeredAt);
    const others = before.filter((each) => !mine(each)).map((each) => each.answeredAt);
    const event = Math.max(...others, 0);
    if (event > Math.max(...own, 0)) found.push(write.receivedAt - event);
  }
  return found;
}
