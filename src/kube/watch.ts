import type { Fault, ListWatch, WatchedObject } from "../runtime/reflector.ts";
import type { KubeClient } from "./client.ts";
import { failureOf, KubeApiError, type KubeFailure } from "./errors.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export interface Selection {
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/**
 * A page takes four to five times its length in memory while it is read, several kinds are listed at a time, and whoever may write into
 * one namespace decides how large its objects are.
 */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** One kind of object, or a selection of it, as the source of a reflector. */
export function listWatch(client: KubeClient, resource: Resource, selection: Selection = {}): ListWatch<KubeObject> {
  return {
    list: (options, signal) => {
      // One object is read however long it is, or nothing of its kind would be seen any more: no page has less.
      const maxBytes = options.limit > 1 ? MAX_PAGE_BYTES : undefined;
      return client.listPage(resource, { ...selection, ...options, maxBytes, signal });
    },
    async *watch(options, signal): AsyncGenerator<WatchedObject<KubeObject>, void, undefined> {
      for await (const event of client.watch(resource, { ...selection, ...options, signal })) {
        if (event.type === "ERROR") throw new KubeApiError(event.object);
        yield event;
      }
    },
    subscribeAnswers: (listener) => client.subscribeAnswers(listener),
    explain: (error) => explainFault(failureOf(error), error),
  };
}

function explainFault(failure: KubeFailure | undefined, error: unknown): Fault {
  // Not from the client: a mistake of ours while taking an event in. It may have been lost, so the whole is asked for again.
  if (failure === undefined) return { kind: "garbled", why: error instanceof Error ? error.message : String(error) };
  const { kind, message: why, retryAfterMs } = failure;
  return { kind: faultKind(failure), why, retryAfterMs, isAway: kind === "unavailable" || kind === "lost" };
}

function faultKind({ kind, reason }: KubeFailure): Fault["kind"] {
  switch (kind) {
    case "gone":
      return "expired";
    case "throttled":
    case "unavailable":
    case "lost":
      return "interrupted";
    case "notFound":
    case "conflict":
    case "alreadyExists":
    case "forbidden":
    case "unauthorized":
    case "invalid":
      return "refused";
    case "other":
      if (reason === "TooLarge") return "tooLarge";
      return reason === "Garbled" ? "garbled" : "refused";
  }
}
