/** Processes that run beside a control plane and end with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface Daemon {
  /** Below the cluster's directory: it has the log and whatever the process writes. */
  readonly directory: string;
  /** One of those that `cluster-directory.ts` ends. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How long a process may take to listen, in milliseconds. */
const PATIENCE = 60_000;

/**
 * The name of the process has the directory in it, by which it is found when the cluster ends.
 *
 * @returns its pid.
 */
export async function startDaemon({ directory, name, program, args, env = {} }: Daemon): Promise<number> {
  const temporary = join(directory, "tmp");
  await mkdir(temporary, { recursive: true });
  await using log = await open(join(directory, `${name}.log`), "a");
  const child = spawn(program, args, {
    argv0: join(directory, name),
    cwd: directory,
    stdio: ["ignore", log.fd, log.fd],
    // Nothing of the person who runs this is read or written: no keys, no Git configuration, no common temporary folder.
    env: { PATH: process.env["PATH"], HOME: directory, TMPDIR: temporary, ...env },
  });
  await once(child, "spawn");
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} has begun without a pid`);
  return child.pid;
}

/** Answers when something listens on the port of the loopback interface. */
export async function listening(port: number, directory: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}; the logs are in ${directory}`);
    await pause(100);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.end();
      resolve(true);
    });
  });
}
