/** What decisions read, with everything filled in that a test does not speak of: running, ready, rolled out, nobody's. */
import { ANNOTATION, FINALIZER } from "../../src/api/v1alpha1/names.ts";
import { type SpecInput, specSchema } from "../../src/api/v1alpha1/schema.ts";
import { type Agent, makeAgent } from "../../src/model/agent.ts";
import type { AttemptRecord, RecordedTarget } from "../../src/model/attempt.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import type { Borrowed, Claim, Phase } from "../../src/model/marks.ts";
import type { Labels, Meta, Owner } from "../../src/model/meta.ts";
import {
  type Autoscaler,
  type ConfigObject,
  type ContainerState,
  type CronJob,
  type Job,
  type Observation,
  type OperatorSettings,
  type Pod,
  readWorld,
  type Seen,
  type Upgrade,
  type Workload,
  type WorkloadKind,
  type WorkloadStatus,
  type World,
} from "../../src/model/observation.ts";
import type { Container, PodTemplate, Volume } from "../../src/model/pod-template.ts";
import type { ProbeResult } from "../../src/model/probe.ts";
import { formatTime, type Millis } from "../../src/model/time.ts";

export const NAMESPACE = "openstack";
export const NOW: Millis = Date.UTC(2026, 0, 1);
export const OLD_IMAGE = "registry.example/ceilometer:newton";
export const NEW_IMAGE = "registry.example/ceilometer:ocata";

export function aMeta(name: string, more: Partial<Meta> = {}): Meta {
  return {
    namespace: NAMESPACE,
    name,
    uid: `uid-of-${name}`,
    resourceVersion: "100",
    generation: 1,
    labels: {},
    annotations: {},
    createdAt: NOW - 3_600_000,
    finalizers: [],
    managers: [],
    ...more,
  };
}

const PROGRAMS: Readonly<Record<AgentComponent, string>> = {
  collector: "ceilometer-collector",
  notification: "ceilometer-agent-notification",
  polling: "ceilometer-polling",
  api: "ceilometer-api",
};

export function aContainer(more: Partial<Container> = {}): Container {
  return { name: "agent", image: OLD_IMAGE, command: [PROGRAMS.notification], ...more };
}

export interface WorkloadWords {
  readonly name: string;
  readonly component?: AgentComponent;
  readonly image?: string;
  readonly replicas?: number;
  readonly annotations?: Labels;
  readonly labels?: Labels;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly owner?: Owner;
  readonly managers?: Meta["managers"];
  readonly containers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly nodeSelector?: Labels;
  readonly strategy?: string;
  readonly maxSurge?: number | string;
  readonly maxUnavailable?: number | string;
  readonly partition?: number;
  readonly paused?: boolean;
  readonly status?: Partial<WorkloadStatus>;
}

const DEFAULT_ROLL = {
  Deployment: { maxSurge: "25%", maxUnavailable: "25%" },
  DaemonSet: { maxSurge: 0, maxUnavailable: 1 },
  StatefulSet: { maxSurge: 0, maxUnavailable: 1 },
} as const;

const roll = ({ maxSurge, maxUnavailable }: WorkloadWords) => ({
  ...(maxSurge === undefined ? {} : { maxSurge }),
  ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
});

function aWorkload(kind: WorkloadKind, words: WorkloadWords): Workload {
  const { name, component = "notification", image = OLD_IMAGE, replicas = 2, generation = 1 } = words;
  const { annotations = {}, labels = { app: name }, owner, managers = [], resourceVersion = "100" } = words;
  const containers = words.containers ?? [aContainer({ image, command: [PROGRAMS[component]] })];
  const template: PodTemplate = {
    labels: { app: name },
    annotations: {},
    spec: {
      containers,
      ...(words.volumes === undefined ? {} : { volumes: words.volumes }),
      ...(words.nodeSelector === undefined ? {} : { nodeSelector: words.nodeSelector }),
    },
  };
  const identity = {
    labels,
    annotations,
    generation,
    resourceVersion,
    managers,
    ...(owner === undefined ? {} : { owner }),
  };
  const counts = { desired: replicas, current: replicas, updated: replicas, ready: replicas, available: replicas };
  return {
    kind,
    metadata: aMeta(name, identity),
    replicas: kind === "DaemonSet" ? undefined : replicas,
    matchLabels: { app: name },
    template,
    strategy: words.strategy ?? "RollingUpdate",
    ...DEFAULT_ROLL[kind],
    ...roll(words),
    partition: words.partition ?? 0,
    paused: words.paused ?? false,
    status: { observedGeneration: generation, ...counts, ...words.status },
  };
}

export const aDeployment = (words: WorkloadWords): Workload => aWorkload("Deployment", words);
export const aStatefulSet = (words: WorkloadWords): Workload => aWorkload("StatefulSet", words);
/** `replicas` is the number of hosts that should run it. */
export const aDaemonSet = (words: WorkloadWords): Workload => aWorkload("DaemonSet", words);

