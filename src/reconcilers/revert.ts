/**
 * A target that is the release of before, as a `git revert` writes it: whether it asks for a way back, and of what, and whether there is
 * anything left to undo.
 */
import { OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import { type AttemptRecord, foremostFirst, type RecordedTarget } from "../model/attempt.ts";
import type { Labels } from "../model/meta.ts";
import type { Workload, World } from "../model/observation.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { fromOf, originalsOf, partsBefore, type Undone } from "./attempt-chain.ts";
import { isInScope } from "./targets.ts";
import type { Undoing } from "./way-back.ts";

/**
 * Whether the target is the release from which the latest attempt came, on the image that ran then: a revert in Git. One that
 * was made in parts came from what was before the first of them. Any other older target is a downgrade.
 */
export function revertOf(world: World, target: Release): Undoing | undefined {
  const of = foremostFirst(world.records).find(({ back }) => back === undefined);
  const to = parseRelease(of?.to ?? "");
  if (of === undefined || to === undefined || target.major >= to.major) return undefined;
  const all = partsOf(world, of);
  const parts = [all, []].find((those) => cameFrom(world, target, [...those, of]));
  if (parts === undefined) return undefined;
  return {
    of,
    parts,
    by: "Revert",
    why: `the target is ${target.name} again, from which the attempt ${(parts[0] ?? of).metadata.name} came`,
  };
}

/** What the wish is about, and is there still: of a workload that was made anew no attempt knows anything. */
function partsOf(world: World, of: AttemptRecord): readonly AttemptRecord[] {
  const isThere = ({ uid }: RecordedTarget): boolean => world.workloads.some(({ metadata }) => metadata.uid === uid);
  const parts = partsBefore(world.records, of);
  const other = parts.findLastIndex(
    ({ targets }) => !targets.every((each) => isThere(each) && isInScope(world, each.component)),
  );
  return parts.slice(other + 1);
}

/** Whether it ran this release, on the images of the wish, before these attempts. */
function cameFrom({ records, upgrade }: World, target: Release, undone: Undone): boolean {
  const { components, target: wish } = upgrade.spec;
  const wanted = ({ component }: RecordedTarget): string => components[component]?.image ?? wish.image;
  return (
    fromOf(records, ...undone) === target.name &&
    originalsOf(records, ...undone).every((original) => original.image === wanted(original))
  );
}

/**
 * Whether it has something to undo that no image shows: it is under way, or a component that it has retired stands at zero on its
 * old image. Once a way back has ended, zero is somebody's wish.
 */
export function isOutStill({ records, workloads }: World, { of, parts = [] }: Undoing): boolean {
  const isThere = ({ uid }: RecordedTarget): boolean => workloads.some(({ metadata }) => metadata.uid === uid);
  // Of a workload that was made anew it knows nothing.
  if (of.ended === undefined) return of.targets.every(isThere);
  if (records.some(({ back, ended }) => back?.of === of.plan && ended !== undefined)) return false;
  return [...parts, of]
    .flatMap(({ targets }) => targets)
    .some((target) =>
      workloads.some((workload) => workload.metadata.uid === target.uid && hasRetired(target, workload)),
    );
}

/**
 * A way back of it has ended, and every workload has the image of before: another wish for that release is one like any other. To go
 * back once more would change nothing, and say that the wish is fulfilled.
 */
export function isTakenBack({ records, workloads }: World, { of, parts = [] }: Undoing): boolean {
  const isBack = ({ uid, container: name, image }: RecordedTarget): boolean => {
    const workload = workloads.find(({ metadata }) => metadata.uid === uid);
    const containers = workload?.template.spec.containers.filter((each) => each.name === name);
    return containers === undefined || containers.some((each) => each.image === image);
  };
  const hasEnded = records.some(
    ({ back, ended }) => back?.of === of.plan && ended !== undefined && ended.state !== "Superseded",
  );
  return hasEnded && originalsOf(records, ...parts, of).every(isBack);
}

/** Its attempt keeps it at zero, and it was not there before. */
function hasRetired({ kind, nodeSelector, replicas = 0, replicasAfter }: RecordedTarget, workload: Workload): boolean {
  if (replicasAfter !== 0) return false;
  if (kind !== "DaemonSet") return replicas > 0 && workload.replicas === 0;
  const isOffline = (selector: Labels | null = null): boolean => selector?.[OFFLINE_NODE_SELECTOR] !== undefined;
  return !isOffline(nodeSelector) && isOffline(workload.template.spec.nodeSelector);
}
