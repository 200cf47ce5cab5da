import { deepFreeze } from "./freeze.ts";
import { type Log, silentLog } from "./logger.ts";

/** The least an object must tell of itself to be cached. */
export interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** `previous` alone = gone, `current` alone = new. Never two uids in one change: a re-created object is one change that ends it and one that begins it. */
export interface Change<T> {
  readonly previous?: T | undefined;
  readonly current?: T | undefined;
}

export type StoreState =
  | { readonly kind: "empty" }
  | { readonly kind: "synced" }
  /** The last list failed: what is held may be out of date, and an absent object may exist. */
  | { readonly kind: "failing"; readonly why: string };

export interface StoreOptions<T, I extends string> {
  /** Named functions from a value to the index keys it is found under. */
  readonly indexes?: Readonly<Record<I, (value: T) => readonly string[]>>;
  readonly log?: Log;
}

/** True if `a` is a later version than `b`. Versions are numbers by contract since Kubernetes 1.35; an unreadable one never loses, as a cache must not get stuck. */
function isLater(a: string, b: string): boolean {
  const numeric = /^\d+$/;
  if (!numeric.test(a) || !numeric.test(b)) return true;
  return BigInt(a) > BigInt(b);
}

/** What is known of one kind of object: written by one reflector and by answers to our own writes, read by everyone. Values are deeply frozen. */
export class Store<T extends Stored, I extends string = never> {
  readonly #spaces = new Map<string, Map<string, T>>();
  readonly #indexers: ReadonlyMap<string, (value: T) => readonly string[]>;
  readonly #indexes = new Map<string, Map<string, Set<T>>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stateListeners = new Set<(state: StoreState) => void>();
  readonly #doubters = new Set<(version: string) => void>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #log: Log;
  #state: StoreState = { kind: "empty" };
  #lastContact: number | undefined;
  /** The latest version the API server itself has shown; our own writes do not move it. */
  #shown = "0";

