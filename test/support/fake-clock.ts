import type { Clock } from "../../src/runtime/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves only when told to. Wall and monotonic time move together unless `jumpWall` sets them apart. */
export class FakeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #monotonic = 0;
  #wall: number;

  constructor(epochMs: number = Date.UTC(2026, 0, 1)) {
    this.#wall = epochMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Sleepers that a test left behind are timers that a program would leak. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { at: this.#monotonic + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Somebody sets the machine's clock. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  /** The process stood still (SIGSTOP): time has passed before any timer could fire. */
  async freeze(ms: number): Promise<void> {
    this.#move(this.#monotonic + ms);
    await this.advance(0);
  }

  /** Moves time on by `ms`, waking sleepers in order, each with time to act before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (let next = this.#nextBefore(end); next !== undefined; next = this.#nextBefore(end)) {
      this.#move(Math.max(this.#monotonic, next.at));
      next.wake();
      await settle();
    }
    this.#move(end);
    await settle();
  }

  #move(to: number): void {
    this.#wall += to - this.#monotonic;
    this.#monotonic = to;
  }

  #nextBefore(end: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at <= end && (first === undefined || sleeper.at < first.at)) first = sleeper;
    }
    return first;
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}