export interface PodWords {
  readonly name?: string;
  readonly image?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly readySince?: Millis;
  readonly unreadySince?: Millis;
  readonly createdAt?: Millis;
  readonly deletingSince?: Millis;
  readonly podIP?: string;
  readonly owner?: Owner;
  readonly sources?: Labels;
  readonly unschedulable?: string;
  readonly state?: Partial<ContainerState>;
}

/** A pod of a workload, as its template would make it. */
export function aPod(of: Workload, words: PodWords = {}): Pod {
  const {
    name = `${of.metadata.name}-0`,
    phase = "Running",
    ready = true,
    node = "host-0",
    podIP = "10.0.0.1",
  } = words;
  const containers = of.template.spec.containers.map((container) => ({
    name: container.name,
    image: words.image ?? container.image,
  }));
  const sources = (of.template.spec.volumes ?? []).flatMap((volume): [string, string][] =>
    volume.configMap === undefined ? [] : [[volume.name, `ConfigMap/${volume.configMap.name}`]],
  );
  const { createdAt, deletingSince, owner, readySince, unreadySince, unschedulable } = words;
  return {
    metadata: aMeta(name, {
      labels: of.template.labels,
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(deletingSince === undefined ? {} : { deletingSince }),
      ...(owner === undefined ? {} : { owner }),
    }),
    phase,
    nodeName: node,
    podIP,
    containers,
    sources: words.sources ?? Object.fromEntries(sources),
    states: containers.map((container) => ({ ...container, ready, restarts: 0, ...words.state })),
    ready,
    ...(readySince === undefined ? {} : { readySince }),
    ...(unreadySince === undefined ? {} : { unreadySince }),
    ...(unschedulable === undefined ? {} : { unschedulable }),
  };
}

/** As many pods of a workload as it says. */
export const podsOf = (of: Workload, words: PodWords = {}): readonly Pod[] =>
  Array.from({ length: of.replicas ?? of.status.desired }, (_, index) =>
    aPod(of, { name: `${of.metadata.name}-${index}`, node: `host-${index}`, ...words }),
  );

export function aJob(
  name: string,
  more: Partial<Omit<Job, "metadata">> & { readonly metadata?: Partial<Meta> } = {},
): Job {
  const { metadata, ...rest } = more;
  const template = { labels: {}, annotations: {}, spec: { containers: [aContainer({ name: "job" })] } };
  return { template, active: 0, state: "running", ...rest, metadata: aMeta(name, metadata) };
}

export function aCronJob(name: string, metadata: Partial<Meta> = {}): CronJob {
  const template = { labels: {}, annotations: {}, spec: { containers: [aContainer({ name: "job" })] } };
  return { metadata: aMeta(name, metadata), template };
}

export function anAutoscaler(of: Workload, minReplicas: number): Autoscaler {
  const { name } = of.metadata;
  return { metadata: aMeta(`${name}-hpa`), targetKind: of.kind, targetName: name, minReplicas };
}

export function aConfigObject(
  kind: ConfigObject["kind"],
  name: string,
  data: Readonly<Record<string, string>>,
  immutable = true,
): ConfigObject {
  const metadata = aMeta(name);
  return { kind, metadata, immutable, changedAt: metadata.createdAt, data: new Map(Object.entries(data)) };
}

/** Pods of these worlds are ready for good, where nothing else is said. */
export const SPEC: SpecInput = {
  strategy: "Full",
  minReadySeconds: 0,
  target: { release: "ocata", image: NEW_IMAGE },
  components: {
    database: { action: "Skip" },
    notification: { targets: [{ kind: "Deployment", name: "notification" }], workloadPartitioning: "Disabled" },
  },
};

/** A wish as the API server would have stored it, with its defaults. */
export function anUpgrade(spec: Partial<SpecInput> = {}, metadata: Partial<Meta> = {}): Upgrade {
  return { metadata: aMeta("ceilometer", metadata), spec: specSchema.parse({ ...SPEC, ...spec }) };
}

/** One that asks for a partial upgrade of these components to a release, whose image is named for it. */
export function aPartialUpgrade(
  release: string,
  components: Partial<SpecInput["components"]>,
  config: NonNullable<SpecInput["target"]["config"]> = {},
): Upgrade {
  return anUpgrade({
    strategy: "Partial",
    target: { release, image: `registry.example/ceilometer:${release}`, config },
    components: { database: { action: "Skip" }, ...components },
  });
}

