/** All parts of the operator, put together: from a connection and a configuration to something that runs until it is told to stop. */
import { FIELD_MANAGER, GROUP } from "./api/v1alpha1/names.ts";
import type { Config } from "./config.ts";
import { createAsk } from "./controllers/ceilometer-upgrade/ask.ts";
import { type Caches, createCaches, everyCache } from "./controllers/ceilometer-upgrade/caches.ts";
import { createUpgradeController } from "./controllers/ceilometer-upgrade/controller.ts";
import { type Leave, leaveOf } from "./controllers/ceilometer-upgrade/leave.ts";
import { createNamedObjects } from "./controllers/ceilometer-upgrade/named-objects.ts";
import { orphanedKeys } from "./controllers/ceilometer-upgrade/orphaned-record.ts";
import { permissionsFor } from "./controllers/ceilometer-upgrade/permissions.ts";
import { createProbes } from "./controllers/ceilometer-upgrade/probes.ts";
import type { Provider } from "./controllers/ceilometer-upgrade/providers.ts";
import { createReporter } from "./controllers/ceilometer-upgrade/report.ts";
import { UPGRADE } from "./controllers/ceilometer-upgrade/resources.ts";
import type { ClientOptions, KubeClient } from "./kube/client.ts";
import { createEventRecorder, type EventRecorder } from "./kube/events.ts";
import { leasePort } from "./kube/lease.ts";
import type { OperatorSettings } from "./model/observation.ts";
import { createMetrics, type Metrics } from "./observability/metrics.ts";
import { createNotifier, type Notifier } from "./observability/notifier.ts";
import { createObservers } from "./observability/observers.ts";
import { createOperatorMetrics, type Measured, type OperatorMetrics } from "./observability/operator-metrics.ts";
import { ok, type Pages, serve, unavailable } from "./observability/server.ts";
import type { Tracer } from "./observability/tracer.ts";
import type { TracingTarget } from "./observability/tracing-target.ts";
import { createUpgradeMetrics } from "./observability/upgrade-metrics.ts";
import { sendTo } from "./observability/webhook.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import type { Controller } from "./runtime/controller.ts";
import { type LeaseDurations, type LeasePort, runElection } from "./runtime/lease.ts";
import type { Log } from "./runtime/logger.ts";
import { type Election, runManager } from "./runtime/manager.ts";
import { createQueue } from "./runtime/queue.ts";

export interface OperatorOptions {
  readonly config: Config;
  /** Makes the client of the API server, which is closed in the end. */
  readonly connect: (options: ClientOptions) => KubeClient;
  readonly log: Log;
  readonly version: string;
  /** Unique to this process, also after a restart. */
  readonly identity: string;
  readonly leaseNamespace: string;
  /** What gates may ask, from the file that the configuration names. */
  readonly providers: readonly Provider[];
  /** Undefined: no traces, and nothing of them is loaded. */
  readonly tracing?: TracingTarget | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A watch of which nothing has been heard for longer than this, not even that it was opened, may hide the truth: the process is not ready. Milliseconds. */
const SILENT_MS = 180_000;
/** How long the lease stays taken when all has been given back. Milliseconds. */
const AFTER_REMOVAL_MS = 60_000;

/** Runs until `signal` aborts. Throws what makes going on impossible: a lost lease, an address that is taken. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock } = options;
  await using stack = new AsyncDisposableStack();
  const parts = assemble(options, clock, stack, await tracerOf(options, clock, stack));
  const { caches, controller, own } = parts;
  const state = { settled: false };
  await listen(options, parts, clock, state, stack);

  const orphans = (): readonly string[] => orphanedKeys(caches, options.config["give-back"]);
  const enqueueAll = (): void => {
    for (const { metadata } of caches.upgrades.all()) controller.enqueue(`${metadata.namespace}/${metadata.name}`);
    for (const key of orphans()) controller.enqueue(key);
  };
  const leaving = options.config["give-back"]
    ? leaveOf({
        client: parts.client,
        upgrades: caches.upgrades,
        orphans,
        namespaces: options.config["watch-namespaces"],
        clock,
        log: options.log,
      })
    : undefined;
  const election = options.config["leader-elect"] ? electionOf(options, parts, clock, leaving) : undefined;
  if (election === undefined) own.leading(true);
  const lead = async (life: AbortSignal): Promise<void> => {
    parts.turn.isOurs = true;
    // What a former leader left behind changes nothing by itself: every resource is looked at once.
    enqueueAll();
    try {
      await (leaving === undefined ? controller.run(life) : leaving.run(controller, life));
    } finally {
      parts.turn.isOurs = false;
    }
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
  if (leaving?.isDone() === false) throw new Error("stopped before everything had been given back");
}

interface Parts {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly controller: Controller;
  /** Whether this process is the one that works, and until when by the monotonic clock. */
  readonly turn: { isOurs: boolean; until: number };
  readonly metrics: Metrics;
  readonly own: OperatorMetrics;
}

