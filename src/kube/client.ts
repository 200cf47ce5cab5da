import { createAnswers } from "./answers.ts";
import { failureFromResponse, KubeApiError } from "./errors.ts";
import { isKubeObject, isRecord, type KubeObject, parseObject } from "./object.ts";
import { apiVersion, type Resource, resourcePath } from "./resource.ts";
import { createTransport, type KubeConnection, type KubeRequest, type KubeResponse } from "./transport.ts";
import { type WatchEvent, watchEvents } from "./watch-stream.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Of a request that something hangs on which cannot wait, as a lease does. */
export interface UrgentOptions extends CallOptions {
  readonly isUrgent?: boolean;
}

export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface SelectOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface PageOptions extends SelectOptions {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  /** A page that is longer is refused: fewer objects have to be asked for. */
  readonly maxBytes?: number | undefined;
}

export interface WatchOptions extends SelectOptions {
  readonly resourceVersion: string;
  readonly timeoutSeconds?: number;
  /** The API server has said yes; events may be long in coming. */
  readonly onOpen?: () => void;
}

export interface WriteOptions extends UrgentOptions {
  readonly subresource?: string;
  /** Validates and answers as if, but stores nothing. */
  readonly dryRun?: boolean;
}

export interface RemoveOptions extends CallOptions {
  /** Refused with a conflict unless the object is still this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
}

export interface LogOptions extends CallOptions {
  readonly container?: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  /** Of the container's previous run. */
  readonly previous?: boolean;
}

