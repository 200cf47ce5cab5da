/** `node tools/control-plane/main.ts build|up|down|sweep`: the control plane for people. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { ensureBinaries } from "./binaries.ts";
import { startCluster } from "./cluster.ts";
import { directoryOf, knownClusters, sweep, tearDown } from "./cluster-directory.ts";
import { startPodLogs } from "./pod-logs.ts";

const usage = `usage: node tools/control-plane/main.ts <command>
  build                 build the programs, if that has not been done
  up [options]          start a cluster and keep it until interrupted
      --name NAME       its name (default: dev)
      --nodes N         simulated nodes (default: 3)
      --speed SPEED     real: pods take as long as on a kubelet; fast: no time (default: real)
      --audit           write an audit log
      --detach          leave it running in the background, until "down"
  down [--name NAME]    end a cluster
  sweep                 end the clusters that nobody owns any more
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", default: "dev" },
    nodes: { type: "string", default: "3" },
    speed: { type: "string", default: "real" },
    audit: { type: "boolean", default: false },
    detach: { type: "boolean", default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function up(): Promise<void> {
  if (values.detach) return upDetached();
  // Where it runs detached, its standard error is a pipe that nobody reads any more.
  process.stderr.on("error", () => undefined);
  const cluster = await startCluster({
    name: values.name,
    nodes: Number(values.nodes),
    speed: values.speed === "fast" ? "fast" : "real",
    auditPolicy: values.audit,
  });
  await using _logs = await startPodLogs(cluster);
  const lines = [`export KUBECONFIG=${cluster.kubeconfig}`, `export PATH=${cluster.binaries.directory}:$PATH`];
  if (cluster.auditLog !== undefined) lines.push(`# audit log: ${cluster.auditLog}`);
  await tell(lines);
  const interrupted = Promise.withResolvers<void>();
  // "down" in another terminal removes the directory; then there is nothing left to hold.
  const life = setInterval(() => {
    if (!existsSync(cluster.dir)) interrupted.resolve();
  }, 500);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.resolve());
  await interrupted.promise;
  clearInterval(life);
  await cluster.stop();
}

/** To whoever started this process detached, else to the terminal. */
async function tell(lines: readonly string[]): Promise<void> {
  if (process.send === undefined) {
    for (const line of lines) say(line);
    return;
  }
  const { promise: sent, resolve } = Promise.withResolvers<unknown>();
  process.send(lines, undefined, undefined, resolve);
  await sent;
  if (process.connected) process.disconnect();
}

/**
 * The same command again, detached from this terminal; it answers as soon as the cluster can be used. None of its output goes
 * where this process's does, or `$(main.ts up --detach)` would wait for a pipe that stays open as long as the cluster.
 */
async function upDetached(): Promise<void> {
  const child = spawn(
    process.execPath,
    process.argv.slice(1).filter((argument) => argument !== "--detach"),
    {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  child.stderr?.pipe(process.stderr);
  const answer = await new Promise<unknown>((resolve) => {
    child.once("message", resolve);
    child.once("exit", () => resolve(undefined));
  });
  if (!Array.isArray(answer)) throw new Error("the cluster did not start");
  for (const line of answer) say(String(line));
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}

async function down(): Promise<void> {
  await tearDown(directoryOf(values.name));
  const left = (await knownClusters()).map((cluster) => cluster.name);
  say(left.length === 0 ? "no cluster is left" : `still running: ${left.join(", ")}`);
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
  build: async () => say((await ensureBinaries()).directory),
  up,
  down,
  sweep: async () => say(`ended: ${(await sweep()).join(", ") || "nothing"}`),
};

const command = commands[positionals[0] ?? ""];
if (command === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await command().catch((error: unknown) => {
    process.stderr.write(`control-plane: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
