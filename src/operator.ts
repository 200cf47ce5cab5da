/** All parts of the operator, put together: from a connection and a configuration to something that runs until it is told to stop. */
import { FIELD_MANAGER, GROUP } from "./api/v1alpha1/names.ts";
import type { Config } from "./config.ts";
import { createAsk } from "./controllers/ceilometer-upgrade/ask.ts";
import { type Caches, createCaches, everyCache } from "./controllers/ceilometer-upgrade/caches.ts";
import { createUpgradeController } from "./controllers/ceilometer-upgrade/controller.ts";
import { createNamedObjects } from "./controllers/ceilometer-upgrade/named-objects.ts";
import { LEASE_NAME, permissionsFor } from "./controllers/ceilometer-upgrade/permissions.ts";
import { createProbes } from "./controllers/ceilometer-upgrade/probes.ts";
import type { Provider } from "./controllers/ceilometer-upgrade/providers.ts";
import { createReporter } from "./controllers/ceilometer-upgrade/report.ts";
import { createKubeClient, type KubeClient } from "./kube/client.ts";
import { createEventRecorder } from "./kube/events.ts";
import { leasePort } from "./kube/lease.ts";
import type { KubeConnection } from "./kube/transport.ts";
import { createMetrics, type Metrics } from "./observability/metrics.ts";
import { ok, type Pages, serve, unavailable } from "./observability/server.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import type { Controller } from "./runtime/controller.ts";
import { runElection } from "./runtime/lease.ts";
import type { Log } from "./runtime/logger.ts";
import { type Election, runManager } from "./runtime/manager.ts";
import type { Fault } from "./runtime/reflector.ts";

export interface OperatorOptions {
  readonly config: Config;
  readonly connection: KubeConnection;
  readonly log: Log;
  readonly version: string;
  /** Unique to this process, also after a restart. */
  readonly identity: string;
  readonly leaseNamespace: string;
  /** What gates may ask, from the file that the configuration names. */
  readonly providers: readonly Provider[];
}

/** A watch that has been silent for longer than this may hide the truth: the process is not ready. Milliseconds. */
const SILENT_MS = 180_000;

