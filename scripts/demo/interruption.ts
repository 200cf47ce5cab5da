/** The ways in which people and systems tell the demo to end. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

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
  // npm does not tell its script when it is killed: then nobody is left who could interrupt it.
  if (own.env["npm_lifecycle_event"] !== undefined) {
    const starters = startersOf(own);
    const look = setInterval(() => {
      if (startersOf(own) !== starters) resolve({ why: "npm is gone", exitCode: EXIT_CODES.SIGHUP });
    }, PARENT_INTERVAL);
    look.unref();
  }
  return { happened: promise };
}

/** The parent, and where that is the shell in which npm runs a script, the shell's parent too. */
function startersOf({ ppid, argv }: NodeJS.Process): string {
  try {
    const command = readFileSync(`/proc/${ppid}/cmdline`, "utf8");
    if (!command.includes(basename(argv[1] ?? "")) || command.includes("npm")) return String(ppid);
    // Field 4 of proc(5) stat; the second field may hold spaces, so counting starts behind its closing parenthesis.
    const stat = readFileSync(`/proc/${ppid}/stat`, "utf8");
    return `${ppid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]}`;
  } catch {
    // No /proc: the parent alone is known.
    return String(ppid);
  }
}
