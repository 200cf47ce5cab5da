/** The operator as a process: from source or as the bundle of the image, with a kubeconfig or as a pod would find things. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { root } from "../scripts/demo/installation.ts";
import { cacheRoot } from "../tools/control-plane/binaries.ts";
import type { Ground } from "./ground.ts";
import { liveHeapMib } from "./live-heap.ts";
import { podHeapMib } from "./pod-heap.ts";
import { cpuOf, type Memory, memoryOf } from "./process-figures.ts";

/** From source there is only a kubeconfig: nobody runs that in a pod. */
export interface Variant {
  readonly code: "source" | "bundle";
  readonly credentials: "kubeconfig" | "in cluster";
}

export const VARIANTS: readonly Variant[] = [
  { code: "bundle", credentials: "in cluster" },
  { code: "bundle", credentials: "kubeconfig" },
  { code: "source", credentials: "kubeconfig" },
];
export const nameOf = ({ code, credentials }: Variant): string => `${code}, ${credentials}`;

export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** Milliseconds from its start to the first 200 of /readyz, looked at every 5 ms. */
  readonly readyAfter: number;
  /** What it logged of its writes so far. */
  readonly wrote: readonly Wrote[];
  readonly complaints: readonly string[];
  /** Resolves when it leads, looked at every 5 ms. */
  leads(): Promise<void>;
  /** Resolves when it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  memory(): Promise<Memory>;
  /** MiB; forces collections, so whoever looks at RSS as well looks at that first. */
  liveHeap(): Promise<number>;
  cpu(): Promise<number>;
  /** Its page of metrics; empty where it does not answer. */
  metrics(): Promise<string>;
  /** Whether the process is still there. */
  lives(): boolean;
}

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });
const wroteSchema = z.object({ msg: z.literal("wrote"), write: z.string(), reason: z.string(), message: z.string() });
export type Wrote = z.infer<typeof wroteSchema>;

const START_TIMEOUT = 60_000;
const POLL_INTERVAL = 5;

/** Watches all namespaces, unless some are given. */
export async function startOperator(
  ground: Ground,
  variant: Variant,
  namespaces: readonly string[] = [],
  pod = "operator-0",
): Promise<OperatorProcess> {
  const health = await freePort();
  const metrics = await freePort();
  const inspector = await freePort();
  const { program, args, env } = await circumstances(ground, variant, pod);
  const flags = [
    "--leader-elect",
    "--pod-logs",
    "--log-format=json",
    "--log-level=info",
    `--health-address=127.0.0.1:${health}`,
    `--metrics-address=127.0.0.1:${metrics}`,
    ...namespaces.flatMap((namespace) => ["--watch-namespaces", namespace]),
  ];
  const wrote: Wrote[] = [];
  const complaints: string[] = [];
  const startedAt = performance.now();
  const profiling = ground.profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${ground.profiles}`];
  const heap = `--max-old-space-size=${await podHeapMib()}`;
  const node = [`--inspect-port=127.0.0.1:${inspector}`, heap, ...profiling];
  const child = spawn(process.execPath, [...node, program, ...args, ...flags], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => hear(line, wrote, complaints));
  }
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  const stop = (): Promise<void> => end("SIGTERM");
  const { pid } = child;
  const answers = async (): Promise<boolean> => (await page(health, "/readyz"))?.status === 200;
  if (pid === undefined || !(await until(answers, () => child.exitCode === null))) {
    await stop();
    throw new Error(`the operator (${nameOf(variant)}) did not become ready:\n${complaints.join("\n")}`);
  }
  return {
    pid,
    readyAfter: performance.now() - startedAt,
    wrote,
    complaints,
    async leads() {
      const leading = async (): Promise<boolean> =>
        /^ceilometer_upgrade_operator_leader 1$/m.test((await page(metrics, "/metrics"))?.body ?? "");
      if (!(await until(leading, () => child.exitCode === null))) throw new Error("the operator does not lead");
    },
    end,
    memory: () => memoryOf(pid),
    liveHeap: () => liveHeapMib(pid, inspector),
    cpu: () => cpuOf(pid),
    metrics: async () => (await page(metrics, "/metrics"))?.body ?? "",
    lives: () => child.exitCode === null && child.signalCode === null,
    [Symbol.asyncDispose]: stop,
  };
}

/** What Node says when we look at its heap. */
const INSPECTOR = /^(?:Debugger |For help, see: https:\/\/nodejs\.org)|^$/;

function hear(line: string, wrote: Wrote[], complaints: string[]): void {
  if (INSPECTOR.test(line)) return;
  const said = lineSchema.safeParse(json(line));
  if (!said.success || ["warn", "error", "fatal"].includes(said.data.level)) complaints.push(line.slice(0, 600));
  const write = wroteSchema.safeParse(said.data);
  if (write.success) wrote.push(write.data);
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

interface Circumstances {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Not `dist/`: nothing that is shipped or tried meanwhile may change under a measurement. */
export const bundleDirectory = join(cacheRoot, "bench", "dist");

/** Where a pod finds its credentials (src/kube/config.ts). */
const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

async function circumstances(ground: Ground, { code, credentials }: Variant, pod: string): Promise<Circumstances> {
  const program = code === "source" ? join(root, "src", "main.ts") : join(bundleDirectory, "operator.mjs");
  const options: Record<string, string> = code === "bundle" ? { NODE_OPTIONS: await imageOptions() } : {};
  const base = { ...options, HOME: ground.serviceAccountDir, PATH: "/usr/bin:/bin", POD_NAME: pod };
  if (credentials === "kubeconfig") return { program, args: ["--kubeconfig", ground.kubeconfig], env: base };
  const { hostname, port } = new URL(ground.cluster.server);
  const env = { ...base, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return { program: await remounted(ground), args: [], env };
}

/** The bundle to the letter, but for the place of the credentials: only root can put anything where a pod finds them. */
async function remounted({ serviceAccountDir }: Ground): Promise<string> {
  const directory = join(serviceAccountDir, "..", "dist");
  await cp(bundleDirectory, directory, { recursive: true });
  const program = join(directory, "operator.mjs");
  const text = await readFile(program, "utf8");
  if (!text.includes(MOUNT)) throw new Error(`the bundle does not name ${MOUNT}`);
  await writeFile(program, text.replaceAll(MOUNT, serviceAccountDir));
  return program;
}

/** The flags of the image: measured is what is shipped. */
async function imageOptions(): Promise<string> {
  const dockerfile = await readFile(join(root, "Dockerfile"), "utf8");
  return /NODE_OPTIONS="?([^"\n]+?)"?$/m.exec(dockerfile)?.[1] ?? "";
}

async function until(holds: () => Promise<boolean>, lives: () => boolean): Promise<boolean> {
  const deadline = performance.now() + START_TIMEOUT;
  while (lives() && performance.now() < deadline) {
    if (await holds()) return true;
    await pause(POLL_INTERVAL);
  }
  return false;
}

function page(port: number, path: string): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", () => resolve(undefined));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
