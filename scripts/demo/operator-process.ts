/** The operator as a process beside the cluster. */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
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
}

const KEPT_LINES = 15;

export async function startOperator({ kubeconfig, watchNamespace, log }: OperatorOptions): Promise<OperatorProcess> {
  await mkdir(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const lines: string[] = [];
  const errors = new Set<string>();
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
        const said = parseLine(line);
        if (said?.msg === "ready") ready.resolve();
        if (said?.level === "error") errors.add(`${said.msg ?? ""}: ${said.err?.message ?? "no more is known"}`);
      },
    },
  );
  return {
    ready: ready.promise,
    ended: child.ended,
    log,
    lastWords: () => lines,
    errors: () => [...errors],
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      file.end();
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
