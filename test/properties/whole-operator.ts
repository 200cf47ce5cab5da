/**
 * A story that the whole operator lives through: its reflectors, queue, controller, reports and election, on the model's API server and
 * on a clock that the story owns. `story.ts` judges what is decided at every state; this judges that it is carried out by what really
 * runs, whatever happens to its requests and watches and to the process itself.
 */
import fc from "fast-check";
import { z } from "zod";
import { readConfig } from "../../src/config.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeFailure } from "../../src/kube/errors.ts";
import { runOperator } from "../../src/operator.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { LeaseLostError } from "../../src/runtime/lease.ts";
import type { Log } from "../../src/runtime/logger.ts";
import { logOf, podSchema, processLine } from "../../tools/control-plane/ceilometer-log.ts";
import { generator } from "../campaign/random.ts";
import { ModelClient, type ModelWeather, type RequestFault } from "../sim/model-client.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import type { PodObject } from "../sim/objects.ts";
import type { Topology } from "../sim/topology.ts";
import { FakeClock } from "../support/fake-clock.ts";
import type { Breach, Judge } from "./judge.ts";
import { PartialSafety } from "./partial-safety.ts";
import { partialTopologies } from "./partial-topologies.ts";
import { Safety } from "./safety.ts";
import { topologies } from "./story.ts";

export interface WholeStory {
  readonly topology: Topology;
  /** Of everything that is not in the script: how long requests take, which of them fail, when somebody looks again. */
  readonly seed: number;
  /** Each number picks what happens next, and for how long time goes on then. */
  readonly script: readonly number[];
}

/** Nobody stands behind an address here who could be asked for queues, so a person says that they are empty. */
const askedOfPeople = partialTopologies.map((topology): Topology => {
  const { partial } = topology;
  return partial === undefined ? topology : { ...topology, partial: { ...partial, drain: "person" } };
});
export const CEILOMETERS = { full: topologies, partial: askedOfPeople } as const;

export const wholeStories = (longest: number, ceilometers: fc.Arbitrary<Topology>): fc.Arbitrary<WholeStory> =>
  fc.record({
    topology: ceilometers,
    seed: fc.nat({ max: 2 ** 30 }),
    script: fc.array(fc.nat({ max: 2 ** 30 }), { maxLength: longest, size: "max" }),
  });

const statusSchema = z.object({
  plan: z.object({ hash: z.string().optional() }).optional(),
  conditions: z.array(z.object({ reason: z.string() })).optional(),
});

export interface WholeEnding {
  readonly breaches: readonly Breach[];
  readonly writes: number;
  readonly processes: number;
}

/** What stands between the operator and the model: a mutant of the client is put in here. */
export type Wrap = (client: ModelClient) => KubeClient;

const LATENCY = { least: 2, most: 60 };
const LAG = 3000;
/** One request in so many fails while some do. */
const ONE_IN = 6;
/** Rounds of the fair end, each of a quarter of a second. */
const ROUNDS = 4000;
const ROUND = 250;
const STEP = 125;
const ROUNDS_OF_A_MINUTE = 240;
/** Requests in a minute of rest, beside leases: a watch that the server has ended is begun anew. */
const ASKED_AT_REST = 5;

const FAILURES: readonly RequestFault[] = [
  { when: "before", failure: { kind: "unavailable", code: 503, reason: "ServiceUnavailable", message: "away" } },
  { when: "before", failure: { kind: "lost", code: 0, reason: "ConnectionFailed", message: "broken" } },
  { when: "after", failure: { kind: "lost", code: 0, reason: "ConnectionFailed", message: "broken" } },
  { when: "after", failure: { kind: "unavailable", code: 500, reason: "InternalError", message: "not so" } },
  { when: "after", failure: { kind: "unavailable", code: 504, reason: "Timeout", message: "too late" } },
  {
    when: "before",
    failure: { kind: "throttled", code: 429, reason: "TooManyRequests", message: "later", retryAfterMs: 1000 },
  },
  { when: "before", failure: { kind: "conflict", code: 409, reason: "Conflict", message: "not so" } },
];
const isOfReads = ({ kind }: KubeFailure): boolean => kind !== "conflict";

/** Said of a list that is refused while the process starts, which some are. */
const OF_ITS_START = "a cache could not be filled; will try again";

const worded = (fields: object): string =>
  JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error ? `${value.name}: ${value.message}` : value,
  );

