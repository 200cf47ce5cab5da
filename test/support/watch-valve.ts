/** What stands between the API server and the watches of a client: events come at once, later, or not at all for a while. */
import { Transform } from "node:stream";

export interface WatchValve {
  /** What the bytes of one watch go through. */
  tap(): Transform;
  /** While true nothing comes through, and no connection ends; then all of it comes. */
  freeze(on: boolean): void;
  /** Milliseconds that everything comes later, in its order. */
  delay(milliseconds: number): void;
}

export function watchValve(): WatchValve {
  let lag = 0;
  let thaw = Promise.withResolvers<void>();
  let isFrozen = false;
  thaw.resolve();
  return {
    tap() {
      let behind = Promise.resolve();
      return new Transform({
        transform(chunk: Buffer, _encoding, done) {
          const due = lag;
          behind = Promise.all([behind, thaw.promise, later(due)]).then(() => {
            this.push(chunk);
          });
          done();
        },
        flush(done) {
          void behind.then(() => setImmediate(done));
        },
      });
    },
    freeze(on) {
      if (on && !isFrozen) thaw = Promise.withResolvers<void>();
      if (!on) thaw.resolve();
      isFrozen = on;
    },
    delay(milliseconds) {
      lag = milliseconds;
    },
  };
}

const later = (milliseconds: number): Promise<void> =>
  milliseconds === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds));
