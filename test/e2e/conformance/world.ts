/**
 * What the model cluster of `test/sim/` and a real control plane have in common: requests in, answers out, and pods to be watched.
 * A script is data, so that both are asked the same.
 */
import { isDeepStrictEqual } from "node:util";
import { isKubeObject, isRecord, type KubeObject, type StoredObject } from "../../../src/kube/object.ts";
import type { KubePatchOperation } from "../../../src/model/patch.ts";
import type { Applier } from "../../sim/server-side-apply.ts";
import { conflictIn, ownersOf, wishOf } from "./ownership.ts";

export interface Ref {
  readonly kind: string;
  readonly name: string;
}

/** `by` is the field manager. In values `$uid`, `$version` and `$generation` are those of the object as it is, `$firstVersion` that of its creation. */
export type Step =
  | { readonly create: KubeObject; readonly by?: string }
  | { readonly json: Ref; readonly operations: readonly KubePatchOperation[]; readonly by?: string }
  | { readonly merge: Ref; readonly patch: Readonly<Record<string, unknown>>; readonly by?: string }
  /** Server-side apply. */
  | { readonly apply: KubeObject; readonly by: string; readonly force?: true }
  | { readonly scale: Ref; readonly to: number; readonly by: string }
  /** A JSON patch of the subresource. */
  | { readonly status: Ref; readonly operations: readonly KubePatchOperation[] }
  /** The whole object. */
  | { readonly replace: KubeObject }
  | { readonly remove: Ref; readonly preconditions?: { readonly uid: string; readonly resourceVersion: string } }
  /** One pod of this image, the first by name. */
  | { readonly removePodOf: string }
  | { readonly rest: "all" };

export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Said {
  readonly code: number;
  /** Why not, as a word and in a sentence. */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly object?: StoredObject;
}

/** A pod as far as it concerns anybody here. */
export interface PodSight {
  readonly name: string;
  readonly tag: string;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly hasEnded: boolean;
}

export interface World {
  create(object: KubeObject, by?: string): Promise<Said>;
  patchJson(ref: Ref, operations: readonly KubePatchOperation[], by?: string): Promise<Said>;
  patchMerge(ref: Ref, patch: Readonly<Record<string, unknown>>, by?: string): Promise<Said>;
  apply(object: KubeObject, by: Applier): Promise<Said>;
  scale(ref: Ref, to: number, by: string): Promise<Said>;
  patchStatus(ref: Ref, operations: readonly KubePatchOperation[]): Promise<Said>;
  replace(object: KubeObject): Promise<Said>;
  remove(ref: Ref, preconditions?: { readonly uid: string; readonly resourceVersion: string }): Promise<Said>;
  get(ref: Ref): Promise<StoredObject | undefined>;
  pods(): Promise<readonly PodSight[]>;
  /** Until nothing moves any more; `wanted` is what is there then, where that is known. */
  rest(look: () => Promise<Rest>, wanted: Rest | undefined): Promise<Rest>;
  /** What was seen of the pods since the last time. */
  seen(): Seen;
  /** Types of the events of all ConfigMaps of the script, in their order; a version that does not grow is one as well. */
  events(): Promise<readonly string[]>;
}

/** Everything that must be the same once all is at rest. */
export type Rest = Readonly<Record<string, unknown>>;

export interface Seen {
  /** Which images had living pods at the same time, terminating ones among them. */
  readonly together: ReadonlySet<string>;
  /** The fewest pods that were ready, and the most that were neither terminating nor ended. */
  readonly floor: number;
  readonly most: number;
}

export interface Course {
  /** Code, generation and whether something was written, by step. */
  readonly said: readonly unknown[];
  readonly rests: readonly Rest[];
  readonly seen: readonly Seen[];
  readonly events: readonly string[];
}

/** Follows the pods of a namespace. */
export class Sights {
  readonly #pods = new Map<string, PodSight>();
  #together = new Set<string>();
  #floor = Number.POSITIVE_INFINITY;
  #most = 0;

  change(uid: string, pod: PodSight | undefined): void {
    if (pod === undefined) this.#pods.delete(uid);
    else this.#pods.set(uid, pod);
    this.#note();
  }

  get pods(): readonly PodSight[] {
    return [...this.#pods.values()];
  }

  #note(): void {
    const living = this.pods.filter((pod) => !pod.hasEnded);
    const active = living.filter((pod) => !pod.isTerminating);
    this.#together.add([...new Set(living.map(({ tag }) => tag))].toSorted().join("+"));
    this.#floor = Math.min(this.#floor, active.filter((pod) => pod.isReady).length);
    this.#most = Math.max(this.#most, active.length);
  }

  take(): Seen {
    const seen = { together: this.#together, floor: this.#floor, most: this.#most };
    this.#together = new Set();
    this.#floor = Number.POSITIVE_INFINITY;
    this.#most = 0;
    this.#note();
    return seen;
  }
}

const COUNTS = [
  "observedGeneration",
  "replicas",
  "updatedReplicas",
  "readyReplicas",
  "availableReplicas",
  "desiredNumberScheduled",
  "currentNumberScheduled",
  "updatedNumberScheduled",
  "numberReady",
  "numberAvailable",
  "active",
] as const;

/** What both must agree on; zero is often left out. */
function sightOf(object: StoredObject | undefined): unknown {
  if (object === undefined) return "absent";
  const { metadata, status, spec, data } = object;
  const counted = isRecord(status) && object.kind !== "CeilometerUpgrade" ? status : {};
  const counts: Readonly<Record<string, unknown>> = Object.fromEntries(COUNTS.map((key) => [key, counted[key] ?? 0]));
  const conditions = isRecord(status) && Array.isArray(status["conditions"]) ? status["conditions"] : [];
  const ended = conditions.filter((each) => isRecord(each) && ["Complete", "Failed"].includes(String(each["type"])));
  const { annotations = {} } = metadata;
  return {
    generation: metadata.generation,
    isDeleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    annotations: Object.entries(annotations).filter(([key]) => key.startsWith("example.org/")),
    replicas: isRecord(spec) ? spec["replicas"] : undefined,
    wish: wishOf(object),
    owners: ownersOf(object),
    data,
    step: isRecord(status) ? status["step"] : undefined,
    counts,
    ended: ended.map((each: unknown) => (isRecord(each) ? [each["type"], each["status"], each["reason"]] : [])),
  };
}

function filled(value: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === "string") return Object.hasOwn(values, value) ? values[value] : value;
  if (Array.isArray(value)) return value.map((each: unknown) => filled(each, values));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, values)]));
}

