/**
 * The client of the operator, on the model's API server: each request takes its time, watches tell what has happened since a version,
 * and any of it goes wrong where the story says so. What is behind it is the operator to the last line.
 */
import { FIELD_MANAGER } from "../../src/api/v1alpha1/names.ts";
import { createAnswers } from "../../src/kube/answers.ts";
import type {
  KubeClient,
  KubeList,
  LogOptions,
  ObjectName,
  PatchOperation,
  RemoveOptions,
  SelectOptions,
  WatchOptions,
  WriteOptions,
} from "../../src/kube/client.ts";
import { KubeApiError, type KubeFailure } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { apiVersion, type Resource } from "../../src/kube/resource.ts";
import type { WatchEvent } from "../../src/kube/watch-stream.ts";
import type { KubePatchOperation } from "../../src/model/patch.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Answer, ModelApiServer } from "./model-api-server.ts";
import { isPod, isReady, type PodObject } from "./objects.ts";

/** What goes wrong with one request. `before`: the API server never heard of it. `after`: it was done all the same. */
export interface RequestFault {
  readonly when: "before" | "after";
  readonly failure: KubeFailure;
}

export interface ModelWeather {
  /** Milliseconds that a request takes. */
  latency(): number;
  /** Asked for each request that writes, leases and Events too, and for each that reads. */
  fault(verb: "write" | "read"): RequestFault | undefined;
  /** Milliseconds that watches are behind. */
  lag(): number;
}

export interface ModelClientOptions {
  readonly clock: Clock;
  readonly weather: ModelWeather;
  /** A log was read in which a poll is told. */
  readonly onPolled: (pod: PodObject) => void;
  readonly logOf: (pod: PodObject, container: string | undefined) => string;
}

/** One watch: what it has still to tell, and when. */
interface Channel {
  readonly matches: (object: KubeObject) => boolean;
  readonly due: { readonly event: WatchEvent; readonly at: number }[];
  wake: () => void;
}

const failing = (kind: KubeFailure["kind"], code: number, reason: string, message: string): KubeApiError =>
  new KubeApiError({ kind, code, reason, message });
const ABORTED = "Aborted";
/** How the API server says that a test of a JSON Patch did not hold. */
const TEST_FAILED = "the server rejected our request due to an error in our request";
const EVERY_RIGHT = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };

export class ModelClient implements KubeClient {
  readonly #api: ModelApiServer;
  readonly #options: ModelClientOptions;
  readonly #channels = new Set<Channel>();
  readonly #answers = createAnswers();
  readonly #history: { readonly revision: number; readonly event: WatchEvent }[] = [];
  #compacted = 0;
  #isAway = false;
  #isDead = false;
  /** What was written, but for leases and Events. */
  readonly wrote: string[] = [];
  /** How many requests there were, but for those about leases and Events: both go on for as long as the process does. */
  asked = 0;

