import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. A program that cannot be started answers code 127 as a shell would, so callers judge one number. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error) => resolve({ stdout: "", stderr: error.message, code: 127 }));
    child.on("close", (code) =>
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), code: code ?? 1 }),
    );
    // A program may exit without reading its input; that shows in its exit code, not as a crash of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** A pid and the moment it started, because a pid alone is reused by the system. `born` is "" where there is no /proc. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly born: string;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  // Field 22 of proc(5) stat; the second field may hold spaces, so counting starts behind its closing parenthesis.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const born = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return { pid, born };
}

export async function isAlive(process_: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(process_.pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  if (process_.born === "") return true;
  return (await identityOf(process_.pid)).born === process_.born;
}

/** Processes running one of `programs` (by file name) with an argument that holds `text`. */
export async function processesNaming(programs: ReadonlySet<string>, text: string): Promise<number[]> {
  const found: number[] = [];
  for (const { pid, args } of await runningCommands()) {
    const program = args[0];
    if (program === undefined || !programs.has(basename(program))) continue;
    if (args.some((argument) => argument.includes(text))) found.push(pid);
  }
  return found;
}

/** The program and arguments that a process was started with; empty when there is none. */
export async function commandOf(pid: number): Promise<readonly string[]> {
  const found = (await runningCommands()).find((command) => command.pid === pid);
  return found?.args.filter((argument) => argument !== "") ?? [];
}

async function runningCommands(): Promise<{ pid: number; args: string[] }[]> {
  const entries = await readdir("/proc").catch(() => undefined);
  if (entries === undefined) return commandsFromPs();
  const pids = entries.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
  return Promise.all(
    pids.map(async (pid) => ({
      pid,
      args: (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0"),
    })),
  );
}

async function commandsFromPs(): Promise<{ pid: number; args: string[] }[]> {
  const listing = await run("ps", ["-axww", "-o", "pid=,args="]);
  return listing.stdout.split("\n").map((line) => {
    const [pid = "0", ...args] = line.trim().split(/\s+/);
    return { pid: Number(pid), args };
  });
}