export function aRecordedTarget(of: Workload, more: Partial<RecordedTarget> = {}): RecordedTarget {
  const { kind, metadata, replicas, strategy, template } = of;
  return {
    component: "notification",
    kind,
    name: metadata.name,
    uid: metadata.uid,
    container: template.spec.containers[0]?.name ?? "agent",
    image: OLD_IMAGE,
    targetImage: NEW_IMAGE,
    ...(replicas === undefined ? {} : { replicas }),
    nodeSelector: template.spec.nodeSelector ?? null,
    strategy,
    sources: {},
    hosts: [],
    ...more,
  };
}

export function aRecord(
  more: Partial<Omit<AttemptRecord, "metadata">> & { readonly metadata?: Partial<Meta> } = {},
): AttemptRecord {
  const { metadata, ...rest } = more;
  return {
    plan: "plan-1",
    inputs: "inputs-1",
    startedAt: "2026-01-01T00:00:00Z",
    from: "newton",
    to: "ocata",
    files: {},
    longestIntervalSeconds: 600,
    targets: [],
    ended: undefined,
    clock: [],
    verbs: {},
    gates: {},
    ...rest,
    metadata: aMeta("ceilometer-attempt-1", { finalizers: rest.ended === undefined ? [FINALIZER] : [], ...metadata }),
  };
}

export interface WorldWords {
  readonly now?: Millis;
  readonly upgrade?: Upgrade;
  readonly operator?: Partial<OperatorSettings>;
  readonly workloads?: readonly Workload[];
  readonly pods?: readonly Pod[];
  readonly jobs?: readonly Job[];
  readonly cronJobs?: readonly CronJob[];
  readonly autoscalers?: readonly Autoscaler[];
  readonly records?: readonly AttemptRecord[];
  readonly files?: readonly ConfigObject[];
  /** `<kind>/<name>` of files that were looked for and do not exist. */
  readonly absentFiles?: readonly string[];
  readonly upgradeUids?: readonly string[];
  readonly probes?: Readonly<Record<string, ProbeResult>>;
}

const present = <T>(value: readonly T[] = []): Seen<readonly T[]> => ({ seen: "present", value });

/** One moment in which everything could be read, the operator has every right, and nothing else exists. */
export function anObservation(words: WorldWords = {}): Observation {
  const { now = NOW, upgrade = anUpgrade(), files = [], absentFiles = [], upgradeUids = [] } = words;
  const found = files.map((value) => [`${value.kind}/${value.metadata.name}`, { seen: "present", value }] as const);
  const absent = absentFiles.map((name) => [name, { seen: "absent" }] as const);
  const allowed: ProbeResult = { at: now, verdict: "pass", reason: "allowed" };
  return {
    now,
    upgrade,
    operator: { imagesAllowed: [], podLogs: true, secrets: [], providers: [], ...words.operator },
    workloads: present(words.workloads),
    pods: present(words.pods),
    jobs: present(words.jobs),
    cronJobs: present(words.cronJobs),
    autoscalers: present(words.autoscalers),
    records: present(words.records),
    copies: present(),
    files: new Map<string, Seen<ConfigObject>>([...found, ...absent]),
    upgradeUids: { seen: "present", value: new Set([upgrade.metadata.uid, ...upgradeUids]) },
    probes: new Map(Object.entries({ [`rights/${NAMESPACE}`]: allowed, ...words.probes })),
  };
}

/** The same, read through. */
export function aWorld(words: WorldWords = {}): World {
  const world = readWorld(anObservation(words));
  if ("unreadable" in world) throw new Error(world.unreadable.join("; "));
  return world;
}

/** A workload of the component as a target of the upgrade, with its pods. */
export function anAgent(
  workload: Workload,
  more: Partial<Omit<Agent, "marks" | "pods">> & { readonly pods?: readonly Pod[] } = {},
): Agent {
  const { pods = [], ...rest } = more;
  const [container = aContainer()] = workload.template.spec.containers;
  const wanted = { image: NEW_IMAGE, mounts: [], undone: [], appended: undefined, replicas: undefined };
  const input = {
    component: "notification",
    workload,
    container,
    containerIndex: 0,
    wanted,
    recorded: undefined,
  } as const;
  return makeAgent({ ...input, ...rest }, pods);
}

/** The annotations that the operator leaves on a workload. */
export function marks(more: { readonly claim?: Claim; readonly borrowed?: Borrowed; readonly phase?: Partial<Phase> }) {
  const { claim, borrowed, phase } = more;
  const at = formatTime(NOW);
  const whole = { plan: "plan-1", phase: "down", at, startedAt: at, rounds: 0, retry: 0, ...phase };
  return {
    ...(claim === undefined ? {} : { [ANNOTATION.claim]: JSON.stringify(claim) }),
    ...(borrowed === undefined ? {} : { [ANNOTATION.borrowed]: JSON.stringify(borrowed) }),
    ...(phase === undefined ? {} : { [ANNOTATION.phase]: JSON.stringify(whole) }),
  };
}
