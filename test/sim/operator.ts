/**
 * One operator process in the model: the real caches, the real observation and the real decision, fed by watches that deliver
 * late, kind by kind. What is modelled is only the way of a write to the API server.
 */
import { FIELD_MANAGER, LABEL } from "../../src/api/v1alpha1/names.ts";
import { cachesOf, everyCache, type KindCache } from "../../src/controllers/ceilometer-upgrade/caches.ts";
import { observe } from "../../src/controllers/ceilometer-upgrade/observe.ts";
import { isUnseen } from "../../src/controllers/ceilometer-upgrade/unseen.ts";
import { configView } from "../../src/controllers/ceilometer-upgrade/views/config.ts";
import type { KubeObject, StoredObject } from "../../src/kube/object.ts";
import type { Resource } from "../../src/kube/resource.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Effect, OnlyWith } from "../../src/model/outcome.ts";
import type { ProbeResult } from "../../src/model/probe.ts";
import type { Millis } from "../../src/model/time.ts";
import { Store, type Stored } from "../../src/runtime/store.ts";
import type { Answer, ModelApiServer, StoreEvent } from "./model-api-server.ts";

export type Decide = (seen: Observation) => Decision;

/** The end of a watch: what is delivered to it is in the cache of its kind. */
interface Watch {
  readonly resource: Resource;
  deliver(event: StoreEvent): void;
  relist(objects: readonly StoredObject[], revision: number): void;
}

function cache<T extends Stored>(resource: Resource, view: (object: KubeObject) => T): KindCache<T> & Watch {
  const store = new Store<T>();
  const all = (): readonly T[] => store.list();
  return {
    resource,
    managed: [],
    lastContact: 0,
    list: () => ({ seen: "present", value: all() }),
    get: (namespace, name) => store.get(namespace, name),
    of: all,
    all,
    put: (object) => store.put(view(object)),
    gone: ({ namespace, name }, uid) => store.gone(namespace, name, uid),
    deliver: ({ type, object }) => (type === "DELETED" ? store.delete(view(object)) : store.observe(view(object))),
    relist: (objects, revision) => store.replace(objects.map(view), String(revision)),
  };
}

/** A change is delivered to the caches of its kind; configuration that is no object of the operator's own is read by name. */
const isCached = (object: StoredObject): boolean =>
  object.kind !== "ConfigMap" || object.metadata.labels?.[LABEL.upgrade] !== undefined;

export interface Look {
  readonly seen: Observation;
  readonly decision: Decision;
}

export class ModelOperator {
  readonly #api: ModelApiServer;
  readonly #watches: Watch[] = [];
  readonly #caches = cachesOf((resource, view) => {
    const made = cache(resource, view);
    this.#watches.push(made);
    return made;
  });
  readonly #pending = new Map<string, StoreEvent[]>();
  readonly #probes = new Map<string, ProbeResult>();
  readonly #decide: Decide;
  /** What the last decision wanted to know. */
  asked: Decision["probes"] = [];
  recheckAt: Millis | undefined;
  /** Something has changed since the last look that wrote nothing. */
  dirty = true;

  /** @param isFirst it has begun before there were any pods, and the watch of them has told of none yet */
  constructor(api: ModelApiServer, decide: Decide, isFirst = false) {
    this.#api = api;
    this.#decide = decide;
    for (const each of this.#watches) {
      const objects = api.ofKind(each.resource.kind).filter(isCached);
      const isLate = isFirst && each.resource.kind === "Pod";
      each.relist(isLate ? [] : objects, api.revision);
      if (isLate) for (const object of objects) this.hear({ type: "ADDED", object, before: undefined });
    }
  }

  /** The watch of a kind has something to tell. */
  hear(event: StoreEvent): void {
    if (!isCached(event.object)) return;
    const { kind = "" } = event.object;
    const queue = this.#pending.get(kind) ?? [];
    queue.push(event);
    this.#pending.set(kind, queue);
  }

  get behind(): readonly string[] {
    return [...this.#pending].filter(([, queue]) => queue.length > 0).map(([kind]) => kind);
  }

  /** Lets the watch of one kind deliver its next events. */
  deliver(kind: string, count: number): boolean {
    const events = this.#pending.get(kind)?.splice(0, count) ?? [];
    const target = this.#watches.find((each) => each.resource.kind === kind);
    for (const event of events) target?.deliver(event);
    if (events.length > 0 && target !== undefined) this.dirty = true;
    return events.length > 0;
  }

  learn(id: string, result: ProbeResult): void {
    this.#probes.set(id, result);
    this.dirty = true;
  }

  verdictOn(id: string): ProbeResult["verdict"] | undefined {
    return this.#probes.get(id)?.verdict;
  }

  look(name: string, now: Millis): Look | undefined {
    const view = this.#caches.upgrades.get("openstack", name);
    if (view === undefined) return undefined;
    const named = {
      look: (_asker: string, names: readonly { kind: "ConfigMap" | "Secret"; name: string }[]) =>
        new Map(
          names.map(({ kind, name: file }) => {
            const found = this.#api.get(kind, file);
            const value = found === undefined ? undefined : configView(kind)(found);
            return [
              `${kind}/${file}`,
              value === undefined ? ({ seen: "absent" } as const) : ({ seen: "present", value } as const),
            ];
          }),
        ),
      stop: () => Promise.resolve(),
    };
    const settings = { imagesAllowed: [], podLogs: true, secrets: [], providers: ["monitoring"] };
    const seen = observe({ caches: this.#caches, named, probes: () => this.#probes, settings }, view, now);
    if (seen === undefined) throw new Error("the model made a spec that does not fit the schema");
    const decision = this.#decide(seen);
    this.asked = decision.probes;
    this.recheckAt = decision.recheckAt;
    this.dirty = decision.effect !== undefined;
    return { seen, decision };
  }

  /** What was written or deleted is seen at once. */
  takeIn(answer: Answer): void {
    this.dirty = true;
    if (!("object" in answer) || !isCached(answer.object)) return;
    const { object, gone } = answer;
    const { namespace = "", name, uid } = object.metadata;
    const cache = everyCache(this.#caches).find((each) => each.resource.kind === object.kind);
    if (gone === true) cache?.gone({ namespace, name }, uid);
    else cache?.put(object);
  }
}

const hasOthers = (api: ModelApiServer, onlyWith: OnlyWith = []): boolean =>
  onlyWith.some((seen) => api.ofKind(seen.kind).some((object) => isUnseen(object, seen)));

const UNSEEN = "an object is there that was not seen";

/** One effect as the request that it is. */
export function send(api: ModelApiServer, effect: Effect): Answer {
  switch (effect.kind) {
    case "create":
      return api.create(effect.object, FIELD_MANAGER);
    case "patch":
      if (hasOthers(api, effect.onlyWith)) return { code: 409, message: UNSEEN };
      return api.patchJson(effect.ref, effect.operations, FIELD_MANAGER);
    case "annotate": {
      const { uid, resourceVersion } = effect;
      if (hasOthers(api, effect.onlyWith)) return { code: 409, message: UNSEEN };
      return api.patchMerge(effect.ref, { metadata: { ...effect.metadata, uid, resourceVersion } }, FIELD_MANAGER);
    }
    case "delete":
      return api.remove(effect.ref, effect);
  }
}
