/** Programs that end when this process does, even by SIGKILL. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const PRELOADED = pathToFileURL(join(import.meta.dirname, "end-with-parent.ts")).href;

export interface TiedProcess extends AsyncDisposable {
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<string>;
}

export interface TiedOptions {
  readonly cwd: string;
  readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** Runs a TypeScript program of this repository, detached, so that a Ctrl-C reaches its parent alone. */
export function spawnTied(args: readonly string[], { cwd, onLine }: TiedOptions): TiedProcess {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    process.execPath,
    ["--import", PRELOADED, ...args],
    { cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] },
  );
  for (const stream of ["stdout", "stderr"] as const) {
    createInterface({ input: child[stream] }).on("line", (line) => onLine(line, stream));
  }
  child.stdin.on("error", () => undefined);
  // The lines are read to their end first, so that its last words are known when it has ended.
  const ended = once(child, "close").then(([code, signal]) => (signal === null ? `exit code ${code}` : String(signal)));
  return {
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
