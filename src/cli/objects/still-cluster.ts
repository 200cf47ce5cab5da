/** A moment of a cluster from a list of objects, through the operator's own views and its own `observe`. */
import { LABEL } from "../../api/v1alpha1/names.ts";
import { type Caches, cachesOf, type KindCache, MANAGED_BY } from "../../controllers/ceilometer-upgrade/caches.ts";
import type { NamedObjects } from "../../controllers/ceilometer-upgrade/named-objects.ts";
import { observe } from "../../controllers/ceilometer-upgrade/observe.ts";
import { configView } from "../../controllers/ceilometer-upgrade/views/config.ts";
import type { KubeObject, StoredObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resource.ts";
import type { ConfigObject, Observation, OperatorSettings, Seen } from "../../model/observation.ts";
import type { Millis } from "../../model/time.ts";
import type { Stored } from "../../runtime/store.ts";
import { UsageError } from "../failures.ts";

function cacheOf<T extends Stored>(
  resource: Resource,
  objects: readonly StoredObject[],
  view: (object: KubeObject) => T,
): KindCache<T> {
  const all = objects.filter((object) => object.kind === resource.kind).map(view);
  return {
    resource,
    managed: [],
    lastContact: 0,
    list: () => ({ seen: "present", value: all }),
    get: (_namespace, name) => all.find((each) => each.metadata.name === name),
    of: () => all,
    all: () => all,
    put: () => {},
    gone: () => {},
  };
}

const [MANAGER_LABEL = "", MANAGER = ""] = MANAGED_BY.split("=");
const isOwn = ({ metadata: { labels = {} } }: KubeObject): boolean =>
  labels[MANAGER_LABEL] === MANAGER && labels[LABEL.purpose] !== undefined;

/** Caches that hold these objects and nothing else. */
export const stillCaches = (objects: readonly StoredObject[]): Caches =>
  cachesOf((resource, view, selection) =>
    cacheOf(resource, selection === undefined ? objects : objects.filter(isOwn), view),
  );

function namedIn(objects: readonly StoredObject[]): NamedObjects {
  const look: NamedObjects["look"] = (_asker, names) =>
    new Map(
      names.map(({ kind, name }): [string, Seen<ConfigObject>] => {
        const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
        const seen: Seen<ConfigObject> =
          found === undefined ? { seen: "absent" } : { seen: "present", value: configView(kind)(found) };
        return [`${kind}/${name}`, seen];
      }),
    );
  return { look, stop: () => Promise.resolve() };
}

/** What one look at these objects sees, of the resource among them that is called so. */
export function observed(
  objects: readonly StoredObject[],
  name: string,
  settings: OperatorSettings,
  now: Millis,
): Observation {
  const caches = stillCaches(objects);
  const view = caches.upgrades.get("", name);
  if (view === undefined) throw new UsageError(`there is no CeilometerUpgrade/${name}`);
  const seen = observe({ caches, named: namedIn(objects), probes: () => new Map(), settings }, view, now);
  if (seen === undefined)
    throw new UsageError(`CeilometerUpgrade/${name} does not fit the schema: ${view.invalid ?? ""}`);
  return seen;
}
