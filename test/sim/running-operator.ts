/** The operator to its last line, on the model's API server and a clock of the test's own; nothing goes wrong but what the test does. */
import { readConfig } from "../../src/config.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { runOperator } from "../../src/operator.ts";
import { decide } from "../../src/reconcilers/decide.ts";
import { type Log, silentLog } from "../../src/runtime/logger.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { ModelClient } from "./model-client.ts";
import { ModelCluster } from "./model-cluster.ts";
import { NAMESPACE } from "./topology.ts";

const STEP = 125;
const LATENCY = 10;

/** A cluster and its time. */
export interface Stage {
  readonly cluster: ModelCluster;
  readonly clock: FakeClock;
}

/** Two notification agents that are to be upgraded, and nothing else. */
export function aStage(): Stage {
  const topology = {
    from: "newton",
    to: "ocata",
    hosts: ["control-0", "compute-0"],
    skipDatabase: true,
    agents: [{ component: "notification", kind: "Deployment", name: "notification", replicas: 2 }],
  } as const;
  const stage = { cluster: new ModelCluster(topology, decide), clock: new FakeClock() };
  stage.cluster.now = stage.clock.now();
  return stage;
}

export interface Running {
  readonly client: ModelClient;
  /** Ends when the process does. */
  readonly ended: Promise<void>;
  stop(): void;
}

export interface RunningOptions extends Stage {
  readonly flags?: readonly string[];
  readonly identity?: string;
  readonly log?: Log;
  /** What stands between the operator and the model. */
  readonly wrap?: (client: ModelClient) => KubeClient;
}

export function startOperator({
  cluster,
  clock,
  flags = [],
  identity = "one",
  log = silentLog,
  wrap,
}: RunningOptions): Running {
  const client = new ModelClient(cluster.api, {
    clock,
    weather: { latency: () => LATENCY, lag: () => 0, fault: () => undefined },
    onPolled: () => {},
    logOf: () => "",
  });
  const life = new AbortController();
  const flagsOfAll = [`--watch-namespaces=${NAMESPACE}`, "--health-address=", "--metrics-address="];
  const ended = runOperator(
    {
      config: readConfig([...flagsOfAll, ...flags], {}),
      connect: () => wrap?.(client) ?? client,
      log,
      version: "0.0.0",
      identity,
      leaseNamespace: NAMESPACE,
      providers: [],
      clock,
    },
    life.signal,
  );
  return { client, ended, stop: () => life.abort() };
}

/** Time goes on, and everybody takes their turn, until it is so; false if it never was. Watches are told of as by a real API server. */
export async function passUntil(
  { cluster, clock }: Stage,
  running: readonly Running[],
  isSo: () => boolean,
  mostMs = 600_000,
): Promise<boolean> {
  for (let passed = 0; passed < mostMs; passed += STEP) {
    if (isSo()) return true;
    cluster.stepOthers();
    if (passed % 60_000 === 0) for (const { client } of running) client.bookmark();
    await clock.advance(STEP);
    cluster.now = clock.now();
  }
  return isSo();
}

/** The client with some of its methods exchanged. */
export const exchanged = (client: ModelClient, methods: Partial<KubeClient>): KubeClient =>
  new Proxy<KubeClient>(client, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      const bound: unknown = typeof own === "function" ? own.bind(target) : own;
      return bound;
    },
  });
