/** Outages of a real control plane, which has to belong to this plan alone. */
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Cluster } from "../../tools/control-plane/cluster.ts";
import { type SecondApiServer, startSecondApiServer } from "../../tools/control-plane/second-api-server.ts";
import { defineResource } from "../e2e/global-setup.ts";
import { renewToken } from "../e2e/operator-process.ts";
import { eventually, readResource } from "../e2e/resource.ts";
import type { Scene } from "../e2e/scene.ts";
import { create } from "../e2e/shared-cluster.ts";
import type { Fault } from "../support/fault-proxy.ts";
import type { Breach } from "../support/invariants.ts";
import type { Disturbance } from "./disturb.ts";
import { momentsOf } from "./moments.ts";
import { type Behind, isBehind, isOutage, type OutageFault, type Plan, type Step } from "./plan.ts";

const DEFINITION =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ceilometerupgrades.ceilometer.openstack.org";

const kindsOf = ({ steps }: Plan): ReadonlySet<string> => new Set(steps.map(({ fault }) => fault.kind));

/**
 * What the operator's log has to call a fault: that it may not do its work, or that nobody knows it. An API server that has just
 * started knows nobody's rights yet.
 */
export function refusalsIn(plan: Plan): RegExp | undefined {
  const kinds = kindsOf(plan);
  if (kinds.has("accountRemoved")) return /"message":"Unauthorized"/;
  if (kinds.has("bindingsRemoved") || kinds.has("apiServerKilled")) return /is forbidden: User|"reason":"Forbidden"/;
  return undefined;
}

/** What the plan itself has done, and no operator. */
export const isOfPlan = (plan: Plan, { message }: Breach): boolean =>
  kindsOf(plan).has("accountRemoved") && /^ServiceAccount\/.* was deleted$/.test(message);

/** An outage is met by every try of its time: the queue doubles its delay from 5 ms on, less up to a half. */
export const triesIn = ({ fault }: Step): number =>
  isOutage(fault) ? Math.ceil(Math.log2(fault.milliseconds / 2.5)) : 0;

export interface Outages extends Disturbance {
  /** Resolves when everything has happened and is over: until then nobody else can ask the API server anything. */
  readonly calm: Promise<void>;
  /** Lets happen what comes before the resource is created or after the end. */
  around(phase: Step["phase"]): Promise<void>;
}

export function disturbControlPlane(scene: Scene, plan: Plan, cluster: Cluster): Outages {
  const moments = momentsOf(plan);
  const { promise: calm, resolve: nowCalm, reject: neverCalm } = Promise.withResolvers<void>();
  const isAround = plan.steps.every(({ write }) => write.of === "resource");
  let second: SecondApiServer | undefined;
  const missing: string[] = [];
  if (isAround) nowCalm();
  scene.proxy.setHook(async (n, phase, request) => {
    const step = moments.due(String(n), phase, request);
    if (step === undefined || !isOutage(step.fault)) return undefined;
    const { end, answer } = await begin({ scene, cluster, second }, step.fault);
    pause(step.fault.milliseconds)
      .then(end)
      .then(() => moments.left.size === 0 && nowCalm(), neverCalm);
    return answer;
  });
  return {
    left: moments.left,
    calm,
    async over() {
      await calm;
      if (second === undefined) return;
      scene.proxy.divert(undefined);
      scene.proxy.breakConnections();
      await second[Symbol.asyncDispose]();
    },
    async around(phase) {
      if (phase === "before" && plan.steps.some(({ fault }) => isBehind(fault))) {
        second = await startSecondApiServer(cluster);
        await learn(second);
        if (kindsOf(plan).has("readsFallBehind")) {
          scene.proxy.divert({ server: second.server, what: "reads" });
          scene.proxy.breakWatches();
        } else second.cutOff(true);
      }
      const step = moments.around(phase);
      if (step === undefined || !isOutage(step.fault)) return;
      const isReady = async (): Promise<boolean> => scene.logged().some(({ msg }) => msg === "ready");
      await eventually(isReady, () => "the operator is not ready", 30_000);
      const told = scene.logged().length;
      const { end } = await begin({ scene, cluster, second }, step.fault);
      await pause(step.fault.milliseconds);
      await end();
      const said = scene.logged().slice(told);
      if (!said.some(({ level, reflector }) => level === "warn" && /^ceilometerupgrades\b/.test(String(reflector))))
        missing.push("the log does not say that the resource is not defined");
      if (phase === "after-commit") await takesUp(scene);
    },
    judged: () => [...missing, ...untold(scene, plan)],
  };
}

/** What the operator must have met, and has to say. */
const TOLD: Readonly<Record<string, RegExp>> = {
  bindingsRemoved: /is forbidden: User/,
  accountRemoved: /Unauthorized/,
};

function untold(scene: Scene, plan: Plan): readonly string[] {
  const log = scene.logged().map((line) => JSON.stringify(line));
  const isTold = (kind: string): boolean => TOLD[kind] === undefined || log.some((line) => TOLD[kind]?.test(line));
  return [...kindsOf(plan)].filter((kind) => !isTold(kind)).map((kind) => `the log tells nothing of ${kind}`);
}

