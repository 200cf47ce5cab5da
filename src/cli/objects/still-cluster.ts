/** A moment of a cluster from a list of objects, through the operator's own views and its own `observe`. */
import { ZodError } from "zod";
import { LABEL } from "../../api/v1alpha1/names.ts";
import { type Caches, cachesOf, type KindCache, MANAGED_BY } from "../../controllers/ceilometer-upgrade/caches.ts";
import type { NamedObjects } from "../../controllers/ceilometer-upgrade/named-objects.ts";
import { observe } from "../../controllers/ceilometer-upgrade/observe.ts";
import { DAEMON_SET, DEPLOYMENT, STATEFUL_SET } from "../../controllers/ceilometer-upgrade/resources.ts";
import { configView } from "../../controllers/ceilometer-upgrade/views/config.ts";
import { parseTemplate } from "../../controllers/ceilometer-upgrade/views/template.ts";
import { isRecord, type KubeObject, type StoredObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resource.ts";
import type { ConfigObject, Observation, OperatorSettings, Seen } from "../../model/observation.ts";
import type { Millis } from "../../model/time.ts";
import type { Stored } from "../../runtime/store.ts";
import { messageOf, UsageError } from "../failures.ts";

/** An object that no API server would have stored, as manifests may hold: a label that is a number, a workload without containers. */
export class UnfitError extends UsageError {
  readonly object: string;
  readonly why: string;
  constructor({ kind = "", metadata }: KubeObject, error: unknown) {
    const why = error instanceof ZodError ? issueText(error) : messageOf(error);
    const object = `${kind}/${metadata.name}`;
    super(`${object} is none that an API server would take: ${why}`, { cause: error });
    this.object = object;
    this.why = why;
  }
}

function issueText({ issues: [issue] }: ZodError): string {
  return [issue?.path.join("."), issue?.message].filter(Boolean).join(": ");
}

const WORKLOADS: readonly string[] = [DEPLOYMENT, DAEMON_SET, STATEFUL_SET].map(({ kind }) => kind);

/** @throws UnfitError in place of a mistake of the program. */
function fitting<T>(view: (object: KubeObject) => T): (object: KubeObject) => T {
  return (object) => {
    try {
      // Views keep it as text, and whoever parses that knows no object any more.
      if (WORKLOADS.includes(object.kind ?? "")) parseTemplate(JSON.stringify(templateIn(object)));
      return view(object);
    } catch (error) {
      throw new UnfitError(object, error);
    }
  };
}

const templateIn = ({ spec }: KubeObject): unknown => (isRecord(spec) ? spec["template"] : undefined) ?? {};

function cacheOf<T extends Stored>(
  resource: Resource,
  objects: readonly StoredObject[],
  view: (object: KubeObject) => T,
): KindCache<T> {
  const all = objects.filter((object) => object.kind === resource.kind).map(fitting(view));
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
          found === undefined ? { seen: "absent" } : { seen: "present", value: fitting(configView(kind))(found) };
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