/** Plays the script; where another world was at rest before, its rests are what this one has to come to. */
export async function play(world: World, script: Script, expected?: Course): Promise<Course> {
  const said: unknown[] = [];
  const rests: Rest[] = [];
  const seen: Seen[] = [];
  const refs = new Map<string, Ref>();
  const first = new Map<string, string>();
  const keyOf = ({ kind, name }: Ref): string => `${kind}/${name}`;
  const look = async (): Promise<Rest> => {
    const objects = [...refs].map(async ([key, ref]) => [key, sightOf(await world.get(ref))] as const);
    const pods = (await world.pods()).map(
      (pod) =>
        `${pod.tag}${pod.isReady ? " ready" : ""}${pod.isTerminating ? " terminating" : ""}${pod.hasEnded ? " ended" : ""}`,
    );
    return { ...Object.fromEntries(await Promise.all(objects)), pods: pods.toSorted() };
  };
  const valuesOf = async (ref: Ref): Promise<Readonly<Record<string, unknown>>> => {
    const { uid, resourceVersion, generation } = (await world.get(ref))?.metadata ?? {};
    return { $uid: uid, $version: resourceVersion, $generation: generation, $firstVersion: first.get(keyOf(ref)) };
  };
  const note = async (ref: Ref, before: StoredObject | undefined, answer: Said, more?: object): Promise<void> => {
    const { code, object } = answer;
    // Controllers write to the others in between.
    const isAlone = ref.kind === "ConfigMap" || ref.kind === "CeilometerUpgrade";
    const after = isAlone ? await world.get(ref) : undefined;
    const wrote = isAlone ? after?.metadata.resourceVersion !== before?.metadata.resourceVersion : undefined;
    said.push({ code, generation: object?.metadata.generation, wrote, ...more });
  };
  for (const step of script.steps) {
    if ("rest" in step) {
      rests.push(await world.rest(look, expected?.rests[rests.length]));
      seen.push(world.seen());
    } else if ("removePodOf" in step) {
      const pods = (await world.pods()).filter(({ tag, isTerminating }) => tag === step.removePodOf && !isTerminating);
      const [name] = pods.map((pod) => pod.name).toSorted();
      if (name === undefined) throw new Error(`${script.name}: no pod runs ${step.removePodOf}`);
      said.push({ code: (await world.remove({ kind: "Pod", name })).code });
    } else {
      const ref = refOf(step);
      const before = await world.get(ref);
      const answer = await send(world, step, await valuesOf(ref));
      if (answer.code === 201 && answer.object !== undefined)
        first.set(keyOf(ref), answer.object.metadata.resourceVersion);
      if ("create" in step || "apply" in step) refs.set(keyOf(ref), ref);
      await note(ref, before, answer, "apply" in step ? ofApply(answer) : {});
    }
  }
  return { said, rests, seen, events: await world.events() };
}

type Write = Exclude<Step, { readonly rest: "all" } | { readonly removePodOf: string }>;

function refOf(step: Write): Ref {
  if ("json" in step) return step.json;
  if ("status" in step) return step.status;
  if ("merge" in step) return step.merge;
  if ("scale" in step) return step.scale;
  if ("remove" in step) return step.remove;
  const { kind = "", metadata } = "create" in step ? step.create : "apply" in step ? step.apply : step.replace;
  return { kind, name: metadata.name };
}

async function send(world: World, step: Write, values: Readonly<Record<string, unknown>>): Promise<Said> {
  if ("create" in step) return world.create(step.create, step.by);
  if ("operations" in step) {
    const operations = step.operations.map((each) =>
      each.op === "remove" ? each : { ...each, value: filled(each.value, values) },
    );
    return "json" in step
      ? world.patchJson(step.json, operations, step.by)
      : world.patchStatus(step.status, operations);
  }
  if ("apply" in step)
    return world.apply(object(filled(step.apply, values)), { manager: step.by, force: step.force === true });
  if ("replace" in step) return world.replace(object(filled(step.replace, values)));
  if ("merge" in step) {
    const patch = filled(step.patch, values);
    return world.patchMerge(step.merge, isRecord(patch) ? patch : {}, step.by);
  }
  // What is scaled is answered as a Scale, and what is gone at once as a mere "Success".
  if ("scale" in step) return { code: (await world.scale(step.scale, step.to, step.by)).code };
  const conditions = step.preconditions && {
    uid: String(filled(step.preconditions.uid, values)),
    resourceVersion: String(filled(step.preconditions.resourceVersion, values)),
  };
  return { code: (await world.remove(step.remove, conditions)).code };
}

function object(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new Error("a script has no object to send");
}

const ofApply = ({ reason, message, object: stored }: Said) => ({
  reason,
  conflict: conflictIn(message),
  ...(stored === undefined ? {} : { wish: wishOf(stored), owners: ownersOf(stored) }),
});

export const isSame = (one: Rest, other: Rest): boolean => isDeepStrictEqual(one, other);