/** A resource that is created now is looked at. */
async function takesUp(scene: Scene): Promise<void> {
  await scene.apply();
  const seen = async (): Promise<boolean> => {
    const found = await readResource(scene.cluster, scene.namespace, "ceilometer");
    return found?.status.conditions.some(({ type }) => type === "Succeeded") === true;
  };
  await eventually(seen, () => "a resource of the restored definition is not looked at", 60_000);
}

function fileOf({ tokenFile }: Scene): string {
  if (tokenFile === undefined) throw new Error("an operator whose token is in no file");
  return tokenFile;
}

/** What the operator watches: the second API server begins to follow a resource of a definition when it is first asked for it. */
const WATCHED = [
  "/apis/ceilometer.openstack.org/v1alpha1/ceilometerupgrades",
  ...["deployments", "daemonsets", "statefulsets"].map((plural) => `/apis/apps/v1/${plural}`),
  ...["jobs", "cronjobs"].map((plural) => `/apis/batch/v1/${plural}`),
  "/apis/autoscaling/v2/horizontalpodautoscalers",
  "/api/v1/pods",
  "/api/v1/configmaps",
];

async function learn({ api }: SecondApiServer): Promise<void> {
  for (const path of WATCHED) {
    const { status, text } = await api.request("GET", `${path}?limit=1`);
    if (status !== 200) throw new Error(`the second API server answers GET ${path}: ${status} ${text}`);
  }
}

interface Begun {
  end(): Promise<void>;
  /** What becomes of the write at whose moment it began. */
  readonly answer?: Fault;
}

interface Stage {
  readonly scene: Scene;
  readonly cluster: Cluster;
  readonly second: SecondApiServer | undefined;
}

async function begin({ scene, cluster, second }: Stage, fault: OutageFault): Promise<Begun> {
  const { namespace, proxy } = scene;
  switch (fault.kind) {
    case "apiServerKilled":
      await cluster.killApiServer();
      return { end: () => cluster.startApiServer() };
    case "etcdKilled":
      await cluster.killEtcd();
      return { end: () => cluster.startApiServer() };
    case "etcdStopped":
      await cluster.signalEtcd("SIGSTOP");
      return {
        async end() {
          await cluster.signalEtcd("SIGCONT");
          await cluster.startApiServer();
        },
      };
    case "bindingsRemoved": {
      const restore = await takeAway(
        cluster,
        `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
        () => true,
      );
      // Open watches are not asked again whether they may.
      proxy.breakWatches();
      return { end: restore };
    }
    case "accountRemoved": {
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      const restore = await takeAway(cluster, accounts, (name) => name !== "default");
      const token = await readFile(fileOf(scene), "utf8");
      // The API server remembers for some seconds whose token it is.
      const isRefused = async (): Promise<boolean> =>
        (await fetch(`${proxy.url}/api`, { headers: { authorization: `Bearer ${token}` } })).status === 401;
      await eventually(isRefused, () => "the token of an account that is gone is still taken", 30_000);
      proxy.breakWatches();
      return {
        async end() {
          await restore();
          await renewToken(cluster, namespace, fileOf(scene));
        },
      };
    }
    case "definitionRemoved": {
      const { status, text } = await cluster.api.request("DELETE", DEFINITION);
      if (status !== 200) throw new Error(`DELETE ${DEFINITION}: ${status} ${text}`);
      const gone = async (): Promise<boolean> => (await cluster.api.request("GET", DEFINITION)).status === 404;
      await eventually(gone, () => "the definition stays", 30_000);
      // What they are told of it may come late.
      proxy.breakWatches();
      return { end: () => defineResource(cluster) };
    }
    case "readsFallBehind":
    case "readsMoveBehind":
    case "allMovesBehind":
    case "startedBehind":
      return fallBehind(scene, there(second), fault.kind);
  }
}

async function fallBehind({ proxy, crash }: Scene, second: SecondApiServer, kind: Behind): Promise<Begun> {
  const end = async (): Promise<void> => second.cutOff(false);
  if (kind === "readsFallBehind") {
    second.cutOff(true);
    return { end };
  }
  proxy.divert({ server: second.server, what: kind === "readsMoveBehind" ? "reads" : "all" });
  if (kind !== "startedBehind") {
    proxy.breakWatches();
    return { end };
  }
  await crash();
  return { end, answer: { kind: "drop" } };
}

function there(second: SecondApiServer | undefined): SecondApiServer {
  if (second === undefined) throw new Error("no second API server was started");
  return second;
}

const listSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })),
});

/** Deletes objects of a collection; the answer brings them back. */
async function takeAway(
  cluster: Cluster,
  collection: string,
  isMeant: (name: string) => boolean,
): Promise<() => Promise<void>> {
  const { apiVersion, kind, items } = listSchema.parse(JSON.parse((await cluster.api.request("GET", collection)).text));
  const meant = items.filter(({ metadata }) => isMeant(metadata.name));
  if (meant.length === 0) throw new Error(`nothing to take away in ${collection}`);
  for (const { metadata } of meant) {
    const { status, text } = await cluster.api.request("DELETE", `${collection}/${metadata.name}`);
    if (status !== 200) throw new Error(`DELETE ${collection}/${metadata.name}: ${status} ${text}`);
  }
  return async () => {
    for (const { metadata, ...object } of meant) {
      const { name, labels, annotations } = metadata;
      const again = { ...object, apiVersion, kind: kind.replace(/List$/, ""), metadata: { name, labels, annotations } };
      await create(cluster, collection, again);
    }
  };
}
