/**
 * Records of a resource that is no more, because somebody took the finalizer off by hand: the garbage collector deletes what it owned,
 * and a record that is held would end for ever, and its namespace with it.
 */
import { FINALIZER } from "../../api/v1alpha1/names.ts";
import type { Effect } from "../../model/outcome.ts";
import { releaseRecords } from "../../reconcilers/attempt-writes.ts";
import type { KindCache } from "./caches.ts";
import type { OwnConfigView } from "./views/config.ts";
import type { UpgradeView } from "./views/upgrade.ts";

export interface Held {
  readonly ownConfig: Pick<KindCache<OwnConfigView>, "of" | "all">;
  readonly upgrades: Pick<KindCache<Pick<UpgradeView, "metadata">>, "list">;
}

/**
 * Keys of the resources that such records were of: in one namespace, or in all. `leaving`: the operator is removed, and no record may
 * be held that nothing is borrowed for, because nobody lets it go afterwards.
 */
export function orphanedKeys(caches: Held, leaving: boolean, namespace?: string): readonly string[] {
  const views = namespace === undefined ? caches.ownConfig.all() : caches.ownConfig.of(namespace);
  const resourcesOf = resourcesIn(caches);
  return views
    .filter((view) => isOrphaned(resourcesOf, view, leaving))
    .map((view) => `${view.metadata.namespace}/${nameOf(view)}`);
}

/** Lets the next record of a resource of this key go; undefined where there is none, or where resources cannot be listed. */
export function releaseOrphan(caches: Held, leaving: boolean, key: string): Effect | undefined {
  const [namespace = "", name = ""] = key.split("/");
  const views = caches.ownConfig.of(namespace).filter((view) => nameOf(view) === name);
  const resourcesOf = resourcesIn(caches);
  return releaseRecords(views.filter((view) => isOrphaned(resourcesOf, view, leaving)));
}

/** Somebody may have taken its owner off it: then nobody reads it, and it stands for itself. */
const nameOf = ({ metadata }: OwnConfigView): string => metadata.owner?.name ?? metadata.name;

type Resources = ReadonlyMap<string, Pick<UpgradeView, "metadata">>;

/** By uid, listed once for each namespace: every change in it asks for all of its records. Undefined where they cannot be listed. */
function resourcesIn({ upgrades }: Held): (namespace: string) => Resources | undefined {
  const known = new Map<string, Resources | undefined>();
  return (namespace) => {
    if (known.has(namespace)) return known.get(namespace);
    const listed = upgrades.list(namespace);
    const resources =
      listed.seen === "present" ? new Map(listed.value.map((each) => [each.metadata.uid, each])) : undefined;
    known.set(namespace, resources);
    return resources;
  };
}

function isOrphaned(
  resourcesOf: ReturnType<typeof resourcesIn>,
  { metadata, purpose }: OwnConfigView,
  leaving: boolean,
): boolean {
  const { namespace, owner, deletingSince, finalizers } = metadata;
  if (purpose !== "attempt" || !finalizers.includes(FINALIZER)) return false;
  const resources = resourcesOf(namespace);
  if (resources === undefined) return false;
  const resource = resources.get(owner?.uid ?? "");
  if (resource === undefined) return leaving || deletingSince !== undefined;
  return leaving && !resource.metadata.finalizers.includes(FINALIZER);
}