/** The clock of one process: when that has died, nobody wakes any more who slept by it. */
class MortalClock implements Clock {
  readonly #clock: Clock;
  isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    if (this.isDead) await new Promise(() => {});
  }
}

interface Process {
  readonly client: ModelClient;
  readonly clock: MortalClock;
  readonly stop: AbortController;
  ended: boolean;
}

class Play {
  readonly breaches: Breach[] = [];
  readonly #clock = new FakeClock();
  readonly #cluster: ModelCluster;
  readonly #safety: Judge;
  readonly #random: () => number;
  readonly #wrap: Wrap;
  readonly #processes: Process[] = [];
  #failing = false;
  #late = false;

  constructor({ topology, seed }: WholeStory, wrap: Wrap) {
    this.#random = generator(seed);
    this.#wrap = wrap;
    this.#cluster = new ModelCluster(topology, decide);
    this.#safety = topology.partial === undefined ? new Safety(this.#cluster) : new PartialSafety(this.#cluster);
    this.#cluster.now = this.#clock.now();
  }

  async play(script: readonly number[]): Promise<WholeEnding> {
    this.#start();
    this.#cluster.wish();
    for (const number of script) {
      this.#act(number % 16, Math.floor(number / 16));
      await this.#pass(20 + (Math.floor(number / 16) % 1500));
      if (this.#safety.breaches.length > 0) break;
    }
    if (this.#safety.breaches.length === 0) await this.#end();
    await this.#stopAll();
    const writes = this.#processes.reduce((sum, { client }) => sum + client.wrote.length, 0);
    return { breaches: [...this.#safety.breaches, ...this.breaches], writes, processes: this.#processes.length };
  }

  #act(what: number, detail: number): void {
    const cluster = this.#cluster;
    const live = this.#live();
    if (what < 6) cluster.stepController(detail);
    else if (what < 11) cluster.stepKubelet(detail);
    else if (what === 11) cluster.stepOthers();
    else if (what === 12) for (const { client } of live) this.#disturb(client, detail);
    else if (what === 13) {
      const [first] = live;
      if (detail % 4 === 0 && first !== undefined) this.#kill(first);
      else if (detail % 4 === 1 && live.length < 2) this.#start();
      else if (detail % 4 === 2) first?.stop.abort();
    } else if (what === 14) this.#failing = !this.#failing;
    if (this.#live().length === 0) this.#start();
  }

  #disturb(client: ModelClient, detail: number): void {
    const how = detail % 5;
    if (how === 0) client.breakWatches();
    else if (how === 1) client.expire();
    else if (how === 2) client.away(true);
    else if (how === 3) client.away(false);
    else this.#late = !this.#late;
  }

  /** Everything goes well from now on, and everybody gets their turn. */
  async #end(): Promise<void> {
    this.#failing = false;
    this.#late = false;
    for (const { client } of this.#live()) client.away(false);
    let calm = 0;
    for (let round = 0; round < ROUNDS && calm < 8 && this.#safety.breaches.length === 0; round += 1) {
      if (this.#live().length === 0) this.#start();
      const moved = await this.#round(round);
      calm = !moved && this.#hasSucceeded() ? calm + 1 : 0;
    }
    if (this.#safety.breaches.length > 0) return;
    if (calm < 8) this.#found(`no end: ${JSON.stringify(this.#cluster.upgrade?.["status"])?.slice(0, 2000)}`);
    else {
      this.#safety.judgeEnd();
      await this.#rest();
    }
  }

  /** A minute in which there is nothing to do. */
  async #rest(): Promise<void> {
    // Who was thrown back lists again within half a minute, and a lease is taken within a quarter.
    for (let round = 0; round < ROUNDS_OF_A_MINUTE; round += 1) await this.#round(round);
    const before = this.#live().map(({ client }) => ({ client, wrote: client.wrote.length, asked: client.asked }));
    for (let round = 0; round < ROUNDS_OF_A_MINUTE; round += 1) await this.#round(round);
    for (const { client, wrote, asked } of before) {
      const more = client.wrote.slice(wrote);
      if (more.length > 0) this.#found(`${more.length} writes in a minute of rest, first ${more[0]}`);
      if (client.asked - asked > ASKED_AT_REST) this.#found(`${client.asked - asked} requests in a minute of rest`);
    }
  }

  /** A person who is asked whether the internal queues are empty, and for which plan. */
  #confirm(): boolean {
    const { plan, conditions = [] } = statusSchema.parse(this.#cluster.upgrade?.["status"] ?? {});
    const isAsked = conditions.some(({ reason }) => reason === "DrainNotConfirmed");
    return isAsked && plan?.hash !== undefined && this.#cluster.confirmDrain(plan.hash);
  }

  async #round(round: number): Promise<boolean> {
    const confirmed = this.#confirm();
    const moved = this.#cluster.stepOthers() || confirmed;
    if (round % ROUNDS_OF_A_MINUTE === 0) for (const { client } of this.#live()) client.bookmark();
    await this.#pass(ROUND);
    return moved;
  }

  /** In small steps, so that nothing is stamped long before the operator's own time. */
  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP) {
      await this.#clock.advance(Math.min(left, STEP));
      this.#cluster.now = this.#clock.now();
    }
  }

  #hasSucceeded(): boolean {
    const { upgrade } = this.#cluster;
    if (upgrade === undefined) return false;
    const { metadata, status } = upgrade;
    const said = JSON.stringify(status ?? {});
    const isOfNow = said.includes(`"observedGeneration":${metadata.generation}`);
    return isOfNow && /"type":"Succeeded","status":"True"/.test(said) && (metadata.finalizers ?? []).length === 0;
  }

  #found(message: string): void {
    this.breaches.push({ invariant: "I11", message });
  }

