/** The operator as a process beside the cluster. */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
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
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** Undefined: all of them. */
  readonly watchNamespace: string | undefined;
  /** Outlives the cluster, since it is needed most when something went wrong. */
  readonly log: string;
}

const KEPT_LINES = 15;

export async function startOperator({ kubeconfig, watchNamespace, log }: OperatorOptions): Promise<OperatorProcess> {
  await mkdir(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
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
    ],
    {
      cwd: root,
      onLine(line) {
        file.write(`${line}\n`);
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (saysReady(line)) ready.resolve();
      },
    },
  );
  return {
    ready: ready.promise,
    ended: child.ended,
    log,
    lastWords: () => lines,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      file.end();
    },
  };
}

function saysReady(line: string): boolean {
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === "object" && said !== null && "msg" in said && said.msg === "ready";
  } catch {
    return false;
  }
}
