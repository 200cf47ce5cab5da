/**
 * One test's world: a namespace with a Ceilometer in it, an operator that watches only this namespace with the chart's
 * rights, a proxy between it and the API server, and an auditor who watches the pods.
 */
import { writeFile } from "node:fs/promises";
import { expect } from "vitest";
import { z } from "zod";
import type { ClusterAccess } from "../../tools/control-plane/cluster.ts";
import type { Finished } from "../../tools/control-plane/process.ts";
import { keepEvidence } from "../support/evidence.ts";
import { type FaultProxy, type RecordedWrite, startFaultProxy } from "../support/fault-proxy.ts";
import type { AuditScope, Breach } from "../support/invariants.ts";
import { type Auditor, startAuditor } from "./auditor.ts";
import { auditScope, type KubeObject, type Topology, workloadsOf } from "./fixtures/topology.ts";
import { installRights, type LogLine, lendRights, type OperatorProcess, startOperator } from "./operator-process.ts";
import { type Replicas, startReplicas } from "./replicas.ts";
import { eventually, isSo, type Resource, readResource, resourcePath, tell, type Wanted } from "./resource.ts";
import { create, mergePatch, read, sharedCluster, uniqueName } from "./shared-cluster.ts";
import type { UnpackedImage } from "./unpacked-image.ts";

export interface SceneOptions {
  readonly topology: Topology;
  /** Another control plane than that of all tests. */
  readonly cluster?: ClusterAccess;
  /** What the auditor has to know, where it is more than the topology says. */
  readonly audit?: Partial<AuditScope>;
  readonly flags?: readonly string[];
  /** More environment variables of the operator. */
  readonly env?: Readonly<Record<string, string>>;
  /** What runs as the operator. Default: its bundle. */
  readonly image?: UnpackedImage;
  /** So many replicas elect a leader, in the place of one operator: how far the wall clock of each is ahead, in milliseconds. */
  readonly replicas?: readonly number[];
  /** A file that holds the operator's token, in the place of its kubeconfig. */
  readonly tokenFile?: string;
  /** The auditor's watches may have been forgotten by the server: what happened meanwhile is judged by what is there after it. */
  readonly gaps?: boolean;
  /** Names of Secrets that the operator may read. */
  readonly secrets?: readonly string[];
  /** Under the admission policies of the chart. */
  readonly confined?: boolean;
  /** Lines of the operator's log that belong to this test, though they look like a fault. */
  readonly expected?: RegExp;
  /** Names of workloads that must not be waited for before the upgrade, because they never come up. */
  readonly unready?: readonly string[];
  /** Another Ceilometer in a namespace of its own, which the same operator watches. */
  readonly neighbour?: Topology;
  /** Puts into the namespace what is there before the operator first looks. */
  readonly stored?: (cluster: ClusterAccess, namespace: string) => Promise<void>;
  /** Brings the Ceilometer into the namespace. Default: its objects are created. */
  readonly place?: (cluster: ClusterAccess, namespace: string) => Promise<void>;
}

