/**
 * What is watched, and for which resource a change matters. One cache for each kind and each watched namespace, or one for
 * each kind if the whole cluster is watched.
 */
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resource.ts";
import { listWatch, type Selection } from "../../kube/watch.ts";
import type { Autoscaler, Pod, Seen } from "../../model/observation.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/logger.ts";
import type { ManagedCache } from "../../runtime/manager.ts";
import { type Fault, runReflector } from "../../runtime/reflector.ts";
import { Store, type Stored } from "../../runtime/store.ts";
import {
  AUTOSCALER,
  CONFIG_MAP,
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  POD,
  STATEFUL_SET,
  UPGRADE,
} from "./resources.ts";
import { autoscalerView } from "./views/autoscaler.ts";
import { type OwnConfigView, ownConfigView } from "./views/config.ts";
import { type CronJobView, cronJobView, type JobView, jobView } from "./views/job.ts";
import { podView } from "./views/pod.ts";
import { type UpgradeView, upgradeView } from "./views/upgrade.ts";
import { type WorkloadView, workloadView } from "./views/workload.ts";

export const MANAGED_BY = "app.kubernetes.io/managed-by=ceilometer-upgrade-operator";

/** One kind, over all watched namespaces. */
export interface KindCache<T extends Stored> {
  readonly resource: Resource;
  list(namespace: string): Seen<readonly T[]>;
  get(namespace: string, name: string): T | undefined;
  /** What is held of one namespace, complete or not. */
  of(namespace: string): readonly T[];
  all(): readonly T[];
  /** Takes in the answer to a write of our own, so that the next look sees it. */
  put(object: KubeObject): void;
  /** The API server has answered that the object of this uid is gone. */
  gone(object: { readonly namespace: string; readonly name: string }, uid: string): void;
  /** Monotonic milliseconds of the oldest last contact; undefined before the first. */
  readonly lastContact: number | undefined;
  readonly managed: readonly ManagedCache[];
}

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly onChange: (namespace: string) => void;
  /** An object is no more; told beside `onChange`, which reaches only who is still there. */
  readonly onGone?: (
    resource: Resource,
    metadata: { readonly namespace?: string | undefined; readonly name: string },
  ) => void;
  /** A kind was read, or could not be: in one namespace, or in all of them. */
  readonly onRead: (namespace: string | undefined) => void;
  readonly onFault?: (kind: string, fault: Fault) => void;
  readonly onList?: (kind: string) => void;
}

export interface Caches {
  readonly upgrades: KindCache<UpgradeView>;
  readonly deployments: KindCache<WorkloadView>;
  readonly daemonSets: KindCache<WorkloadView>;
  readonly statefulSets: KindCache<WorkloadView>;
  readonly pods: KindCache<Pod>;
  readonly jobs: KindCache<JobView>;
  readonly cronJobs: KindCache<CronJobView>;
  readonly autoscalers: KindCache<Autoscaler>;
  readonly ownConfig: KindCache<OwnConfigView>;
}

/** Makes the cache of one kind, whatever stands behind it. */
export type CacheMaker = <T extends Stored>(
  resource: Resource,
  view: (object: KubeObject) => T,
  selection?: Selection,
) => KindCache<T>;

/** Which kinds there are, and how each is seen: the same for watches, for the objects of a plan and for the model. */
export function cachesOf(make: CacheMaker): Caches {
  return {
    upgrades: make(UPGRADE, upgradeView),
    deployments: make(DEPLOYMENT, workloadView("Deployment")),
    daemonSets: make(DAEMON_SET, workloadView("DaemonSet")),
    statefulSets: make(STATEFUL_SET, workloadView("StatefulSet")),
    pods: make(POD, podView),
    jobs: make(JOB, jobView),
    cronJobs: make(CRON_JOB, cronJobView),
    autoscalers: make(AUTOSCALER, autoscalerView),
    ownConfig: make(CONFIG_MAP, ownConfigView, { labelSelector: MANAGED_BY }),
  };
}

export const createCaches = (options: CacheOptions): Caches =>
  cachesOf((resource, view, selection) => kindCache(options, resource, view, selection));

/** What is common to the caches of all kinds. */
export type AnyCache = Pick<KindCache<Stored>, "resource" | "get" | "put" | "gone" | "lastContact" | "managed">;

export const everyCache = (caches: Caches): readonly AnyCache[] => Object.values<AnyCache>({ ...caches });

function kindCache<T extends Stored>(
  options: CacheOptions,
  resource: Resource,
  view: (object: KubeObject) => T,
  selection: Selection = {},
): KindCache<T> {
  const { client, clock, log, namespaces, onChange, onGone, onRead, onFault, onList } = options;
  const spaces = namespaces.length === 0 ? [undefined] : namespaces;
  const stores = new Map<string, Store<T>>();
  const managed = spaces.map((namespace): ManagedCache => {
    const store = new Store<T>({ log });
    store.subscribe(({ previous, current }) => {
      const changed = current ?? previous;
      if (changed === undefined) return;
      onChange(changed.metadata.namespace ?? "");
      if (current === undefined) onGone?.(resource, changed.metadata);
    });
    // A list that succeeds or fails changes what may be believed of a kind, even where no object has changed.
    store.subscribeState(() => onRead(namespace));
    stores.set(namespace ?? "", store);
    const name = namespace === undefined ? resource.plural : `${resource.plural} of ${namespace}`;
    const source = listWatch(client, resource, { ...selection, namespace });
    const run = (signal: AbortSignal): Promise<void> =>
      runReflector(
        {
          name,
          source,
          store,
          transform: view,
          clock,
          log,
          onFault: (fault) => onFault?.(resource.plural, fault),
          onList: () => onList?.(resource.plural),
        },
        signal,
      );
    return { name, store, run };
  });
  const storeOf = (namespace: string): Store<T> | undefined => stores.get("") ?? stores.get(namespace);
  return {
    resource,
    managed,
    list: (namespace) => seenList(storeOf(namespace), namespace),
    get: (namespace, name) => storeOf(namespace)?.get(namespace, name),
    of: (namespace) => storeOf(namespace)?.list(namespace) ?? [],
    all: () => [...stores.values()].flatMap((store) => [...store.list()]),
    put: (object) => storeOf(object.metadata.namespace ?? "")?.put(view(object)),
    gone: ({ namespace, name }, uid) => storeOf(namespace)?.gone(namespace, name, uid),
    get lastContact() {
      const contacts = [...stores.values()].map((store) => store.lastContact);
      return contacts.some((at) => at === undefined) ? undefined : Math.min(...contacts.map((at) => at ?? 0));
    },
  };
}

function seenList<T extends Stored>(store: Store<T> | undefined, namespace: string): Seen<readonly T[]> {
  if (store === undefined) return { seen: "unreadable", why: `the namespace ${namespace} is not watched` };
  const { state } = store;
  switch (state.kind) {
    case "synced":
      return { seen: "present", value: store.list(namespace) };
    case "empty":
      return { seen: "unreadable", why: "not listed yet" };
    case "failing":
      return { seen: "unreadable", why: state.why };
  }
}