  constructor(api: ModelApiServer, options: ModelClientOptions) {
    this.#api = api;
    this.#options = options;
    this.#compacted = api.revision;
    api.subscribe(({ type, object }) => {
      if (this.#isDead) return;
      const event: WatchEvent = { type, object };
      this.#history.push({ revision: Number(object.metadata.resourceVersion), event });
      for (const channel of this.#channels) this.#tell(channel, event);
    });
  }

  /** The process that asks is no more: whatever it still waits for never comes. */
  die(): void {
    this.#isDead = true;
    this.#channels.clear();
  }

  /** While true nothing gets through, and what was open is broken. */
  away(on: boolean): void {
    this.#isAway = on;
    if (on) this.breakWatches();
  }

  breakWatches(): void {
    for (const channel of this.#channels) this.#end(channel);
  }

  /** Open watches break, and what they knew has been forgotten. */
  expire(): void {
    this.#compacted = this.#api.revision;
    this.#history.length = 0;
    this.breakWatches();
  }

  /** As the API server does about once a minute. */
  bookmark(): void {
    const object = { metadata: { name: "", resourceVersion: String(this.#api.revision) } };
    for (const channel of this.#channels) this.#push(channel, { type: "BOOKMARK", object });
  }

  async listPage(resource: Resource, options: SelectOptions = {}): Promise<KubeList> {
    return this.#read(resource, options.signal, () => {
      const items = this.#api.ofKind(resource.kind).filter(selected(options));
      return { items, resourceVersion: String(this.#api.revision) };
    });
  }

  list(resource: Resource, options: SelectOptions = {}): Promise<KubeList> {
    return this.listPage(resource, options);
  }

  get(resource: Resource, { name }: ObjectName, options: { readonly signal?: AbortSignal | undefined } = {}) {
    return this.#read(resource, options.signal, () => {
      const found = this.#api.get(resource.kind, name);
      if (found === undefined) throw failing("notFound", 404, "NotFound", `${name} not found`);
      return found;
    });
  }

  create(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const whole = { apiVersion: apiVersion(resource), kind: resource.kind, ...object };
    return this.#write(`create ${resource.kind}/${object.metadata.name}`, resource, options, () => {
      // Events would only make revisions: nobody reads them here.
      if (resource.plural === "events")
        return {
          code: 201,
          object: { ...whole, metadata: { ...object.metadata, uid: "event", resourceVersion: "1" } },
        };
      const answer = this.#api.create(whole, FIELD_MANAGER);
      if (answer.code === 409) throw failing("alreadyExists", 409, "AlreadyExists", answer.message);
      return answer;
    });
  }

  review(): Promise<unknown> {
    return this.#read(undefined, undefined, () => ({ status: { resourceRules: [EVERY_RIGHT], incomplete: false } }));
  }

  replace(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const whole = { apiVersion: apiVersion(resource), kind: resource.kind, ...object };
    return this.#write(`replace ${resource.kind}/${object.metadata.name}`, resource, options, () =>
      this.#api.replace(whole, FIELD_MANAGER),
    );
  }

  patchJson(
    resource: Resource,
    { namespace = "", name }: ObjectName,
    operations: readonly PatchOperation[],
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const ref = { kind: resource.kind, namespace, name };
    const what = options.subresource === undefined ? "patch" : options.subresource;
    return this.#write(`${what} ${resource.kind}/${name}`, resource, options, () => {
      const patch = operations.map(usual);
      return options.subresource === "status"
        ? this.#api.patchStatus(ref, patch)
        : this.#api.patchJson(ref, patch, FIELD_MANAGER);
    });
  }

