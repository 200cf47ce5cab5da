/**
 * Ceilometer's agents as processes, as their pods run them: the console script of a release, with the files of /etc/ceilometer
 * in a folder of its own. No cloud and no broker is needed: `plugin/pretended_cloud.py` says what there is to poll, and prints
 * what an agent sends.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { cacheRoot } from "../../tools/control-plane/binaries.ts";
import { isAlive } from "../../tools/control-plane/process.ts";
import { type AgentRelease, type Ceilometer, ensureCeilometer } from "./environment.ts";

/** A folder for each site, named for the process of its test. */
const SITES = join(cacheRoot, "ceilometer-sites");
const PLUGIN = join(import.meta.dirname, "plugin");
/** Agents stop in some seconds; one that does not is ended. */
const STOP_MS = 20_000;

/** A sample that an agent sent: the meter, and the resource it was measured on. */
export type Sample = readonly [meter: string, resource: string];
const sent = z.array(z.tuple([z.string(), z.string()]));

/** One agent: the master process, and the workers that it forks. */
export class AgentProcess implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #ended: Promise<unknown>;

  constructor(name: string, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.name = name;
    this.#child = child;
    this.#ended = once(child, "close");
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#lines.push(line));
    }
  }

  /** How many lines there are now, as a mark for `log`. */
  get now(): number {
    return this.#lines.length;
  }

  log(since = 0): string {
    return this.#lines.slice(since).join("\n");
  }

  /**
   * How often each pollster's turn came, whether it polled something or found nothing to poll: those that the agent's file asks
   * for, and no others.
   */
  turns(since = 0): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const line of this.#lines.slice(since)) {
      const name = /(?:Finished polling|Skip) pollster ([^\s,]+)/.exec(line)?.[1];
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  samples(since = 0): readonly Sample[] {
    return this.#lines.slice(since).flatMap((line) => {
      const text = / INFO pretended_cloud \[.*?\] Sent (.*)$/.exec(line)?.[1];
      return text === undefined ? [] : sent.parse(JSON.parse(text));
    });
  }

  /** Ends it as Kubernetes would. */
  async stop(): Promise<void> {
    this.#signal("SIGTERM");
    const late = new AbortController();
    await Promise.race([this.#ended, pause(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    const inTime = this.#child.exitCode !== null || this.#child.signalCode !== null;
    await this[Symbol.asyncDispose]();
    if (!inTime) throw new Error(`${this.name} did not stop within ${STOP_MS / 1000} s:\n${this.log().slice(-2000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // To the whole group, also when the master is gone: a worker may be left.
    this.#signal("SIGKILL", -1);
    await this.#ended;
  }

  #signal(signal: NodeJS.Signals, sign: 1 | -1 = 1): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(sign * pid, signal);
    } catch {
      // It is gone already.
    }
  }
}

export interface PollingAgent {
  readonly name: string;
  readonly release: AgentRelease;
  readonly namespace: "central" | "compute";
  /** polling.yaml. */
  readonly polling: string;
  /** What the operator sets on the agents of an isolated group. */
  readonly prefix?: string;
}

export interface NotificationAgent {
  readonly name: string;
  readonly release: AgentRelease;
  readonly pipeline: string;
  readonly eventPipeline: string;
}

/** Agents that share a coordination backend and one host's name. Disposing it leaves neither processes nor files. */
export class Site implements AsyncDisposable {
  static readonly host = "host-1";
  readonly #ceilometer: Ceilometer;
  readonly #directory: string;
  readonly #agents: AgentProcess[] = [];

  private constructor(ceilometer: Ceilometer, directory: string) {
    this.#ceilometer = ceilometer;
    this.#directory = directory;
  }

  static async open(): Promise<Site> {
    await mkdir(SITES, { recursive: true });
    return new Site(await ensureCeilometer(), await mkdtemp(join(SITES, `${process.pid}.`)));
  }

  polling({ name, release, namespace, polling, prefix }: PollingAgent): Promise<AgentProcess> {
    // The environment's source of oslo.config wins over the file, so that the file can be the one that the agents have.
    const env = prefix === undefined ? {} : { OS_POLLING__PARTITIONING_GROUP_PREFIX: prefix };
    const args = ["ceilometer-polling", "--polling-namespaces", namespace];
    return this.#start({ name, release, args, files: { "polling.yaml": polling }, env });
  }

  notification({ name, release, pipeline, eventPipeline }: NotificationAgent): Promise<AgentProcess> {
    const files = { "pipeline.yaml": pipeline, "event_pipeline.yaml": eventPipeline };
    return this.#start({ name, release, args: ["ceilometer-agent-notification"], files, env: {} });
  }

  /** How many agents are in a coordination group now: the file driver of tooz keeps a file for each, named by digests. */
  async members(group: string): Promise<number> {
    const directory = createHash("sha1").update(group).digest("hex");
    const names = await readdir(join(this.#directory, "groups", directory)).catch(() => []);
    return names.filter((name) => name.endsWith(".raw")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #start({ name, release, args, files, env }: Start): Promise<AgentProcess> {
    const etc = join(this.#directory, name);
    await mkdir(join(etc, "pollsters.d"), { recursive: true });
    const all = { "ceilometer.conf": this.#configuration(etc), ...files };
    for (const [file, text] of Object.entries(all)) await writeFile(join(etc, file), text);
    const { python, compiled } = this.#ceilometer;
    const [program = "", ...more] = args;
    const script = this.#ceilometer.script(release, program);
    const parameters = [join(PLUGIN, "launch.py"), script, ...more, "--config-file", join(etc, "ceilometer.conf")];
    const child = spawn(python, parameters, {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: {
        PATH: process.env["PATH"],
        HOME: this.#directory,
        PYTHONPATH: `${PLUGIN}:${this.#ceilometer.modules(release)}`,
        PYTHONPYCACHEPREFIX: compiled,
        ...env,
      },
    });
    const agent = new AgentProcess(name, child);
    this.#agents.push(agent);
    return agent;
  }

  #configuration(etc: string): string {
    return `[DEFAULT]
debug = true
host = ${Site.host}
transport_url = fake://
pollsters_definitions_dirs = ${join(etc, "pollsters.d")}
[coordination]
backend_url = file://${this.#directory}
[publisher_notifier]
telemetry_driver = printed
`;
  }
}

/** Removes the files of tests that were killed; their agents ended with them. */
export async function sweepSites(): Promise<void> {
  for (const name of await readdir(SITES).catch(() => [])) {
    if (await isAlive({ pid: Number(name.split(".")[0]), born: "" })) continue;
    await rm(join(SITES, name), { recursive: true, force: true });
  }
}

interface Start {
  readonly name: string;
  readonly release: AgentRelease;
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}