  constructor({ indexes, log = silentLog }: StoreOptions<T, I> = {}) {
    this.#indexers = new Map(Object.entries<(value: T) => readonly string[]>(indexes ?? {}));
    for (const name of this.#indexers.keys()) this.#indexes.set(name, new Map());
    this.#log = log;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Monotonic milliseconds of the last sign of life from the API server; `undefined` before the first. */
  get lastContact(): number | undefined {
    return this.#lastContact;
  }

  /** Ends when the first list has succeeded or failed. */
  settled(): Promise<void> {
    return this.#settled.promise;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#spaces.get(namespace ?? "")?.get(name);
  }

  /** Values of one namespace, or of all. */
  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return [...(this.#spaces.get(namespace)?.values() ?? [])];
    return [...this.#spaces.values()].flatMap((space) => [...space.values()]);
  }

  byIndex(index: I, key: string): readonly T[] {
    return [...(this.#indexes.get(index)?.get(key) ?? [])];
  }

  /** Whether exactly this version of this object is held. */
  holds({ namespace, name, uid, resourceVersion }: Stored["metadata"]): boolean {
    const held = this.get(namespace, name)?.metadata;
    return held?.uid === uid && held.resourceVersion === resourceVersion;
  }

  /**
   * Takes in the answer to a write of our own, so that the next look sees it. The later of two versions wins, and an object which
   * the API server has meanwhile shown to be gone stays gone. One that is not held though more than its version has been shown is gone
   * indeed, or comes from a server that was restored from a backup, whose watch is silent: whoever fills the store has to look.
   */
  put(value: T): void {
    const held = this.get(value.metadata.namespace, value.metadata.name);
    const version = value.metadata.resourceVersion;
    if (isLater(version, held?.metadata.resourceVersion ?? this.#shown)) this.#set(value, held);
    else if (held === undefined) this.#tell(this.#doubters, version);
  }

  /** Takes in an added or modified object from a watch. */
  observe(value: T): void {
    this.bookmark(value.metadata.resourceVersion);
    const held = this.get(value.metadata.namespace, value.metadata.name);
    if (held !== undefined && !isLater(value.metadata.resourceVersion, held.metadata.resourceVersion)) return;
    this.#set(value, held);
  }

  /** Takes in a deletion. A newer object of the same name, put there by our own write, stays. */
  delete(gone: Stored): void {
    this.bookmark(gone.metadata.resourceVersion);
    const held = this.get(gone.metadata.namespace, gone.metadata.name);
    if (held === undefined) return;
    const newer = isLater(held.metadata.resourceVersion, gone.metadata.resourceVersion);
    if (newer && held.metadata.uid !== gone.metadata.uid) return;
    this.#remove(held);
  }

  /**
   * Takes in that the API server has answered that the object of this uid is gone. A watch that is behind may still tell what happened
   * to it before: then it is held again until the watch tells the end.
   */
  gone(namespace: string | undefined, name: string, uid: string): void {
    const held = this.get(namespace, name);
    if (held?.metadata.uid === uid) this.#remove(held);
  }

  /** The API server has shown everything up to this version. */
  bookmark(resourceVersion: string): void {
    if (isLater(resourceVersion, this.#shown)) this.#shown = resourceVersion;
  }

  /**
   * Makes a complete list, taken at `resourceVersion`, the content; differences are told by uid. Our own writes after that version
   * stay. A list older than what has been shown before means a server restored from a backup: then the list is all there is.
   */
  replace(values: readonly T[], resourceVersion: string): void {
    const restored = isLater(this.#shown, resourceVersion);
    this.#shown = resourceVersion;
    const listed = new Set(values.map((value) => addressOf(value)));
    for (const held of this.list()) {
      const ownLaterWrite = !restored && isLater(held.metadata.resourceVersion, resourceVersion);
      if (!listed.has(addressOf(held)) && !ownLaterWrite) this.#remove(held);
    }
    for (const value of values) {
      if (this.holds(value.metadata)) continue;
      const held = this.get(value.metadata.namespace, value.metadata.name);
      if (!restored && held !== undefined && !isLater(value.metadata.resourceVersion, held.metadata.resourceVersion))
        continue;
      this.#set(value, held);
    }
    this.#moveTo({ kind: "synced" });
  }

  /** The last list failed for this reason; what was known stays readable. */
  fail(why: string): void {
    this.#moveTo({ kind: "failing", why });
  }

  contacted(monotonicMs: number): void {
    this.#lastContact = monotonicMs;
  }

  /** Calls back on every change from now on; what is held already is not repeated. Returns the way to stop. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls back after every list that succeeded ("look at everything again") or failed. Returns the way to stop. */
  subscribeState(listener: (state: StoreState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  /** Calls back, with its version, on an answer to a write that does not fit what was shown. Returns the way to stop. */
  subscribeDoubt(listener: (version: string) => void): () => void {
    this.#doubters.add(listener);
    return () => void this.#doubters.delete(listener);
  }

  #moveTo(state: StoreState): void {
    this.#state = state;
    this.#settled.resolve();
    this.#tell(this.#stateListeners, state);
  }

  #set(value: T, held: T | undefined): void {
    const current = deepFreeze(value);
    const reborn = held !== undefined && held.metadata.uid !== current.metadata.uid;
    if (reborn) this.#remove(held);
    else if (held !== undefined) this.#unindex(held);
    const { namespace = "", name } = current.metadata;
    const space = this.#spaces.get(namespace) ?? new Map<string, T>();
    this.#spaces.set(namespace, space.set(name, current));
    for (const [index, keysOf] of this.#indexers) {
      const entries = this.#indexes.get(index);
      for (const key of keysOf(current)) entries?.set(key, (entries.get(key) ?? new Set<T>()).add(current));
    }
    this.#tell(this.#listeners, reborn ? { current } : { previous: held, current });
  }

  #remove(held: T): void {
    const { namespace = "", name } = held.metadata;
    const space = this.#spaces.get(namespace);
    space?.delete(name);
    if (space?.size === 0) this.#spaces.delete(namespace);
    this.#unindex(held);
    this.#tell(this.#listeners, { previous: held });
  }

  #unindex(held: T): void {
    for (const [index, keysOf] of this.#indexers) {
      const entries = this.#indexes.get(index);
      for (const key of keysOf(held)) {
        const values = entries?.get(key);
        values?.delete(held);
        if (values?.size === 0) entries?.delete(key);
      }
    }
  }

  /** A listener's mistake must neither stop the reflector that is calling nor keep the change from the other listeners. */
  #tell<E>(listeners: ReadonlySet<(event: E) => void>, event: E): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ err: error }, "store listener failed");
      }
    }
  }
}

const addressOf = ({ metadata }: Stored): string => `${metadata.namespace ?? ""}/${metadata.name}`;