  patchMerge(
    resource: Resource,
    { namespace = "", name }: ObjectName,
    patch: object,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const ref = { kind: resource.kind, namespace, name };
    return this.#write(`merge ${resource.kind}/${name}`, resource, options, () =>
      resource.plural === "events"
        ? { code: 404, message: "Events are not kept" }
        : this.#api.patchMerge(ref, { ...patch }, FIELD_MANAGER),
    );
  }

  async remove(
    resource: Resource,
    { namespace = "", name }: ObjectName,
    options: RemoveOptions = {},
  ): Promise<boolean> {
    const { uid, resourceVersion } = options.preconditions ?? {};
    const preconditions = uid === undefined || resourceVersion === undefined ? undefined : { uid, resourceVersion };
    let isGone = false;
    await this.#write(`delete ${resource.kind}/${name}`, resource, options, () => {
      const answer = this.#api.remove({ kind: resource.kind, namespace, name }, preconditions);
      isGone = "gone" in answer;
      return answer;
    });
    return isGone;
  }

  async *watch(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    const { resourceVersion, signal, onOpen } = options;
    await this.#read(resource, signal, () => undefined);
    onOpen?.();
    const from = Number(resourceVersion);
    if (from < this.#compacted) {
      const message = `too old resource version: ${from}`;
      yield { type: "ERROR", object: { kind: "gone", code: 410, reason: "Expired", message } };
      return;
    }
    const matches = selected(options);
    const channel: Channel = {
      matches: (object) => object.kind === resource.kind && matches(object),
      due: [],
      wake() {},
    };
    for (const { revision, event } of this.#history) if (revision > from) this.#tell(channel, event);
    this.#channels.add(channel);
    try {
      for (;;) {
        const next = await this.#next(channel, signal);
        if (next === undefined) return;
        yield next;
      }
    } finally {
      this.#channels.delete(channel);
    }
  }

  serverVersion(): Promise<string> {
    return Promise.resolve("v1.36.3");
  }

  subscribeAnswers(listener: () => void): () => void {
    return this.#answers.subscribe(listener);
  }

  logs({ name }: { readonly name: string }, { container, signal }: LogOptions = {}): Promise<string> {
    return this.#read(undefined, signal, () => {
      const pod = this.#api.get("Pod", name);
      if (pod === undefined || !isPod(pod)) throw failing("notFound", 404, "NotFound", `${name} not found`);
      if (!isReady(pod)) return "";
      const log = this.#options.logOf(pod, container);
      if (log.includes("olling pollster")) this.#options.onPolled(pod);
      return log;
    });
  }

  close(): void {
    this.breakWatches();
  }

  #tell(channel: Channel, event: WatchEvent): void {
    if (event.type !== "ERROR" && channel.matches(event.object)) this.#push(channel, event);
  }

  #push(channel: Channel, event: WatchEvent): void {
    channel.due.push({ event, at: this.#options.clock.monotonic() + this.#options.weather.lag() });
    channel.wake();
  }

  /** Whatever it had still to tell is lost with the connection. */
  #end(channel: Channel): void {
    this.#channels.delete(channel);
    channel.due.length = 0;
    channel.wake();
  }

  /** Undefined when the watch has ended. In their order, each when it is due. */
  async #next(channel: Channel, signal: AbortSignal | undefined): Promise<WatchEvent | undefined> {
    const { clock } = this.#options;
    for (;;) {
      if (this.#isDead) return new Promise(() => {});
      if (signal?.aborted === true) throw failing("lost", 0, ABORTED, "watch: aborted");
      const [first] = channel.due;
      if (first !== undefined && first.at <= clock.monotonic()) {
        channel.due.shift();
        return first.event;
      }
      if (first === undefined && !this.#channels.has(channel)) return undefined;
      const woken = new AbortController();
      channel.wake = () => woken.abort();
      const onAbort = (): void => woken.abort();
      signal?.addEventListener("abort", onAbort, { once: true });
      const forMs = first === undefined ? FOR_EVER : first.at - clock.monotonic();
      await clock.sleep(forMs, woken.signal);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #read<T>(resource: Resource | undefined, signal: AbortSignal | undefined, answer: () => T): Promise<T> {
    if (!isNoise(resource)) this.asked += 1;
    const fault = this.#options.weather.fault("read");
    await this.#travel(signal);
    this.#answers.note(fault?.failure.code ?? 200);
    if (fault !== undefined) throw new KubeApiError(fault.failure);
    return answer();
  }

  async #write(
    what: string,
    resource: Resource,
    { signal }: { readonly signal?: AbortSignal | undefined },
    carryOut: () => Answer,
  ): Promise<KubeObject> {
    if (!isNoise(resource)) this.asked += 1;
    const fault = this.#options.weather.fault("write");
    await this.#travel(signal);
    if (fault?.when === "before") {
      this.#answers.note(fault.failure.code);
      throw new KubeApiError(fault.failure);
    }
    const answer = carryOut();
    if (!isNoise(resource) && "object" in answer) this.wrote.push(what);
    await this.#travel(signal);
    this.#answers.note(fault?.failure.code ?? 200);
    if (fault !== undefined) throw new KubeApiError(fault.failure);
    if ("object" in answer) return answer.object;
    throw refusalOf(answer);
  }

  /** One way, to the API server or back. Who gives up meanwhile does not know what became of it. */
  async #travel(signal: AbortSignal | undefined): Promise<void> {
    await this.#options.clock.sleep(this.#options.weather.latency() / 2, signal);
    if (this.#isDead) await new Promise(() => {});
    if (signal?.aborted === true) throw failing("lost", 0, ABORTED, "aborted");
    if (this.#isAway) throw failing("lost", 0, "ConnectionFailed", "the connection broke");
  }
}

/** One of the operations that the model knows: the operator sends no others. */
function usual({ op, path, value }: PatchOperation): KubePatchOperation {
  if (op === "move" || op === "copy") throw new Error(`the model knows no ${op}`);
  return op === "remove" ? { op, path } : { op, path, value };
}

const isNoise = (resource: Resource | undefined): boolean =>
  resource?.plural === "leases" || resource?.plural === "events";

/** Longer than any story. */
const FOR_EVER = 2 ** 31 - 1;

function refusalOf({ code, message }: Extract<Answer, { readonly message: string }>): KubeApiError {
  if (code === 404) return failing("notFound", 404, "NotFound", message);
  if (code === 409) return failing("conflict", 409, "Conflict", message);
  const isOfField = /immutable|no new ones|not an object/.test(message);
  return failing("invalid", 422, "Invalid", isOfField ? message : `${TEST_FAILED}: ${message}`);
}

function selected({ labelSelector, fieldSelector }: SelectOptions): (object: KubeObject) => boolean {
  const labels = (labelSelector ?? "")
    .split(",")
    .filter((part) => part !== "")
    .map((part) => part.split("="));
  const name = /^metadata\.name=(.+)$/.exec(fieldSelector ?? "")?.[1];
  return ({ metadata }) =>
    (name === undefined || metadata.name === name) &&
    labels.every(([key = "", value]) =>
      value === undefined ? key in (metadata.labels ?? {}) : metadata.labels?.[key] === value,
    );
}
