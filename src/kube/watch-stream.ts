import type { IncomingMessage } from "node:http";
import { failureFromResponse, failureFromStatus, KubeApiError, type KubeFailure } from "./errors.ts";
import { splitLines } from "./lines.ts";
import { isKubeObject, isRecord, type KubeObject } from "./object.ts";
import { type KubeResponse, readAll } from "./transport.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** Everything up to `object.metadata.resourceVersion` has been sent; the name is empty. */
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: KubeFailure };

/** More than what etcd holds in 1.5 MiB becomes in JSON, where a character may be escaped to six; longer is not an object. */
const LINE_CAP_BYTES = 16 * 1024 * 1024;

/** The events in the answer to a watch. Closes the connection however the reading ends. */
export async function* watchEvents(
  { status, headers, body }: KubeResponse<IncomingMessage>,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent, void, undefined> {
  try {
    if (status !== 200) {
      throw new KubeApiError(failureFromResponse(status, await readAll(body), headers["retry-after"]));
    }
    for await (const line of splitLines(body, LINE_CAP_BYTES)) yield parseEvent(line);
  } catch (error) {
    if (error instanceof KubeApiError) throw error;
    const reason = signal?.aborted ? "Aborted" : "ConnectionFailed";
    const message = `watch: ${error instanceof Error ? error.message : String(error)}`;
    throw new KubeApiError({ kind: "lost", code: 0, reason, message }, { cause: error });
  } finally {
    body.destroy();
  }
}

function parseEvent(line: Buffer): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch (error) {
    throw KubeApiError.garbled("a line of the watch is not JSON", error);
  }
  if (!isRecord(value)) throw KubeApiError.garbled("a line of the watch is not an event");
  const { type, object } = value;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      if (isKubeObject(object)) return { type, object };
      throw KubeApiError.garbled("an event of the watch carries no object");
    case "BOOKMARK":
      if (isRecord(object) && isRecord(object["metadata"])) {
        return { type, object: { ...object, metadata: { name: "", ...object["metadata"] } } };
      }
      throw KubeApiError.garbled("a bookmark carries no version");
    case "ERROR":
      return { type, object: failureFromStatus(object, 500) };
    default:
      throw KubeApiError.garbled(`a watch event of unknown type ${JSON.stringify(type)}`);
  }
}
