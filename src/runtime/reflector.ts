import type { Clock } from "./clock.ts";
import { type Course, countFault, type Fault, isUnheard, nothingYet, TOO_SHORT_MS, waitAfter } from "./course.ts";
import { type Log, silentLog } from "./logger.ts";
import type { Store, Stored } from "./store.ts";
import type { SubscribeAnswers } from "./wait-out.ts";

export type { Fault } from "./course.ts";

/** An object as it arrives: a bookmark has nothing but a version. */
export interface Versioned {
  readonly metadata: {
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
  };
}

export interface ListPage<R> {
  readonly items: readonly R[];
  readonly resourceVersion: string;
  /** Token of the next page. */
  readonly continue?: string | undefined;
}

export interface WatchedObject<R> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: R;
}

export interface WatchFrom {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  /** Called when the API server has said yes, before any event. */
  readonly onOpen: () => void;
}

/** The port to the API server. Both calls throw; `explain` says what the thrown thing means. */
export interface ListWatch<R extends Versioned> {
  list(
    options: { readonly limit: number; readonly continue?: string | undefined },
    signal: AbortSignal,
  ): Promise<ListPage<R>>;
  watch(options: WatchFrom, signal: AbortSignal): AsyncIterable<WatchedObject<R>>;
  explain(error: unknown): Fault;
  /** Tells of answers to anybody, as to writes and other watches. Without it each failure is waited out by itself. */
  readonly subscribeAnswers?: SubscribeAnswers;
}

export type ReflectorState =
  | { readonly at: "empty" }
  /** The store is complete up to this version; nothing is being watched. */
  | { readonly at: "listed"; readonly resourceVersion: string }
  | { readonly at: "watching"; readonly resourceVersion: string };

export interface ReflectorOptions<R extends Versioned, T extends Stored> {
  readonly name: string;
  readonly source: ListWatch<R>;
  readonly store: Store<T>;
  /** Trims and parses before anything is kept; `undefined` leaves the object out. Throwing makes the store `failing`: an object it cannot read must not pass for absent. */
  readonly transform: (raw: R) => T | undefined;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log?: Log;
  readonly onState?: (state: ReflectorState) => void;
  readonly onFault?: (fault: Fault) => void;
  /** The whole was listed. */
  readonly onList?: () => void;
}

const PAGE_SIZE = 500;
/** After so many pages in a row of the size to which one that was too large has led, larger ones are tried again. */
const SAME_SIZE = 16;
/**
 * The API server bookmarks about once a minute. This much silence is a dead connection, or a server that was restored from a backup:
 * to a watch from a version that it has not reached yet it says nothing, neither 410 nor a bookmark, until it has. A list tells.
 */
const SILENCE_MS = 90_000;

class ReflectorFault extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.why);
    this.fault = fault;
  }
}

/** Keeps `store` equal to what the API server has, until `signal` aborts. Never throws and never gives up. */
export async function runReflector<R extends Versioned, T extends Stored>(
  options: ReflectorOptions<R, T>,
  signal: AbortSignal,
): Promise<void> {
  const { name, store, clock, random = Math.random, log = silentLog, onState, onFault, onList } = options;
  let state = nothingKnown();
  const course = nothingYet();
  using stack = new DisposableStack();
  stack.defer(
    store.subscribeDoubt(() => {
      course.doubted = true;
      course.end?.(DOUBTED);
    }),
  );
  const enter = (next: ReflectorState): void => {
    state = next;
    onState?.(next);
  };
  while (!signal.aborted) {
    try {
      if (state.at === "empty") {
        enter(await listAll(options, course, signal));
        onList?.();
      } else enter(await watchOnce(options, state.resourceVersion, course, enter, signal));
    } catch (error) {
      if (signal.aborted) return;
      const fault = readFault(options.source, error);
      if (state.at === "empty") store.fail(fault.why);
      const ms = countFault(course, fault, clock.monotonic(), random);
      const { failures } = course;
      log.warn({ reflector: name, state: state.at, fault, failures }, "list or watch failed; will try again");
      onFault?.(fault);
      enter(afterFault(state, fault));
      await waitAfter(course, fault, { ms, answers: options.source.subscribeAnswers, clock, random }, signal);
    }
    if (state.at === "listed" && isUnheard(course, clock.monotonic())) enter(nothingKnown());
  }
}

const nothingKnown = (): ReflectorState => ({ at: "empty" });

/** Only an interruption leaves the version usable; everything else may have cost us an event, so the whole is listed again. */
function afterFault(state: ReflectorState, fault: Fault): ReflectorState {
  if (state.at === "empty" || fault.kind !== "interrupted") return nothingKnown();
  return { at: "listed", resourceVersion: state.resourceVersion };
}

function readFault<R extends Versioned>(source: ListWatch<R>, error: unknown): Fault {
  return error instanceof ReflectorFault ? error.fault : source.explain(error);
}

async function listAll<R extends Versioned, T extends Stored>(
  { source, store, transform, clock }: ReflectorOptions<R, T>,
  course: Course,
  signal: AbortSignal,
): Promise<ReflectorState> {
  course.doubted = false;
  course.opened = undefined;
  const values: T[] = [];
  const size = { limit: PAGE_SIZE, pages: 0 };
  let resourceVersion: string | undefined;
  let token: string | undefined;
  do {
    const page: ListPage<R> = await nextPage(source, size, token, signal);
    signal.throwIfAborted();
    resourceVersion ??= page.resourceVersion;
    if (page.resourceVersion !== resourceVersion) {
      throw new ReflectorFault({ kind: "garbled", why: "the pages of one list are of different versions" });
    }
    // Each page is trimmed on arrival: the untrimmed whole is several times what is kept.
    for (const item of page.items) {
      const value = transform(item);
      if (value !== undefined) values.push(value);
    }
    token = page.continue === "" ? undefined : page.continue;
  } while (token !== undefined);
  course.lastNews = clock.monotonic();
  store.contacted(course.lastNews);
  store.replace(values, resourceVersion);
  return { at: "listed", resourceVersion };
}

