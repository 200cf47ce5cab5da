/** The operator as a process beside the cluster, or in a pod. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import { root } from "./installation.ts";
import { spawnTied } from "./tied-process.ts";

export interface OperatorProcess extends AsyncDisposable {
  /** Resolves when its caches are filled. */
  readonly ready: Promise<void>;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Path of everything it has said. */
  readonly log: string;
  /** The last lines of that. */
  lastWords(): readonly string[];
  /** The messages of the errors it has logged, oldest first, each once. */
  errors(): readonly string[];
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** Undefined: all of them. */
  readonly watchNamespace: string | undefined;
  /** Outlives the cluster, since it is needed most when something went wrong. */
  readonly log: string;
  /** More of its flags. */
  readonly flags?: readonly string[];
}

const KEPT_LINES = 15;

/** Keeps what an operator says in a file, and knows what matters of it. */
async function listen(log: string) {
  await mkdir(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const lines: string[] = [];
  const errors = new Set<string>();
  const ready = Promise.withResolvers<void>();
  return {
    onLine(line: string): void {
      file.write(`${line}\n`);
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      const said = parseLine(line);
      if (said?.msg === "ready") ready.resolve();
      if (said?.level === "error") errors.add(`${said.msg ?? ""}: ${said.err?.message ?? "no more is known"}`);
    },
    close: () => file.end(),
    told: { ready: ready.promise, log, lastWords: () => lines, errors: () => [...errors] },
  };
}

export async function startOperator({
  kubeconfig,
  watchNamespace,
  log,
  flags = [],
}: OperatorOptions): Promise<OperatorProcess> {
  const listener = await listen(log);
  const watching = watchNamespace === undefined ? [] : ["--watch-namespaces", watchNamespace];
  const addresses = ["--health-address", "127.0.0.1:0", "--metrics-address", "127.0.0.1:0"];
  const child = spawnTied(
    [
      join("src", "main.ts"),
      "--kubeconfig",
      kubeconfig,
      "--pod-logs",
      "--log-format",
      "json",
      ...watching,
      ...addresses,
      ...flags,
    ],
    { cwd: root, onLine: listener.onLine },
  );
  return {
    ...listener.told,
    ended: child.ended,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      listener.close();
    },
  };
}

/** The operator that runs in a pod of its own, as far as its log tells of it. */
export async function followOperator(cluster: ClusterAccess, namespace: string, log: string): Promise<OperatorProcess> {
  const listener = await listen(log);
  const args = ["-n", namespace, "logs", "--follow", `deployment/${namespace}`];
  const child = spawn(cluster.binaries.kubectl, ["--kubeconfig", cluster.kubeconfig, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => listener.onLine(line));
  const ended = once(child, "close").then(() => "the end of its pod's log");
  return {
    ...listener.told,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      listener.close();
    },
  };
}

const lineSchema = z.object({
  level: z.string().optional(),
  msg: z.string().optional(),
  err: z.object({ message: z.string().optional() }).optional(),
});

/** Undefined for what is not from the operator's log: Node's own words, say. */
function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