export interface KubeList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export interface KubeListPage extends KubeList {
  readonly continue?: string;
}

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace" | "test" | "move" | "copy";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** Plain JSON in and out; every call throws KubeApiError and nothing else. Nothing is retried here: the caller's queue is the retry. */
export interface KubeClient {
  listPage(resource: Resource, options?: PageOptions): Promise<KubeListPage>;
  /** All pages. Asks without a version, which is a most recent read: never older than what was seen before. */
  list(resource: Resource, options?: SelectOptions): Promise<KubeList>;
  get(
    resource: Resource,
    object: ObjectName,
    options?: UrgentOptions & { readonly subresource?: string },
  ): Promise<KubeObject>;
  create(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Asks a question by posting it, as a SelfSubjectRulesReview is asked: the answer has a status and is stored nowhere. */
  review(resource: Resource, question: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>;
  /** Writes the whole object; conflicts unless it is still at its `metadata.resourceVersion`. */
  replace(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  patchJson(
    resource: Resource,
    object: ObjectName,
    operations: readonly PatchOperation[],
    options?: WriteOptions,
  ): Promise<KubeObject>;
  patchMerge(resource: Resource, object: ObjectName, patch: object, options?: WriteOptions): Promise<KubeObject>;
  /** True if the object is no more; false if it stays until its finalizers, or the containers of a pod, have ended. */
  remove(resource: Resource, object: ObjectName, options?: RemoveOptions): Promise<boolean>;
  /** Ends when the server closes the watch. An ERROR event is its last one. */
  watch(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined>;
  /** The version of the API server, "v1.36.3". */
  serverVersion(options?: CallOptions): Promise<string>;
  /** Calls back whenever a request of anybody is answered, of a watch when it begins, by a server that works. Returns the way to stop. */
  subscribeAnswers(listener: () => void): () => void;
  /** Log text of a pod. */
  logs(pod: { readonly namespace: string; readonly name: string }, options?: LogOptions): Promise<string>;
  close(): void;
}

export interface ClientOptions {
  readonly userAgent: string;
  /** Owner of the fields we write. Renaming it orphans every field written under the old name. */
  readonly fieldManager: string;
  /** Told of each request when it is answered or given up; of a watch when it begins. */
  readonly onRequest?: (asked: Asked) => void;
}

export interface Asked {
  readonly verb: KubeRequest["method"] | "WATCH";
  /** Status of the answer; undefined without one. */
  readonly code: number | undefined;
  readonly seconds: number;
}

const PAGE_SIZE = 500;
const LIST_TIMEOUT_MS = 30_000;
const POD: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

export function createKubeClient(
  connection: KubeConnection,
  { userAgent, fieldManager, onRequest }: ClientOptions,
): KubeClient {
  const transport = createTransport(connection);
  const answers = createAnswers();
  const asking = async <T extends KubeResponse<unknown>>(verb: Asked["verb"], ask: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    let code: number | undefined;
    try {
      const response = await ask();
      code = response.status;
      return response;
    } finally {
      answers.note(code);
      onRequest?.({ verb, code, seconds: (performance.now() - began) / 1000 });
    }
  };
  const agent = { "user-agent": userAgent };
  const call: Call = async (request) => {
    const sent = { ...request, headers: { ...agent, ...request.headers } };
    const response = await asking(request.method, () => transport.request(sent));
    const { status, headers, body } = response;
    if (status < 200 || status > 299) throw new KubeApiError(failureFromResponse(status, body, headers["retry-after"]));
    return body;
  };
  return {
    ...reads(call),
    ...writes(call, fieldManager),
    async *watch(resource, { namespace, signal, onOpen, ...query }) {
      const path = resourcePath(resource, { namespace });
      const all = { ...query, watch: true, allowWatchBookmarks: true };
      const request = { method: "GET", path, query: all, headers: agent, timeoutMs: LIST_TIMEOUT_MS, signal } as const;
      const response = await asking("WATCH", () => transport.stream(request));
      if (response.status === 200) onOpen?.();
      yield* watchEvents(response, signal);
    },
    subscribeAnswers: answers.subscribe,
    close: () => transport.close(),
  };
}

/** The body of an answer that says yes; anything else is thrown. */
type Call = (request: KubeRequest) => Promise<Buffer>;

function reads(call: Call): Pick<KubeClient, "listPage" | "list" | "get" | "serverVersion" | "logs"> {
  const listPage: KubeClient["listPage"] = async (resource, { namespace, maxBytes, signal, ...query } = {}) => {
    const path = resourcePath(resource, { namespace });
    const asked = { method: "GET", path, query: { ...query }, timeoutMs: LIST_TIMEOUT_MS, maxBytes, signal } as const;
    const body = await call(asked);
    return parseList(parseJson(body), resource);
  };
  return {
    listPage,
    async list(resource, options = {}) {
      let page = await listPage(resource, { ...options, limit: PAGE_SIZE });
      const { resourceVersion } = page;
      const items = [...page.items];
      while (page.continue !== undefined) {
        page = await listPage(resource, { ...options, limit: PAGE_SIZE, continue: page.continue });
        items.push(...page.items);
      }
      return { items, resourceVersion };
    },
    async get(resource, { namespace, name }, { subresource, isUrgent, signal } = {}) {
      const path = resourcePath(resource, { namespace, name, subresource });
      return parseObject(parseJson(await call({ method: "GET", path, isUrgent, signal })));
    },
    async serverVersion({ signal } = {}) {
      const answer = parseJson(await call({ method: "GET", path: "/version", signal }));
      const version = isRecord(answer) ? answer["gitVersion"] : undefined;
      if (typeof version !== "string") throw KubeApiError.garbled("the API server's answer names no version");
      return version;
    },
    async logs({ namespace, name }, { signal, ...query } = {}) {
      const path = resourcePath(POD, { namespace, name, subresource: "log" });
      const headers = { accept: "*/*" };
      const body = await call({
        method: "GET",
        path,
        query: { ...query },
        headers,
        timeoutMs: LIST_TIMEOUT_MS,
        isRelayed: true,
        signal,
      });
      return body.toString("utf8");
    },
  };
}

interface Body {
  readonly type: string;
  readonly content: unknown;
}

function writes(
  call: Call,
  fieldManager: string,
): Pick<KubeClient, "create" | "review" | "replace" | "patchJson" | "patchMerge" | "remove"> {
  const send = async (
    method: "POST" | "PUT" | "PATCH",
    path: string,
    { type, content }: Body,
    { dryRun, isUrgent, signal }: WriteOptions,
  ): Promise<KubeObject> => {
    const query = { fieldManager, dryRun: dryRun === true ? "All" : undefined };
    const body = JSON.stringify(content);
    const headers = { "content-type": type };
    return parseObject(parseJson(await call({ method, path, query, headers, body, isUrgent, signal })));
  };
  return {
    create: (resource, object, options = {}) =>
      send("POST", resourcePath(resource, { namespace: object.metadata.namespace }), json(resource, object), options),
    async review(resource, question, { signal } = {}) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ ...question, apiVersion: apiVersion(resource), kind: resource.kind });
      return parseJson(await call({ method: "POST", path: resourcePath(resource), headers, body, signal }));
    },
    replace: (resource, object, options = {}) =>
      send("PUT", pathOf(resource, object.metadata, options), json(resource, object), options),
    patchJson: (resource, name, content, options = {}) =>
      send("PATCH", pathOf(resource, name, options), { type: "application/json-patch+json", content }, options),
    patchMerge: (resource, name, content, options = {}) =>
      send("PATCH", pathOf(resource, name, options), { type: "application/merge-patch+json", content }, options),
    async remove(resource, name, { signal, ...options } = {}) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", ...options });
      const answer = parseJson(
        await call({ method: "DELETE", path: pathOf(resource, name, {}), headers, body, signal }),
      );
      // An object that stays is answered with itself.
      return isRecord(answer) && answer["kind"] === "Status";
    },
  };
}

const pathOf = (resource: Resource, { namespace, name }: ObjectName, { subresource }: WriteOptions): string =>
  resourcePath(resource, { namespace, name, subresource });

/** The server wants to be told the kind in every body; the caller has already told us. */
const json = (resource: Resource, object: KubeObject): Body => ({
  type: "application/json",
  content: { ...object, apiVersion: apiVersion(resource), kind: resource.kind },
});

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw KubeApiError.garbled("the API server's answer is not JSON", error);
  }
}

/** Items of a list come without kind and apiVersion, those of a watch with them: here both look the same. */
function parseList(value: unknown, resource: Resource): KubeListPage {
  if (!isRecord(value) || !isRecord(value["metadata"]) || !Array.isArray(value["items"] ?? [])) {
    throw KubeApiError.garbled("the API server's answer is not a list");
  }
  const { resourceVersion, continue: token } = value["metadata"];
  const raw: unknown = value["items"] ?? [];
  if (typeof resourceVersion !== "string" || !Array.isArray(raw) || !raw.every(isKubeObject)) {
    throw KubeApiError.garbled(`the list of ${resource.plural} has no version, or an item without a name`);
  }
  const kind = { apiVersion: apiVersion(resource), kind: resource.kind };
  const items = raw.map((item) => ({ ...kind, ...item }));
  return typeof token === "string" && token !== ""
    ? { items, resourceVersion, continue: token }
    : { items, resourceVersion };
}