/** Runs until `signal` aborts. Throws what makes going on impossible: a lost lease, an address that is taken. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  await using stack = new AsyncDisposableStack();
  const parts = assemble(options, clock, stack);
  const { caches, controller, metrics } = parts;
  const state = { settled: false };
  await listen(options, parts, clock, state, stack);

  const enqueueAll = (): void => {
    for (const { metadata } of caches.upgrades.all()) controller.enqueue(`${metadata.namespace}/${metadata.name}`);
  };
  const election = options.config["leader-elect"]
    ? electionOf(options, parts.client, clock, metrics.leading)
    : undefined;
  if (election === undefined) metrics.leading(true);
  const lead = (life: AbortSignal): Promise<void> => {
    // What a former leader left behind changes nothing by itself: every resource is looked at once.
    enqueueAll();
    return controller.run(life);
  };
  await runManager(
    {
      caches: everyCache(caches).flatMap((cache) => cache.managed),
      controllers: [{ name: controller.name, run: lead }],
      clock,
      log: options.log,
      onSettled: () => {
        state.settled = true;
        options.log.info({}, "ready");
      },
      ...(election === undefined ? {} : { election }),
    },
    signal,
  );
}

interface Parts {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly controller: Controller;
  readonly metrics: Metrics;
}

function assemble(options: OperatorOptions, clock: Clock, stack: AsyncDisposableStack): Parts {
  const { config, connection, log, version } = options;
  const userAgent = `ceilometer-upgrade-operator/${version}`;
  const client = stack.adopt(createKubeClient(connection, { userAgent, fieldManager: FIELD_MANAGER }), (each) =>
    each.close(),
  );
  // The controller comes last and everything that feeds it first: until then there is nothing to enqueue for.
  const feed: { controller?: Controller } = {};
  const enqueue = (key: string): void => feed.controller?.enqueue(key);
  const metrics = createMetrics({ queueDepth: () => feed.controller?.depth ?? 0 });
  // What changes in a namespace may matter to every resource of it.
  const onChange = (namespace: string): void => onRead(namespace);
  const onRead = (namespace: string | undefined): void => {
    const upgrades = namespace === undefined ? caches.upgrades.all() : caches.upgrades.of(namespace);
    for (const { metadata } of upgrades) enqueue(`${metadata.namespace}/${metadata.name}`);
  };
  const onFault = (kind: string, fault: Fault): void => metrics.watchFault(kind, fault.kind);
  const caches = createCaches({
    client,
    clock,
    log,
    namespaces: config["watch-namespaces"],
    onChange,
    onRead,
    onFault,
  });
  const named = stack.adopt(createNamedObjects({ client, clock, log, onChange }), (each) => each.stop());
  const permissions = [
    ...permissionsFor("namespaced"),
    ...(config["pod-logs"] ? permissionsFor("optional:podLogs") : []),
  ];
  const ask = createAsk({ client, permissions, providers: options.providers });
  const probes = stack.adopt(createProbes({ ask, clock, log, onAnswer: enqueue }), (each) => each.stop());
  const recorder = stack.adopt(
    createEventRecorder({ client, clock, log, controller: `${GROUP}/operator`, instance: options.identity }),
    (each) => each.flush(),
  );
  const settings = {
    imagesAllowed: config["images-allowed"],
    podLogs: config["pod-logs"],
    secrets: config.secrets,
    providers: options.providers.map(({ name }) => name),
  };
  const controller = createUpgradeController({
    client,
    caches,
    observing: { caches, named, probes: () => probes.results, settings },
    probes,
    reporter: createReporter({ client, recorder, clock, log, put: (object) => caches.upgrades.put(object) }),
    clock,
    log,
    onWrite: (effect, acted) => metrics.wrote(effect.kind, acted.kind),
    onDecision: (key, decision) => {
      const [namespace = "", name = ""] = key.split("/");
      metrics.decided(namespace, name, decision);
    },
    onGone: (key) => {
      const [namespace = "", name = ""] = key.split("/");
      metrics.forgotten(namespace, name);
    },
    onReconcile: (name, result, seconds) => metrics.reconciled(name, result, seconds),
  });
  feed.controller = controller;
  return { client, caches, controller, metrics };
}

async function listen(
  { config, log }: OperatorOptions,
  { caches, metrics }: Parts,
  clock: Clock,
  state: { readonly settled: boolean },
  stack: AsyncDisposableStack,
): Promise<void> {
  const health: Pages = { "/healthz": () => ok(), "/readyz": () => readiness(caches, clock, state.settled) };
  if (config["health-address"] !== undefined) {
    const server = stack.use(await serve(config["health-address"], health));
    log.info({ port: server.port }, "serving /healthz and /readyz");
  }
  if (config["metrics-address"] !== undefined) {
    const page = async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() });
    const server = stack.use(await serve(config["metrics-address"], { "/metrics": page }));
    log.info({ port: server.port }, "serving /metrics");
  }
}

function electionOf(
  { identity, leaseNamespace, log }: OperatorOptions,
  client: KubeClient,
  clock: Clock,
  onLeading: (leads: boolean) => void,
): Election {
  const port = leasePort(client, { namespace: leaseNamespace, name: LEASE_NAME });
  return (work, life) => runElection({ port, identity, clock, log, onLeading }, work, life);
}

function readiness(caches: Caches, clock: Clock, settled: boolean): ReturnType<typeof ok> {
  if (!settled) return unavailable("the caches are not filled yet");
  for (const cache of everyCache(caches)) {
    const { lastContact, resource } = cache;
    if (lastContact === undefined) return unavailable(`${resource.plural} cannot be read`);
    if (clock.monotonic() - lastContact > SILENT_MS)
      return unavailable(`nothing heard of ${resource.plural} for 3 minutes`);
  }
  return ok();
}
