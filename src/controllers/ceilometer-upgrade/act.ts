/** One effect, carried out: one request, never repeated here. What the answer means is said in four words. */
import type { KubeClient } from "../../kube/client.ts";
import { failureOf, isTestFailed, type KubeFailure } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/object.ts";
import { assertNever, type Effect, type ObjectRef, type OnlyWith } from "../../model/outcome.ts";
import { resourceOfKind } from "./resources.ts";
import { isUnseen } from "./unseen.ts";

export type Acted =
  /** The object as it is now, or the one that is no more. Neither where it goes on ending after it was deleted. */
  | {
      readonly kind: "done";
      readonly object?: KubeObject;
      readonly gone?: { readonly ref: ObjectRef; readonly uid: string };
    }
  /**
   * Decided on something that is not so any more: look again. `isUndone`: it was answered as done, and nothing is changed by it; what was
   * decided on is as it was.
   */
  | { readonly kind: "stale"; readonly why: string; readonly isUndone?: true }
  /** The API server will not have it: somebody has to do something. */
  | { readonly kind: "refused"; readonly failure: KubeFailure }
  /** It may or may not have happened: look again, and assume neither. */
  | { readonly kind: "unknown"; readonly failure: KubeFailure };

/**
 * `mayWrite`: a process that stood still (SIGSTOP, a paused machine) has its answers before any timer tells it that it leads no more.
 */
export async function act(
  client: KubeClient,
  effect: Effect,
  signal: AbortSignal,
  mayWrite: () => boolean = () => true,
): Promise<Acted> {
  try {
    const unseen = await unseenObject(client, effect, signal);
    if (unseen !== undefined)
      return { kind: "stale", why: `${unseen} is there, and was not seen when this was decided` };
    if (!mayWrite()) return { kind: "stale", why: "the lease was not renewed in time" };
    return await send(client, effect, signal);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return meaning(failure);
  }
}

/** Of an object, as it was held before a write of it. */
export interface Version {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * A change always makes another version. Where the answer has the one of before, something between the request and the store has taken
 * all of it out again, as a mutating webhook does that lets nobody set an annotation or a finalizer.
 */
export function unlessUndone(acted: Acted, before: Version | undefined): Acted {
  const after = acted.kind === "done" ? acted.object?.metadata : undefined;
  if (before === undefined || after === undefined) return acted;
  const isSame = after.uid === before.uid && after.resourceVersion === before.resourceVersion;
  return isSame ? { kind: "stale", why: "it was answered as done, and nothing has changed", isUndone: true } : acted;
}

const onlyWith = (effect: Effect): OnlyWith =>
  (effect.kind === "patch" || effect.kind === "annotate" ? effect.onlyWith : undefined) ?? [];

async function unseenObject(client: KubeClient, effect: Effect, signal: AbortSignal): Promise<string | undefined> {
  for (const those of onlyWith(effect)) {
    const { kind, namespace, labels } = those;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const { items } = await client.list(resourceOfKind(kind), { namespace, labelSelector, signal });
    const unseen = items.find((item) => isUnseen(item, those));
    if (unseen !== undefined) return `${kind}/${unseen.metadata.name}`;
  }
  return undefined;
}

async function send(client: KubeClient, effect: Effect, signal: AbortSignal): Promise<Acted> {
  switch (effect.kind) {
    case "create":
      return done(await client.create(resourceOfKind(effect.object.kind), effect.object, { signal }));
    case "patch":
      return done(await client.patchJson(resourceOfKind(effect.ref.kind), effect.ref, effect.operations, { signal }));
    case "annotate": {
      const { uid, resourceVersion } = effect;
      const patch = { metadata: { ...effect.metadata, uid, resourceVersion } };
      const object = await client.patchMerge(resourceOfKind(effect.ref.kind), effect.ref, patch, { signal });
      return isOver(object) ? { kind: "done", gone: { ref: effect.ref, uid } } : done(object);
    }
    case "delete": {
      const { ref, uid, resourceVersion } = effect;
      const preconditions = { uid, resourceVersion };
      const isGone = await client.remove(resourceOfKind(ref.kind), ref, {
        preconditions,
        propagationPolicy: "Background",
        signal,
      });
      return isGone ? { kind: "done", gone: { ref, uid } } : { kind: "done" };
    }
    default:
      return assertNever(effect);
  }
}

/** It was being deleted, and waited for nothing but the finalizer that this has taken away. */
const isOver = ({ metadata }: KubeObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;

const done = (object: KubeObject): Acted => ({ kind: "done", object });

function meaning(failure: KubeFailure): Acted {
  switch (failure.kind) {
    case "alreadyExists":
    case "conflict":
    case "notFound":
    case "gone":
      return { kind: "stale", why: failure.message };
    case "invalid":
      return isTestFailed(failure) ? { kind: "stale", why: failure.message } : { kind: "refused", failure };
    case "forbidden":
      return { kind: "refused", failure };
    case "unauthorized":
    case "throttled":
    case "unavailable":
    case "lost":
    case "other":
      return { kind: "unknown", failure };
  }
}