  #live(): readonly Process[] {
    return this.#processes.filter(({ ended, clock }) => !ended && !clock.isDead);
  }

  #kill({ client, clock }: Process): void {
    client.die();
    clock.isDead = true;
  }

  #start(): void {
    const clock = new MortalClock(this.#clock);
    const client = new ModelClient(this.#cluster.api, {
      clock,
      weather: this.#weather(),
      onPolled: (pod) => this.#safety.verified(pod),
      logOf: (pod, container) => this.#logOf(pod, container),
    });
    const process: Process = { client, clock, stop: new AbortController(), ended: false };
    this.#processes.push(process);
    const running = runOperator(
      {
        config: readConfig(
          ["--leader-elect", "--pod-logs", "--watch-namespaces=openstack", "--health-address=", "--metrics-address="],
          {},
        ),
        connect: () => this.#wrap(client),
        log: this.#log(),
        version: "0.0.0",
        identity: `process-${this.#processes.length}`,
        leaseNamespace: "openstack",
        providers: [],
        clock,
      },
      process.stop.signal,
    );
    running
      .catch((error: unknown) => {
        // Such a process ends, and somebody starts another one.
        if (!(error instanceof LeaseLostError)) this.#found(`the process ended: ${String(error)}`);
      })
      .finally(() => {
        process.ended = true;
        client.die();
      });
  }

  /** In order, as far as time alone lets them. */
  async #stopAll(): Promise<void> {
    this.#failing = false;
    for (const { client, stop } of this.#live()) {
      client.away(false);
      stop.abort();
    }
    for (let rounds = 0; rounds < 200 && this.#live().length > 0; rounds += 1) await this.#pass(100);
    if (this.#live().length > 0) this.#found("a process that was asked to end does not");
    for (const each of this.#live()) this.#kill(each);
  }

  #weather(): ModelWeather {
    return {
      latency: () => LATENCY.least + this.#random() * (LATENCY.most - LATENCY.least),
      lag: () => (this.#late ? this.#random() * LAG : 0),
      fault: (verb) => {
        if (!this.#failing || this.#random() > 1 / ONE_IN) return undefined;
        const possible = FAILURES.filter(({ failure }) => verb === "write" || isOfReads(failure));
        return possible[Math.floor(this.#random() * possible.length)];
      },
    };
  }

  #logOf(pod: PodObject, name: string | undefined): string {
    const whole = podSchema.parse(pod);
    const container = whole.spec.containers.find((each) => each.name === name) ?? whole.spec.containers[0];
    if (container === undefined) return "";
    const { start, cycle } = logOf(whole, container);
    return [...start, ...cycle].map((line) => processLine(line, new Date(this.#clock.now()))).join("");
  }

  #log(): Log {
    const nothing = (): void => {};
    return {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (fields, msg) => {
        if (msg !== OF_ITS_START) this.#found(`an error in the log: ${msg} ${worded(fields).slice(0, 600)}`);
      },
    };
  }
}

export const playWhole = (story: WholeStory, wrap: Wrap = (client) => client): Promise<WholeEnding> =>
  new Play(story, wrap).play(story.script);