export interface Scene {
  readonly cluster: ClusterAccess;
  readonly namespace: string;
  readonly topology: Topology;
  readonly proxy: FaultProxy;
  /** Where there are several: nothing goes through `proxy` then. */
  readonly replicas: Replicas | undefined;
  /** Where the operator finds its token, if not in its kubeconfig. */
  readonly tokenFile: string | undefined;
  readonly auditor: Auditor;
  /** The audit begins anew, with what is there now as what there was before. */
  audit(more?: Partial<AuditScope>): Promise<void>;
  /** Ends the operator as a power cut does, and starts another one at once. */
  crash(): Promise<void>;
  /** Ends the operator in order, and starts another version of it in its place. */
  replace(image: UnpackedImage): Promise<OperatorProcess>;
  /** Creates the resource. */
  apply(topology?: Topology, name?: string): Promise<void>;
  /** Merges into `spec` of the resource. */
  edit(spec: unknown, name?: string): Promise<void>;
  resource(name?: string): Promise<Resource | undefined>;
  until(wanted: Wanted, options?: { readonly name?: string; readonly timeout?: number }): Promise<Resource>;
  /** Somebody has to do something, and the resource says who: what holds it, told in its steps or its preflight. */
  stalled(reason: string, options?: { readonly name?: string }): Promise<Hold>;
  /** The end state is reached, and every invariant was kept on the way. */
  succeed(options?: { readonly timeout?: number }): Promise<Resource>;
  /** Waits until everything has been seen, and judges it. */
  verdict(options?: { readonly ended?: boolean }): Promise<readonly Breach[]>;
  kubectl(...args: readonly string[]): Promise<string>;
  tryKubectl(...args: readonly string[]): Promise<Finished>;
  /** Of all operators. */
  writes(): readonly RecordedWrite[];
  /** Writes that carry the upgrade out: not those of status. */
  effects(): readonly RecordedWrite[];
  /** Every line that the operators wrote so far. */
  logged(): readonly LogLine[];
  /** Those of them that no run may have. */
  complaints(): readonly string[];
  /** The namespace of the neighbour, where there is one. */
  readonly neighbour: string | undefined;
}

/** Why a resource does not go on. */
export interface Hold {
  readonly resource: Resource;
  readonly object: string;
  readonly remedy: string;
  readonly message: string;
}

/** Milliseconds; an upgrade of simulated pods takes a few seconds on an idle machine. */
const PATIENCE = 120_000;
const NAME = "ceilometer";

const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: "/api/v1:configmaps",
  Secret: "/api/v1:secrets",
  Service: "/api/v1:services",
  ServiceAccount: "/api/v1:serviceaccounts",
  ResourceQuota: "/api/v1:resourcequotas",
  Deployment: "/apis/apps/v1:deployments",
  DaemonSet: "/apis/apps/v1:daemonsets",
  StatefulSet: "/apis/apps/v1:statefulsets",
  HorizontalPodAutoscaler: "/apis/autoscaling/v2:horizontalpodautoscalers",
  CeilometerUpgrade: "/apis/ceilometer.openstack.org/v1alpha1:ceilometerupgrades",
};

export const collectionOf = (kind: string, namespace: string): string => {
  const [group, plural] = (PLURALS[kind] ?? "").split(":");
  if (plural === undefined) throw new Error(`no collection is known for ${kind}`);
  return `${group}/namespaces/${namespace}/${plural}`;
};

export const isStatusWrite = ({ path }: { readonly path: string }): boolean => /\/status(?:\?|$)/.test(path);

export async function createObject(cluster: ClusterAccess, namespace: string, object: KubeObject): Promise<void> {
  const placed = { ...object, metadata: { ...object.metadata, namespace } };
  await create(cluster, collectionOf(object.kind, namespace), placed);
}

/** Opens a scene for as long as `play` takes; afterwards the operator must have nothing in its log that no run may have. */
export async function inScene<T>(options: SceneOptions, play: (scene: Scene) => Promise<T>): Promise<T> {
  const { scene, close } = await openScene(options);
  const played = await play(scene).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const complaints = (await close()).filter((line) => options.expected?.test(line) !== true);
  const said = complaints.slice(0, 3).map((line) => line.slice(0, 600));
  const fault =
    said.length === 0
      ? ""
      : `the operator in ${scene.namespace} said (${complaints.length} lines):\n${said.join("\n")}`;
  if ("error" in played) {
    if (played.error instanceof Error && fault !== "") played.error.message += `\n${fault}`;
    throw played.error;
  }
  if (fault !== "") throw new Error(fault);
  return played.value;
}

