#!/usr/bin/env node
/** The composition root of the kubectl plugin: the only file of it that touches the process it runs in. */
import { resolve } from "node:path";
import { answersIn } from "./confirm.ts";
import { EXIT } from "./failures.ts";
import { runPlugin } from "./program.ts";

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());
// Whoever reads less than is written, as `head` does, is done. What has not ended has not succeeded, either.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT.unheard);
    throw error;
  });
}

process.exitCode = await runPlugin(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  answers: answersIn(process.stdin, { out: process.stdout, err: process.stderr }),
  env: process.env,
  now: Date.now,
  signal: interrupted.signal,
  // The source lies in src/cli/, the bundle in dist/plugin/.
  node: process.execPath,
  home: resolve(import.meta.dirname, "../.."),
});
