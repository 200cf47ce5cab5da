/** The model cluster as a world: everybody takes their steps in an order that a seed decides. */
import type { KubeObject, StoredObject } from "../../../src/kube/object.ts";
import { jobsOf, stepJob, stepPod } from "../../sim/kubelet.ts";
import { type Answer, ModelApiServer } from "../../sim/model-api-server.ts";
import { Nodes } from "../../sim/nodes.ts";
import { hasEnded, isDeleting, isPod, isReady, isReplicaSet, isWorkload, type PodObject } from "../../sim/objects.ts";
import { stepReplicaSet, stepWorkload } from "../../sim/workload-controllers.ts";
import { type PodSight, type Rest, type Said, Sights, type World } from "./world.ts";

const START = Date.UTC(2026, 0, 1);
const NAMESPACE = "openstack";
const MOST_STEPS = 20_000;

const tagOf = (pod: PodObject): string => pod.spec.containers[0]?.image.split(":").at(-1) ?? "";
const sight = (pod: PodObject): PodSight => ({
  name: pod.metadata.name,
  tag: tagOf(pod),
  isReady: isReady(pod),
  isTerminating: isDeleting(pod),
  hasEnded: hasEnded(pod),
});
const placed = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: NAMESPACE },
});
const REASONS = { 404: "NotFound", 409: "Conflict", 422: "Invalid" } as const;
const saidOf = (answer: Answer): Said =>
  "object" in answer
    ? { code: answer.code, object: answer.object }
    : { code: answer.code, reason: REASONS[answer.code], message: answer.message };

export class ModelWorld implements World {
  readonly #api = new ModelApiServer(() => START);
  readonly #nodes: Nodes;
  readonly #sights = new Sights();
  readonly #events: string[] = [];
  #state: number;

  constructor(nodes: readonly string[], seed: number) {
    this.#nodes = new Nodes(nodes);
    this.#state = seed;
    let last = 0;
    this.#api.subscribe(({ type, object }) => {
      if (isPod(object)) this.#sights.change(object.metadata.uid, type === "DELETED" ? undefined : sight(object));
      const version = Number(object.metadata.resourceVersion);
      if (object.kind === "ConfigMap") this.#events.push(version > last ? type : `${type} of an older version`);
      last = version;
    });
  }

  create: World["create"] = (object, by) => Promise.resolve(saidOf(this.#api.create(placed(object), by)));
  patchJson: World["patchJson"] = (ref, operations, by) =>
    Promise.resolve(saidOf(this.#api.patchJson({ ...ref, namespace: NAMESPACE }, operations, by)));
  patchMerge: World["patchMerge"] = (ref, patch, by) =>
    Promise.resolve(saidOf(this.#api.patchMerge({ ...ref, namespace: NAMESPACE }, patch, by)));
  apply: World["apply"] = (object, by) => Promise.resolve(saidOf(this.#api.apply(placed(object), by)));
  scale: World["scale"] = (ref, to, by) =>
    Promise.resolve(saidOf(this.#api.scale({ ...ref, namespace: NAMESPACE }, to, by)));
  patchStatus: World["patchStatus"] = (ref, operations) =>
    Promise.resolve(saidOf(this.#api.patchStatus({ ...ref, namespace: NAMESPACE }, operations)));
  replace: World["replace"] = (object) => Promise.resolve(saidOf(this.#api.replace(object)));
  remove: World["remove"] = (ref, preconditions) =>
    Promise.resolve(saidOf(this.#api.remove({ ...ref, namespace: NAMESPACE }, preconditions)));
  get: World["get"] = ({ kind, name }): Promise<StoredObject | undefined> => Promise.resolve(this.#api.get(kind, name));
  pods = (): Promise<readonly PodSight[]> => Promise.resolve(this.#sights.pods);
  seen: World["seen"] = () => this.#sights.take();
  events: World["events"] = () => Promise.resolve(this.#events);

  rest(look: () => Promise<Rest>): Promise<Rest> {
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const all = this.#everybody();
      const from = this.#random(all.length);
      // The first one from there on who has something to do: rest is when nobody has.
      if (!all.some((_, index) => all[(from + index) % all.length]?.() === true)) return look();
    }
    throw new Error(`the model does not come to rest within ${MOST_STEPS} steps`);
  }

  #everybody(): readonly (() => boolean)[] {
    const api = this.#api;
    return [
      ...api.list(isWorkload).map((each) => () => stepWorkload(api, this.#nodes, each)),
      ...api.list(isReplicaSet).map((each) => () => stepReplicaSet(api, this.#nodes, each)),
      ...jobsOf(api).map((each) => () => stepJob(api, each, START)),
      ...api.list(isPod).map((each) => () => stepPod(api, each, START)),
    ];
  }

  /** A linear congruential generator: what matters is that the same seed tells the same story. */
  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * Math.max(1, below));
  }
}