async function openScene(options: SceneOptions): Promise<{ scene: Scene; close: () => Promise<readonly string[]> }> {
  const { topology, secrets = [] } = options;
  const cluster = options.cluster ?? (await sharedCluster());
  const namespace = uniqueName(topology.name);
  await using stack = new AsyncDisposableStack();
  await create(cluster, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  // The namespace stays until the whole control plane is thrown away: to take it apart costs more than to leave it.
  stack.defer(async () => {
    for (const kind of ["Deployment", "DaemonSet", "StatefulSet"])
      await cluster.api.request("DELETE", collectionOf(kind, namespace), { propagationPolicy: "Background" });
  });
  const token = await installRights(cluster, namespace, secrets, options.confined);
  if (options.tokenFile !== undefined) await writeFile(options.tokenFile, token, { mode: 0o600 });
  const proxy = stack.use(
    await startFaultProxy({ server: cluster.server, ca: cluster.api.access.ca, keepsStatus: true }),
  );
  const neighbour = options.neighbour === undefined ? undefined : await moveIn(cluster, namespace, options.neighbour);
  const operators: OperatorProcess[] = [];
  const begin = async (version = options.image): Promise<OperatorProcess> => {
    const flags = [
      ...(options.flags ?? []),
      ...(secrets.length === 0 ? [] : [`--secrets=${secrets.join(",")}`]),
      ...(neighbour === undefined ? [] : [`--watch-namespaces=${neighbour}`]),
    ];
    const image = version === undefined ? {} : { image: version };
    const env = options.env ?? {};
    const file = options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile };
    const account = { namespace, token, ...file };
    const operator = await startOperator({ cluster, ...account, server: proxy.url, flags, env, ...image });
    operators.push(operator);
    return operator;
  };
  // A crash after the very last write may still be under way when a test has seen all that it waits for.
  const crashes: Promise<void>[] = [];
  stack.defer(async () => {
    await Promise.all(crashes);
    await end(operators);
  });
  await options.stored?.(cluster, namespace);
  const { replicas: skews, flags = [] } = options;
  const replicas =
    skews === undefined ? undefined : stack.use(await startReplicas({ cluster, namespace, token, flags, skews }));
  if (replicas === undefined) await begin();
  if (options.place === undefined) {
    for (const object of topology.objects) await createObject(cluster, namespace, object);
  } else await options.place(cluster, namespace);
  await allReady(cluster, namespace, topology, options.unready ?? []);
  const scope = { ...auditScope(topology), ...options.audit };
  const beginAudit = (more: Partial<AuditScope> = {}): Promise<Auditor> =>
    startAuditor({ ...scope, ...more, api: cluster.api, logs: cluster.dir, namespace });
  let auditor = await beginAudit();
  stack.defer(() => auditor[Symbol.asyncDispose]());
  const owned = stack.move();

  const resource = (name = NAME): Promise<Resource | undefined> => readResource(cluster, namespace, name);
  const tryKubectl = (...args: readonly string[]): Promise<Finished> => cluster.kubectl(["-n", namespace, ...args]);
  const until: Scene["until"] = async (wanted, { name = NAME, timeout = PATIENCE } = {}) => {
    let last: Resource | undefined;
    const holds = async (): Promise<boolean> => {
      last = await resource(name);
      return isSo(last, wanted);
    };
    const what = `${name} in ${namespace}: ${wanted.type}=${wanted.status} ${wanted.reason ?? ""}`;
    const lastWords = (): string =>
      (processes().at(-1)?.log ?? [])
        .slice(-5)
        .map((line) => JSON.stringify(line))
        .join("\n");
    await eventually(holds, () => `${what}\n${tell(last)}\n${lastWords()}`, timeout);
    if (last === undefined) throw new Error("a condition without a resource");
    return last;
  };
  const verdict: Scene["verdict"] = async (judging = {}) => {
    const breaches = await auditor.finish(judging);
    if (options.gaps !== true) expect(auditor.gaps()).toBe(0);
    return breaches;
  };
  const processes = (): readonly OperatorProcess[] => replicas?.processes ?? operators;
  const scene: Scene = {
    cluster,
    namespace,
    topology,
    proxy,
    replicas,
    tokenFile: options.tokenFile,
    get auditor() {
      return auditor;
    },
    async audit(more) {
      await auditor[Symbol.asyncDispose]();
      auditor = await beginAudit(more);
    },
    resource,
    until,
    verdict,
    tryKubectl,
    crash() {
      const crash = async (): Promise<void> => {
        await operators.at(-1)?.kill();
        await begin();
      };
      const crashing = crash();
      crashes.push(crashing);
      return crashing;
    },
    async replace(image) {
      await end(operators);
      return begin(image);
    },
    async apply(wish = topology, name = NAME) {
      await createObject(cluster, namespace, {
        apiVersion: "ceilometer.openstack.org/v1alpha1",
        kind: "CeilometerUpgrade",
        metadata: { name },
        spec: wish.spec,
      });
    },
    edit: (spec, name = NAME) => mergePatch(cluster, resourcePath(namespace, name), { spec }),
    async stalled(reason, waiting = {}) {
      const found = await until({ type: "Stalled", status: "True", reason }, waiting);
      return holdOf(found, reason);
    },
    async succeed(waiting) {
      const done = await until({ type: "Succeeded", status: "True" }, waiting);
      const breaches = await verdict();
      const seen = { breaches, facts: auditor.facts, writes: scene.writes(), log: scene.logged() };
      const where = breaches.length === 0 ? "" : `what was seen is in ${await keepEvidence(namespace, seen)}`;
      expect(breaches, where).toEqual([]);
      return done;
    },
    async kubectl(...args) {
      const { code, stdout, stderr } = await tryKubectl(...args);
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
      return stdout;
    },
    writes: () => replicas?.writes() ?? proxy.writes,
    effects: () => scene.writes().filter((write) => !isStatusWrite(write)),
    logged: () => processes().flatMap(({ log }) => log),
    complaints: () => processes().flatMap((operator) => operator.complaints()),
    neighbour,
  };
  const close = async (): Promise<readonly string[]> => {
    await owned.disposeAsync();
    return processes().flatMap((operator) => operator.complaints());
  };
  return { scene, close };
}