function assemble(
  options: OperatorOptions,
  clock: Clock,
  stack: AsyncDisposableStack,
  tracer: Tracer | undefined,
): Parts {
  const { config, connect, log, version } = options;
  const userAgent = `ceilometer-upgrade-operator/${version}`;
  const metrics = createMetrics(() => own.collect(measure()), log);
  const own = createOperatorMetrics(metrics, { clock, version });
  const client = stack.adopt(connect({ userAgent, fieldManager: FIELD_MANAGER, onRequest: own.asked }), (each) =>
    each.close(),
  );
  const queue = createQueue({ clock, watcher: own.queue });
  const turn = { isOurs: false, until: Number.POSITIVE_INFINITY };
  // Nobody takes a key from the queue of one that stands by; whoever begins to lead looks at everything.
  const enqueue = (key: string): void => {
    if (turn.isOurs) queue.add(key);
  };
  // What changes in a namespace may matter to every resource of it.
  const onChange = (namespace: string): void => onRead(namespace);
  const onRead = (namespace: string | undefined): void => {
    const upgrades = namespace === undefined ? caches.upgrades.all() : caches.upgrades.of(namespace);
    for (const { metadata } of upgrades) enqueue(`${metadata.namespace}/${metadata.name}`);
    for (const key of orphanedKeys(caches, config["give-back"], namespace)) enqueue(key);
  };
  const caches = createCaches({
    client,
    clock,
    log,
    namespaces: config["watch-namespaces"],
    onChange,
    // Nothing else brings up a resource that is no more, and what is kept of it would stay.
    onGone: (resource, { namespace = "", name }) => resource === UPGRADE && enqueue(`${namespace}/${name}`),
    onRead,
    onFault: own.watchFault,
    onList: own.listed,
  });
  const named = stack.adopt(createNamedObjects({ client, clock, log, onChange }), (each) => each.stop());
  const ask = createAsk({ client, permissions: permissionsOf(config), providers: options.providers });
  const probes = stack.adopt(createProbes({ ask, clock, log, onAnswer: enqueue }), (each) => each.stop());
  const recorder = stack.adopt(recorderOf(options, client, clock, own), (each) => each.stop());
  const notifier = stack.adopt(notifierOf(options, clock, own), (each) => each?.stop());
  const measure = (): Measured => ({
    queueDue: queue.due,
    notificationsQueued: notifier?.queued ?? 0,
    contacts: everyCache(caches).map(({ resource, lastContact }) => ({ resource: resource.plural, at: lastContact })),
  });
  const controller = createUpgradeController({
    client,
    caches,
    observing: {
      caches,
      named,
      probes: () => probes.results,
      settings: settingsOf(options),
      leaving: config["give-back"],
    },
    probes,
    reporter: createReporter({
      client,
      recorder,
      clock,
      log,
      put: (object) => caches.upgrades.put(object),
      onStatusWrite: own.wroteStatus,
    }),
    clock,
    log,
    queue,
    mayWrite: () => clock.monotonic() < turn.until,
    ...createObservers({ upgrades: createUpgradeMetrics(metrics), own, notifier, tracer, log }),
  });
  return { client, caches, controller, turn, metrics, own };
}

/** Loaded only where traces are asked for. */
async function tracerOf(
  { tracing: target, log, version, identity: instance }: OperatorOptions,
  clock: Clock,
  stack: AsyncDisposableStack,
): Promise<Tracer | undefined> {
  if (target === undefined) return undefined;
  const { createTracer } = await import("./observability/tracer.ts");
  return stack.adopt(createTracer({ target, clock, log, version, instance }), (each) => each.stop());
}

function recorderOf(
  { log, identity: instance }: OperatorOptions,
  client: KubeClient,
  clock: Clock,
  own: OperatorMetrics,
): EventRecorder {
  const controller = `${GROUP}/operator`;
  const recorder = createEventRecorder({ client, clock, log, controller, instance, onLoss: own.lostEvent });
  return {
    ...recorder,
    record(subject, note) {
      own.recordedEvent(note.type);
      recorder.record(subject, note);
    },
  };
}

function notifierOf({ config, log }: OperatorOptions, clock: Clock, own: OperatorMetrics): Notifier | undefined {
  const { notify } = config;
  if (notify === undefined) return undefined;
  return createNotifier({
    send: (notification, signal) => sendTo(notify, notification, signal),
    clock,
    log,
    onResult: own.notified,
  });
}

const permissionsOf = (config: Config): ReturnType<typeof permissionsFor> => [
  ...permissionsFor("namespaced"),
  ...(config["pod-logs"] ? permissionsFor("optional:podLogs") : []),
];

const settingsOf = ({ config, providers }: OperatorOptions): OperatorSettings => ({
  imagesAllowed: config["images-allowed"],
  podLogs: config["pod-logs"],
  secrets: config.secrets,
  providers: providers.map(({ name }) => name),
});

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
  { config, identity, leaseNamespace, log }: OperatorOptions,
  { client, own, turn }: Parts,
  clock: Clock,
  leaving: Leave | undefined,
): Election {
  const lease = leasePort(client, { namespace: leaseNamespace, name: config["lease-name"] });
  const noted = <T>(written: T | undefined): T | undefined => {
    if (written !== undefined) own.renewedLease();
    return written;
  };
  const port: LeasePort = {
    get: lease.get,
    create: async (record, signal) => noted(await lease.create(record, signal)),
    update: async (record, signal) => noted(await lease.update(record, signal)),
  };
  // Nobody may begin anew between the end of this process and that of the operator's own pods.
  const removal = { insist: true, lingerMs: () => (leaving?.isDone() === true ? AFTER_REMOVAL_MS : 0) };
  const durations: LeaseDurations = {
    leaseMs: config["lease-duration"],
    renewDeadlineMs: config["lease-renew-deadline"],
    retryMs: config["lease-retry-period"],
  };
  const onHeld = (until: number): void => {
    turn.until = until;
  };
  const standing = { port, identity, clock, log, durations, onLeading: own.leading, onHeld };
  const election = { ...standing, ...(leaving === undefined ? {} : removal) };
  return (work, life) => runElection(election, work, life);
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
