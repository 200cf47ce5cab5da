/** Writes a verb, and waits until the operator has taken it. */
import { setTimeout as pause } from "node:timers/promises";
import { VERB } from "../../api/v1alpha1/names.ts";
import { UPGRADE } from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import type { KubeClient } from "../../kube/client.ts";
import { failureOf, KubeApiError } from "../../kube/errors.ts";
import { isStored, type KubeObject, type StoredObject } from "../../kube/object.ts";
import type { Meta } from "../../model/meta.ts";
import { readRequests, VERBS } from "../../model/verb-requests.ts";
import { CommandError } from "../failures.ts";
import { type AnnotationChange, asAnnotations, contraryTo } from "./annotations.ts";
import type { VerbRequest } from "./request.ts";
import { asSpec, type SpecChange, specPatch } from "./spec.ts";
import { isTaken } from "./taken.ts";

export interface WriteWish {
  readonly bySpec: boolean;
  readonly dryRun: boolean;
}

export interface Written {
  readonly object: KubeObject;
  /** Annotations that were set or removed; where spec was written only those that would hold against it. */
  readonly annotations: AnnotationChange;
  /** What does the same in spec. */
  readonly twin: SpecChange;
}

type WritingClient = Pick<KubeClient, "get" | "patchJson" | "patchMerge">;

/** Decided anew on what is there, once, when somebody wrote between the look and the write. */
export async function writeVerb(
  client: WritingClient,
  request: VerbRequest,
  resource: StoredObject,
  wish: WriteWish,
): Promise<Written> {
  try {
    return await written(client, request, resource, wish);
  } catch (error) {
    const kind = failureOf(error)?.kind;
    // The API server answers 409 to a version, and 422 to a test, that does not hold any more.
    if (kind !== "conflict" && kind !== "invalid") throw error;
    const now = storedOf(await client.get(UPGRADE, named(resource)));
    if (now.metadata.resourceVersion === resource.metadata.resourceVersion) throw error;
    if (now.metadata.uid !== resource.metadata.uid) throw error;
    return written(client, request, now, wish);
  }
}

async function written(
  client: WritingClient,
  request: VerbRequest,
  resource: StoredObject,
  { bySpec, dryRun }: WriteWish,
): Promise<Written> {
  const { metadata, spec, invalid } = upgradeView(resource);
  if (spec === undefined)
    throw new CommandError(`the resource does not fit the schema of this plugin: ${invalid ?? ""}`);
  const twin = asSpec(request, spec);
  if (bySpec) {
    const contrary = contraryTo(request, metadata.annotations);
    const object = await client.patchJson(UPGRADE, named(resource), specPatch(resource, twin, contrary), { dryRun });
    return { object, annotations: contrary, twin };
  }
  const annotations = asAnnotations(request, metadata.annotations);
  refuseMisunderstood(metadata, annotations);
  const patch = { metadata: { resourceVersion: metadata.resourceVersion, annotations } };
  return { object: await client.patchMerge(UPGRADE, named(resource), patch, { dryRun }), annotations, twin };
}

/** Nothing in a list counts where one of it is not understood: neither this one nor those of before. @throws CommandError */
function refuseMisunderstood(metadata: Meta, change: AnnotationChange): void {
  const texts = Object.entries({ ...metadata.annotations, ...change });
  const annotations = Object.fromEntries(texts.flatMap(([key, text]) => (text === null ? [] : [[key, text]])));
  const { asked, invalid } = readRequests({ ...metadata, annotations });
  for (const verb of VERBS) {
    const name = VERB[verb];
    if (typeof change[name] !== "string" || asked[verb] !== undefined) continue;
    const found = invalid.find(({ message }) => message.includes(name));
    throw new CommandError(`nothing was written, for then ${found?.message ?? name}: ${found?.remedy ?? ""}`);
  }
}

const named = ({ metadata: { namespace, name } }: KubeObject) => ({ namespace, name });

export function storedOf(object: KubeObject): StoredObject {
  if (isStored(object)) return object;
  throw new CommandError("the API server answered an object without uid and version");
}

/** What another look may not meet. @throws anything else. */
function passing(error: unknown, signal: AbortSignal): KubeApiError {
  if (!(error instanceof KubeApiError) || signal.aborted) throw error;
  const { kind } = error.failure;
  if (kind === "throttled" || kind === "unavailable" || kind === "lost") return error;
  throw error;
}

/** Milliseconds between two looks. */
const INTERVAL = 500;

export interface Patience {
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

const GONE = "the resource was deleted and made anew meanwhile: what was asked for went with it";

/**
 * A look that fails in passing is made again: the verb is written, and a script must not take it for refused.
 * @throws CommandError when it takes longer.
 */
export async function untilTaken(
  client: Pick<KubeClient, "get">,
  request: VerbRequest,
  { object, bySpec }: { readonly object: KubeObject; readonly bySpec: boolean },
  { milliseconds, signal, now }: Patience,
): Promise<void> {
  const deadline = now() + milliseconds;
  for (;;) {
    const seen = await client.get(UPGRADE, named(object), { signal }).catch((error: unknown) => passing(error, signal));
    if (!(seen instanceof KubeApiError)) {
      if (seen.metadata.uid !== object.metadata.uid) throw new CommandError(GONE);
      if (isTaken(request, upgradeView(seen), bySpec)) return;
    }
    if (now() > deadline) {
      const within = `within ${milliseconds / 1000} s`;
      throw new CommandError(
        seen instanceof KubeApiError
          ? `it stays written; whether the operator has taken it could not be read ${within}: ${seen.message}`
          : `the operator has not taken it ${within}; it stays written. Is the operator running, and does it watch this namespace?`,
      );
    }
    await pause(INTERVAL, undefined, { signal });
  }
}
