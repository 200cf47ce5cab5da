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
  return views
    .filter((view) => isOrphaned(caches, view, leaving))
    .map((view) => `${view.metadata.namespace}/${nameOf(view)}`);
}

/** Lets the next record of a resource of this key go; undefined where there is none, or where resources cannot be listed. */
export function releaseOrphan(caches: Held, leaving: boolean, key: string): Effect | undefined {
  const [namespace = "", name = ""] = key.split("/");
  const views = caches.ownConfig.of(namespace).filter((view) => nameOf(view) === name);
  return releaseRecords(views.filter((view) => isOrphaned(caches, view, leaving)));
}

/** Somebody may have taken its owner off it: then nobody reads it, and it stands for itself. */
const nameOf = ({ metadata }: OwnConfigView): string => metadata.owner?.name ?? metadata.name;

function isOrphaned({ upgrades }: Held, { metadata, purpose }: OwnConfigView, leaving: boolean): boolean {
  const { namespace, owner, deletingSince, finalizers } = metadata;
  const listed = upgrades.list(namespace);
  if (purpose !== "attempt" || !finalizers.includes(FINALIZER) || listed.seen !== "present") return false;
  const resource = listed.value.find((upgrade) => upgrade.metadata.uid === owner?.uid);
  if (resource === undefined) return leaving || deletingSince !== undefined;
  return leaving && !resource.metadata.finalizers.includes(FINALIZER);
}
