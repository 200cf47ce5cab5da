/**
 * Tears a cluster down when its owner is gone, however it went: the owner holds the other end of this process's standard
 * input, and the system closes it even after SIGKILL. Started detached, so that a Ctrl-C for the owner's group misses it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { tearDown } from "./cluster-directory.ts";

/** Starts the watchdog of a cluster directory. Disposing it is the orderly way to say that the owner is done. */
export async function startWatchdog(directory: string): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [import.meta.filename, directory], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  child.stdout.destroy();
  child.unref();
  const { stdin } = child;
  // A pipe to a child is a socket, which would otherwise keep its owner alive.
  if (stdin instanceof Socket) stdin.unref();
  return {
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit");
      child.ref();
      stdin.end();
      await gone;
    },
  };
}

if (import.meta.main) {
  const [directory] = process.argv.slice(2);
  if (directory === undefined) throw new Error("usage: watchdog.ts <cluster directory>");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  process.stdout.on("error", () => undefined);
  process.stdout.write("watching\n");
  process.stdin.resume();
  await once(process.stdin, "close");
  await tearDown(directory);
}
