/**
 * What stands between the API server and the watches of a client: events come at once, later, twice, not whole, not at all for a
 * while, or only the last.
 */
import { Transform } from "node:stream";
import { z } from "zod";

export interface WatchValve {
  /** What the bytes of one watch go through. `path`: what was asked, with its query. */
  tap(path?: string): Transform;
  /** How many events the API server has told all watches together: the number of the last one. */
  events(): number;
  /** While true nothing comes through, and no connection ends; then all of it comes. */
  freeze(on: boolean): void;
  /** Milliseconds that everything comes later, in its order. */
  delay(milliseconds: number): void;
  /** While true each event comes twice, one right after the other. */
  repeat(on: boolean): void;
  /** The next event of each watch that is open ends in its middle, and so does its line; the ones after it are whole. */
  garble(): void;
  /** From now on events of the watches whose path is chosen are kept; of each object only the last one. */
  hide(chosen: (path: string) => boolean): Hidden;
}

/** What is kept of the events of some watches. */
export interface Hidden {
  /** By watch, the objects of which something is kept: what the client would learn now. */
  readonly kept: () => readonly KeptWatch[];
  /**
   * Lets through the last event of each object, and from then on everything. An object that was deleted and made anew under its
   * name has changed its uid: `last` says it is modified, `replaced` says that one is deleted and another one added.
   */
  release(how: "last" | "replaced"): void;
}

export interface KeptWatch {
  readonly path: string;
  readonly objects: readonly { readonly name: string; readonly resourceVersion: string; readonly isGone: boolean }[];
}

const eventSchema = z.looseObject({
  type: z.string(),
  object: z.looseObject({
    metadata: z
      .looseObject({
        namespace: z.string().optional(),
        name: z.string().optional(),
        uid: z.string().optional(),
        resourceVersion: z.string().optional(),
      })
      .optional(),
  }),
});
type WatchEvent = z.infer<typeof eventSchema>;

interface Kept {
  /** The first event while it was hidden that was not of the last one's uid: what the client knew it as. */
  readonly before: WatchEvent | undefined;
  /** The first event said that it was added, so that the client knows nothing of it. */
  readonly isNew: boolean;
  readonly last: WatchEvent;
}

interface Tap {
  readonly path: string;
  readonly kept: Map<string, Kept>;
  readonly push: (text: string) => void;
  isGarbled: boolean;
}

const NEWLINE = 0x0a;

export function watchValve(): WatchValve {
  let lag = 0;
  let thaw = Promise.withResolvers<void>();
  let isFrozen = false;
  let isRepeated = false;
  let hides: ((path: string) => boolean) | undefined;
  const taps = new Set<Tap>();
  let events = 0;
  thaw.resolve();
  return {
    events: () => events,
    tap(path = "") {
      let behind = Promise.resolve();
      let rest = Buffer.alloc(0);
      const stream = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          // An event is a line, and a line comes in any number of pieces.
          const all = Buffer.concat([rest, chunk]);
          const end = all.lastIndexOf(NEWLINE) + 1;
          rest = all.subarray(end);
          events += linesIn(all.subarray(0, end));
          if (end > 0) pass(all.subarray(0, end));
          done();
        },
        flush(done) {
          if (rest.length > 0) pass(rest);
          void behind.then(() => setImmediate(done));
        },
      });
      const emit = (bytes: Buffer | string): void => {
        const due = lag;
        behind = Promise.all([behind, thaw.promise, later(due)]).then(() => {
          stream.push(bytes);
        });
      };
      const own: Tap = { path, kept: new Map(), push: emit, isGarbled: false };
      const pass = (bytes: Buffer): void => {
        const isHidden = hides?.(path) === true;
        // What is not looked at goes through as it came, byte by byte.
        if (!isHidden && !isRepeated && !own.isGarbled) emit(bytes);
        else
          for (const line of bytes.toString().split("\n")) {
            if (line === "" || (isHidden && keep(own.kept, line))) continue;
            const told = own.isGarbled ? line.slice(0, line.length / 2) : line;
            own.isGarbled = false;
            emit(isRepeated ? `${told}\n${told}\n` : `${told}\n`);
          }
      };
      taps.add(own);
      stream.on("close", () => taps.delete(own));
      return stream;
    },
    freeze(on) {
      if (on && !isFrozen) thaw = Promise.withResolvers<void>();
      if (!on) thaw.resolve();
      isFrozen = on;
    },
    delay(milliseconds) {
      lag = milliseconds;
    },
    repeat(on) {
      isRepeated = on;
    },
    garble() {
      for (const tap of taps) tap.isGarbled = true;
    },
    hide(chosen) {
      hides = chosen;
      const hidden = (): readonly Tap[] => [...taps].filter(({ path }) => chosen(path));
      return {
        kept: () => hidden().map(({ path, kept }) => ({ path, objects: [...kept.values()].map(shown) })),
        release(how) {
          for (const { kept, push } of hidden()) {
            for (const each of [...kept.values()].toSorted(byVersion))
              for (const event of told(each, how)) push(`${JSON.stringify(event)}\n`);
            kept.clear();
          }
          hides = undefined;
        },
      };
    },
  };
}

function linesIn(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count += 1;
  return count;
}

/** Answers whether it is kept: errors are not, and a bookmark would say that what is hidden has been told. */
function keep(kept: Map<string, Kept>, line: string): boolean {
  const event = eventSchema.parse(JSON.parse(line));
  if (event.type === "BOOKMARK") return true;
  const { namespace = "", name } = event.object.metadata ?? {};
  if (event.type === "ERROR" || name === undefined) return false;
  const key = `${namespace}/${name}`;
  const known = kept.get(key);
  const isNew = known === undefined ? event.type === "ADDED" : known.isNew;
  const changed = known !== undefined && uidOf(known.last) !== uidOf(event);
  const before = changed && !isNew ? (known.before ?? known.last) : known?.before;
  // In the order of the last events, as the API server has told them.
  kept.delete(key);
  kept.set(key, { before, isNew, last: event });
  return true;
}

const uidOf = ({ object }: WatchEvent): string | undefined => object.metadata?.uid;
const versionOf = ({ object }: WatchEvent): string => object.metadata?.resourceVersion ?? "0";
const byVersion = (a: Kept, b: Kept): number => (BigInt(versionOf(a.last)) < BigInt(versionOf(b.last)) ? -1 : 1);

const shown = ({ last }: Kept) => ({
  name: last.object.metadata?.name ?? "",
  resourceVersion: versionOf(last),
  isGone: last.type === "DELETED",
});

/** What a client that was told nothing in between is told at the end. */
function told({ before, isNew, last }: Kept, how: "last" | "replaced"): readonly WatchEvent[] {
  if (last.type === "DELETED") return [last];
  if (isNew) return [{ ...last, type: "ADDED" }];
  if (before === undefined || how === "last") return [{ ...last, type: "MODIFIED" }];
  return [
    { ...before, type: "DELETED" },
    { ...last, type: "ADDED" },
  ];
}

const later = (milliseconds: number): Promise<void> =>
  milliseconds === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds));
