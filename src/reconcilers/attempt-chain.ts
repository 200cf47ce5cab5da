/**
 * Attempts that followed each other without an end: a change of the target in the middle starts one that has already seen something
 * of the one before. A way back undoes them all, so what any of them had to look out for holds for it (I6, I7). An upgrade in parts
 * (`spec.only`) is several that have ended, each with such a chain of its own; a target that is the release of before undoes them all.
 */
import {
  type AttemptRecord,
  type RecordedParity,
  type RecordedPolling,
  type RecordedTarget,
  startOf,
} from "../model/attempt.ts";
import { parseTime } from "../model/time.ts";
import { neverMet } from "./polling-path.ts";

/** What a way back undoes, the first of them first, the newest last: a part each of an upgrade, with what each took the place of. */
export type Undone = readonly [...AttemptRecord[], AttemptRecord];

/** The attempts that brought other components, or these before, to the release of this one, and that nothing has undone since. */
export function partsBefore(records: readonly AttemptRecord[], of: AttemptRecord): readonly AttemptRecord[] {
  const ended = records
    .filter((record) => record.ended !== undefined && record.ended.state !== "Superseded")
    .filter((record) => record.metadata.uid !== of.metadata.uid && startOf(record) <= startOf(of))
    .toSorted((a, b) => startOf(b) - startOf(a));
  const isPart = ({ back, only, to }: AttemptRecord): boolean =>
    back === undefined && only !== undefined && to === of.to;
  const other = ended.findIndex((record) => !isPart(record));
  return ended.slice(0, other < 0 ? ended.length : other).toReversed();
}

const chainOf = (records: readonly AttemptRecord[], undone: Undone): readonly AttemptRecord[] =>
  undone.flatMap((part) => withReplaced(records, part));

/** The attempts that led to this one without an end, the first of them first, and this one last. */
function withReplaced(records: readonly AttemptRecord[], of: AttemptRecord): readonly AttemptRecord[] {
  const ends = records.flatMap(({ ended, metadata }) =>
    ended !== undefined && ended.state !== "Superseded" && metadata.uid !== of.metadata.uid
      ? [parseTime(ended.at) ?? 0]
      : [],
  );
  const before = ends.filter((at) => at <= startOf(of));
  const cut = before.length === 0 ? Number.NEGATIVE_INFINITY : Math.max(...before);
  const chain = records
    .filter((record) => record.back === undefined && record.ended?.state === "Superseded" && startOf(record) >= cut)
    .filter((record) => record.metadata.uid !== of.metadata.uid && startOf(record) <= startOf(of))
    .toSorted((a, b) => startOf(a) - startOf(b));
  return [...chain, of];
}

/** The release that all of it began from. */
export const fromOf = (records: readonly AttemptRecord[], ...undone: Undone): string | undefined =>
  chainOf(records, undone)[0]?.from;

/** Each workload as the first of these attempts saw it. */
export function originalsOf(records: readonly AttemptRecord[], ...undone: Undone): readonly RecordedTarget[] {
  const originals = new Map<string, RecordedTarget>();
  for (const target of chainOf(records, undone).flatMap(({ targets }) => targets)) {
    const known = originals.get(target.uid);
    originals.set(target.uid, known === undefined ? target : joined(known, target));
  }
  // That its queues were empty then says nothing of what its new agents have left in theirs since.
  return [...originals.values()].map(({ isEmptied: _, ...target }) => target);
}

/** What was mounted before is known by the first attempt that changed it; a later one may have changed other paths. */
function joined(first: RecordedTarget, later: RecordedTarget): RecordedTarget {
  const paths = new Set((first.before ?? []).map(({ path }) => path));
  const more = (later.before ?? []).filter(({ path }) => !paths.has(path));
  const polling = bothPolling(first.polling, later.polling);
  return {
    ...first,
    before: [...(first.before ?? []), ...more],
    targetImage: later.targetImage,
    ...(later.replicasAfter === undefined ? {} : { replicasAfter: later.replicasAfter }),
    ...(polling === undefined ? {} : { polling }),
  };
}

/** They may meet as far as they might in both. */
function bothPolling(
  first: RecordedPolling | undefined,
  later: RecordedPolling | undefined,
): RecordedPolling | undefined {
  if (first === undefined || later === undefined) return later ?? first;
  // What one of them knew to keep apart is looked at again before they are brought up.
  const apart = [first, later].find(neverMet);
  const added = [...new Set([...(first.added ?? []), ...(later.added ?? [])])];
  return {
    ...later,
    ...(apart === undefined ? {} : { why: apart.why, added }),
    path: first.path === "Roll" ? later.path : first.path,
    overlap: first.overlap && later.overlap,
    together: first.together === true || later.together === true,
  };
}

/** From that which lets old and new agents meet to that which keeps them furthest apart. */
const APART = [
  "NotPartitioned",
  "Same",
  "Differs",
  "Unknown",
  "MustDrain",
] as const satisfies readonly RecordedParity["state"][];

/** What the parity gate found in any of them: undefined where it was asked in none. */
export function parityOf(records: readonly AttemptRecord[], ...undone: Undone): RecordedParity | undefined {
  return chainOf(records, undone)
    .map(({ parity }) => parity)
    .reduce(bothParities, undefined);
}

function bothParities(
  first: RecordedParity | undefined,
  later: RecordedParity | undefined,
): RecordedParity | undefined {
  if (first === undefined || later === undefined) return later ?? first;
  const drain = later.drain ?? first.drain;
  return {
    state: APART.findLast((state) => state === first.state || state === later.state) ?? later.state,
    differences: [...new Set([...first.differences, ...later.differences])],
    emptyFirst: [...new Set([...first.emptyFirst, ...later.emptyFirst])],
    ...(drain === undefined ? {} : { drain }),
  };
}
