/** Keys with a time each, of several the earliest; handed out in the order in which they are due. All times are monotonic milliseconds. */
export class DueKeys {
  /** By the time at which they were due, the earliest first. */
  readonly #ready = new Map<string, number>();
  readonly #later = new Map<string, number>();
  /** No key of `#later` is due before. */
  #next = Number.POSITIVE_INFINITY;

  /** False where the key is there already, for this time or an earlier one. */
  add(key: string, at: number, now: number): boolean {
    this.#promote(now);
    if (this.#ready.has(key) || (this.#later.get(key) ?? Number.POSITIVE_INFINITY) <= at) return false;
    this.#later.delete(key);
    if (at <= now) this.#ready.set(key, at);
    else {
      this.#later.set(key, at);
      this.#next = Math.min(this.#next, at);
    }
    return true;
  }

  /** Takes the key that has been due longest among those that may be taken, with its time. */
  take(now: number, mayTake: (key: string) => boolean): readonly [key: string, at: number] | undefined {
    this.#promote(now);
    for (const entry of this.#ready) {
      if (!mayTake(entry[0])) continue;
      this.#ready.delete(entry[0]);
      return entry;
    }
    return undefined;
  }

  isReady(key: string): boolean {
    return this.#ready.has(key);
  }

  due(now: number): number {
    this.#promote(now);
    return this.#ready.size;
  }

  get size(): number {
    return this.#ready.size + this.#later.size;
  }

  /** Nothing becomes due before this time. */
  get next(): number {
    return this.#next;
  }

  /** Only when something has become due are all that wait looked at: a thousand keys may wait while others are taken. */
  #promote(now: number): void {
    if (now < this.#next) return;
    const due = [...this.#later].filter(([, at]) => at <= now).toSorted(([, a], [, b]) => a - b);
    for (const [key, at] of due) {
      this.#later.delete(key);
      this.#ready.set(key, at);
    }
    this.#next = [...this.#later.values()].reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  }
}
