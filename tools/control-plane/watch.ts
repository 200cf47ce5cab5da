import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Api } from "./api.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface Change<T> {
  readonly type: ChangeType;
  readonly object: T;
  /** Position in the cluster's one history; comparable across kinds, because all of them live in one etcd. */
  readonly revision: number;
  /** Milliseconds since the epoch, when this process learned of it. */
  readonly at: number;
}

export interface Watch {
  /** Resolves once the present state has been delivered as ADDED changes. */
  readonly synced: Promise<void>;
  /** How often the server had forgotten where we were, so that changes in between may have been missed. */
  readonly gaps: () => number;
  /** Resolves when everything that existed when it was called has been delivered. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

const metadataSchema = z.looseObject({ uid: z.string(), resourceVersion: z.string() });
const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.looseObject({ metadata: metadataSchema })),
});
const eventSchema = z.object({ type: z.string(), object: z.looseObject({}) });
const objectSchema = z.looseObject({ metadata: metadataSchema });
const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
type Seen = z.infer<typeof objectSchema>;
type List = z.infer<typeof listSchema>;

/** Milliseconds; a watch on the loopback interface is behind by a few of them at most. */
const catchUpTimeout = 10_000;

/** Follows a collection for as long as it runs, through outages, and parses each object as `schema` says. */
export function watchCollection<T>(
  api: Api,
  path: string,
  schema: z.ZodType<T>,
  onChange: (change: Change<T>) => void,
): Watch {
  const life = new AbortController();
  const memory = rememberWhatIsDelivered((type, object, revision) => {
    onChange({ type, object: schema.parse(object), revision, at: Date.now() });
  });
  const { promise: synced, resolve: nowSynced } = Promise.withResolvers<void>();
  let lists = 0;

  const list = async (): Promise<string | undefined> => {
    const answer = await listOf(api, path);
    if (answer === undefined) return undefined;
    memory.replace(answer);
    lists += 1;
    nowSynced();
    return answer.metadata.resourceVersion;
  };

  /** Follows from a revision on; answers the last one seen, or undefined when the server has forgotten it. */
  const follow = async (from: string): Promise<string | undefined> => {
    const separator = path.includes("?") ? "&" : "?";
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${from}`;
    let revision = from;
    for await (const line of whole(api.lines(`${path}${separator}${query}`, life.signal))) {
      const { type, object } = eventSchema.parse(line);
      if (type === "ERROR" || object["kind"] === "Status") return object["code"] === 410 ? undefined : revision;
      revision = bookmarkSchema.parse(object).metadata.resourceVersion;
      const change = changeType(type);
      if (change !== undefined) memory.deliver(change, objectSchema.parse(object), Number(revision));
    }
    return revision;
  };

  const running = (async () => {
    let from: string | undefined;
    while (!life.signal.aborted) {
      from ??= await list();
      if (from !== undefined) from = await follow(from);
      await pause(50, undefined, { signal: life.signal }).catch(() => undefined);
    }
  })();

  return {
    synced,
    gaps: () => Math.max(0, lists - 1),
    async caughtUp() {
      await synced;
      const answer = await listOf(api, path);
      if (answer === undefined) throw new Error(`cannot list ${path}`);
      const deadline = performance.now() + catchUpTimeout;
      while (!memory.covers(answer)) {
        if (performance.now() > deadline) throw new Error(`the watch of ${path} has fallen behind`);
        await pause(20);
      }
    },
    async stop() {
      life.abort();
      await running;
    },
  };
}

/** Keeps what the receiver was told, so that a new list after a gap becomes the changes that explain the difference. */
function rememberWhatIsDelivered(receive: (type: ChangeType, object: Seen, revision: number) => void) {
  const present = new Map<string, Seen>();
  const everSeen = new Set<string>();

  const deliver = (type: ChangeType, object: Seen, revision: number): void => {
    everSeen.add(object.metadata.uid);
    if (type === "DELETED") present.delete(object.metadata.uid);
    else present.set(object.metadata.uid, object);
    receive(type, object, revision);
  };
  /** Whether a listed object, or something later about it, has been delivered. */
  const reached = ({ metadata: { uid, resourceVersion } }: Seen): boolean => {
    const seen = present.get(uid)?.metadata.resourceVersion;
    return seen === undefined ? everSeen.has(uid) : Number(seen) >= Number(resourceVersion);
  };
  return {
    deliver,
    replace({ items, metadata }: List): void {
      const listed = new Set(items.map((item) => item.metadata.uid));
      for (const [uid, object] of present)
        if (!listed.has(uid)) deliver("DELETED", object, Number(metadata.resourceVersion));
      for (const item of items) {
        const { uid, resourceVersion } = item.metadata;
        const before = present.get(uid)?.metadata.resourceVersion;
        if (before === resourceVersion) continue;
        deliver(before === undefined ? "ADDED" : "MODIFIED", item, Number(resourceVersion));
      }
    },
    /** Whether everything that was so when the list was made has been delivered. */
    covers({ items, metadata }: List): boolean {
      const listed = new Set(items.map((item) => item.metadata.uid));
      const surplus = [...present.values()].some(
        ({ metadata: { uid, resourceVersion } }) =>
          !listed.has(uid) && Number(resourceVersion) <= Number(metadata.resourceVersion),
      );
      return !surplus && items.every(reached);
    },
  };
}

/** The lines of a watch as JSON. A broken connection ends them; what it cut off comes again with the next watch. */
async function* whole(lines: AsyncGenerator<string, number>) {
  try {
    for (;;) {
      const parsed = await lines.next().then(
        ({ done, value }) => (done === true || typeof value === "number" ? undefined : parse(value)),
        () => undefined,
      );
      if (parsed === undefined) return;
      yield parsed;
    }
  } finally {
    await lines.return(0);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Undefined while the server cannot answer. */
async function listOf(api: Api, path: string): Promise<List | undefined> {
  const answer = await api.request("GET", path).catch(() => undefined);
  return answer?.status === 200 ? listSchema.parse(JSON.parse(answer.text)) : undefined;
}

function changeType(type: string): ChangeType | undefined {
  return type === "ADDED" || type === "MODIFIED" || type === "DELETED" ? type : undefined;
}