/**
 * Asked for again with fewer objects where it is too large. So are the pages that follow, but not for ever: a few large objects would
 * make thousands of pages of all that come after them, and the list would expire before its end.
 */
async function nextPage<R extends Versioned>(
  source: ListWatch<R>,
  size: { limit: number; pages: number },
  token: string | undefined,
  signal: AbortSignal,
): Promise<ListPage<R>> {
  for (;;) {
    try {
      const { limit } = size;
      const page = await source.list(token === undefined ? { limit } : { limit, continue: token }, signal);
      size.pages += 1;
      if (size.pages % SAME_SIZE === 0) size.limit = Math.min(PAGE_SIZE, limit * 4);
      return page;
    } catch (error) {
      if (size.limit === 1 || readFault(source, error).kind !== "tooLarge") throw error;
      size.limit = Math.ceil(size.limit / 4);
      size.pages = 0;
    }
  }
}

/** One watch from `from` to its end; ends normally when the server closes it, as it does after `timeoutSeconds`. */
async function watchOnce<R extends Versioned, T extends Stored>(
  options: ReflectorOptions<R, T>,
  from: string,
  course: Course,
  enter: (state: ReflectorState) => void,
  signal: AbortSignal,
): Promise<ReflectorState> {
  const { source, store, transform, clock, random = Math.random } = options;
  if (course.doubted) throw new ReflectorFault(DOUBTED);
  const asked = clock.monotonic();
  course.opened = undefined;
  const onOpen = (): void => {
    course.opened = clock.monotonic();
    store.contacted(course.opened);
  };
  await using guard = guardWatch(course, clock, SILENCE_MS * (1 + random() / 10), signal);
  let resourceVersion = from;
  enter({ at: "watching", resourceVersion });
  try {
    const timeoutSeconds = 300 + Math.floor(random() * 300);
    for await (const event of source.watch({ resourceVersion: from, timeoutSeconds, onOpen }, guard.signal)) {
      signal.throwIfAborted();
      course.lastNews = clock.monotonic();
      store.contacted(course.lastNews);
      takeIn(event, store, transform);
      resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
      enter({ at: "watching", resourceVersion });
    }
  } catch (error) {
    if (guard.fault !== undefined) throw new ReflectorFault(guard.fault);
    throw error;
  }
  if (guard.fault !== undefined) throw new ReflectorFault(guard.fault);
  if (resourceVersion === from && clock.monotonic() - asked < TOO_SHORT_MS) {
    throw new ReflectorFault({ kind: "interrupted", why: "the watch was closed at once" });
  }
  return { at: "listed", resourceVersion };
}

function takeIn<R extends Versioned, T extends Stored>(
  { type, object }: WatchedObject<R>,
  store: Store<T>,
  transform: (raw: R) => T | undefined,
): void {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  if (resourceVersion === undefined) throw new ReflectorFault({ kind: "garbled", why: "an event carries no version" });
  if (type === "BOOKMARK") {
    store.bookmark(resourceVersion);
    return;
  }
  if (name === undefined || uid === undefined)
    throw new ReflectorFault({ kind: "garbled", why: "an event names no object" });
  // Mostly the answer to a write of our own, which has been taken in already.
  if (type !== "DELETED" && store.holds({ name, namespace, uid, resourceVersion })) {
    store.bookmark(resourceVersion);
    return;
  }
  const value = type === "DELETED" ? undefined : transform(object);
  if (value !== undefined) store.observe(value);
  // An object that `transform` no longer wants leaves the store as if it had been deleted.
  else store.delete({ metadata: { name, namespace, uid, resourceVersion } });
}

interface WatchGuard extends AsyncDisposable {
  readonly signal: AbortSignal;
  /** Why the watch was ended from this side. */
  readonly fault: Fault | undefined;
}

const SILENT: Fault = { kind: "silent", why: "the watch fell silent" };
const DOUBTED: Fault = { kind: "expired", why: "the API server has answered with a version older than it had shown" };

/**
 * Aborts its signal when there has been no news for `ms`, or when what was shown is in doubt. One sleeping task however many events
 * arrive: a timer for each is what bursts cannot afford.
 */
function guardWatch(course: Course, clock: Clock, ms: number, life: AbortSignal): WatchGuard {
  const watch = new AbortController();
  const onLifeEnd = (): void => watch.abort(life.reason);
  if (life.aborted) onLifeEnd();
  life.addEventListener("abort", onLifeEnd, { once: true });
  const opened = clock.monotonic();
  let fault: Fault | undefined;
  const end = (why: Fault): void => {
    fault ??= why;
    watch.abort();
  };
  course.end = end;
  const guarding = (async (): Promise<void> => {
    while (!watch.signal.aborted) {
      const left = Math.max(opened, course.lastNews) + ms - clock.monotonic();
      if (left <= 0) end(SILENT);
      else await clock.sleep(left, watch.signal);
    }
  })();
  return {
    signal: watch.signal,
    get fault() {
      return fault;
    },
    async [Symbol.asyncDispose]() {
      course.end = undefined;
      life.removeEventListener("abort", onLifeEnd);
      watch.abort();
      await guarding;
    },
  };
}