function holdOf(resource: Resource, reason: string): Hold {
  const { steps, preflight, conditions } = resource.status;
  const said = conditions.find(({ type }) => type === "Stalled")?.message ?? "";
  const step = steps.map(({ blockedBy }) => blockedBy).find((blocked) => blocked?.reason === reason);
  const finding = preflight.find(({ check }) => check === reason);
  const { object = "", remedy = "" } = step ?? finding ?? {};
  return { resource, object, remedy, message: said };
}

/** Objects in a namespace of their own, in which the operator of another one has the chart's rights, too. */
async function moveIn(cluster: ClusterAccess, operator: string, topology: Topology): Promise<string> {
  const namespace = uniqueName(`${topology.name}-beside`);
  await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await lendRights(cluster, namespace, operator);
  for (const object of topology.objects) await createObject(cluster, namespace, object);
  return namespace;
}

/** The last one must still be there, and end well when it is asked to. */
async function end(operators: readonly OperatorProcess[]): Promise<void> {
  await operators.at(-1)?.stop();
}

const readySchema = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({ replicas: z.int().optional() }),
  status: z
    .object({
      observedGeneration: z.int().default(0),
      readyReplicas: z.int().default(0),
      desiredNumberScheduled: z.int().default(0),
      numberReady: z.int().default(0),
    })
    .prefault({}),
});

export async function allReady(
  cluster: ClusterAccess,
  namespace: string,
  topology: Topology,
  except: readonly string[],
): Promise<void> {
  const waiting = new Set(workloadsOf(topology).filter(({ metadata }) => !except.includes(metadata.name)));
  const look = async (): Promise<boolean> => {
    for (const workload of waiting) {
      const path = `${collectionOf(workload.kind, namespace)}/${workload.metadata.name}`;
      const { metadata, spec, status } = readySchema.parse(await read(cluster, path));
      const wanted = workload.kind === "DaemonSet" ? status.desiredNumberScheduled : (spec.replicas ?? 1);
      const ready = workload.kind === "DaemonSet" ? status.numberReady : status.readyReplicas;
      if (status.observedGeneration < metadata.generation || ready < wanted) return false;
      waiting.delete(workload);
    }
    return true;
  };
  const names = (): string => [...waiting].map(({ metadata }) => metadata.name).join(", ");
  await eventually(look, () => `in ${namespace} are not ready: ${names()}`, PATIENCE);
}
