/** The ways in which people and systems tell the demo to end. */

export interface Interrupted {
  readonly why: string;
  readonly exitCode: number;
}

export interface Interruption {
  readonly happened: Promise<Interrupted>;
}

/** By convention 128 and the signal's number (POSIX shells). */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Milliseconds between two looks at who our parent is. */
const PARENT_INTERVAL = 500;

export function untilInterrupted(own: NodeJS.Process): Interruption {
  const { promise, resolve } = Promise.withResolvers<Interrupted>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    // Every one of them, not just the first: npm passes a Ctrl-C on, although the terminal has sent it already.
    own.on(signal, () => resolve({ why: signal, exitCode: EXIT_CODES[signal] }));
  }
  // npm does not tell its script when it is killed: the script gets another parent, and nobody who could interrupt it.
  const parent = own.ppid;
  if (own.env["npm_lifecycle_event"] !== undefined) {
    const look = setInterval(() => {
      if (own.ppid !== parent) resolve({ why: "npm is gone", exitCode: EXIT_CODES.SIGHUP });
    }, PARENT_INTERVAL);
    look.unref();
  }
  return { happened: promise };
}
