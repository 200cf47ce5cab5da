/**
 * The invariants of a full upgrade as plain predicates on the model cluster, asked after every single change of it. They look
 * at pods and workloads only, never at what the operator says of itself.
 */
import { ANNOTATION } from "../../src/api/v1alpha1/names.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import { parseTime } from "../../src/model/time.ts";
import type { StoreEvent } from "../sim/model-api-server.ts";
import type { ModelCluster, Written } from "../sim/model-cluster.ts";
import { hasEnded, isDeleting, isJob, isPod, isWorkload, type PodObject, type WorkloadObject } from "../sim/objects.ts";
import type { Topology } from "../sim/topology.ts";
import { type Breach, type Invariant, type Judge, opensWithTests } from "./judge.ts";

const imageOf = (object: WorkloadObject | PodObject): string =>
  (isPod(object) ? object.spec : object.spec.template.spec).containers[0]?.image ?? "";
const workloadOf = (pod: PodObject): string => pod.metadata.labels?.["app"] ?? "";
export const isBorrowed = ({ metadata }: WorkloadObject): boolean =>
  metadata.annotations?.[ANNOTATION.borrowed] !== undefined;

const ORDER: readonly AgentComponent[] = ["collector", "notification", "polling"];
const RETIRING: readonly AgentComponent[] = ["notification", "collector", "polling"];

/** What a workload has that the operator may borrow, by name. */
interface Own {
  replicas: number | undefined;
  /** What the wish has asked for, the last number at the end. */
  readonly wished: number[];
  readonly nodeSelector: string;
  readonly strategy: string;
}
interface Settling {
  readonly what: string | undefined;
  readonly at: number;
}
const NEVER: Settling = { what: undefined, at: Number.POSITIVE_INFINITY };
const strategyOf = ({ spec }: WorkloadObject): string => JSON.stringify(spec.strategy ?? spec.updateStrategy);
const selectorOf = ({ spec }: WorkloadObject): string => JSON.stringify(spec.template.spec.nodeSelector ?? {});

export class Safety implements Judge {
  readonly breaches: Breach[] = [];
  readonly #cluster: ModelCluster;
  readonly #topology: Topology;
  readonly #order: readonly AgentComponent[];
  readonly #componentOf: Map<string, AgentComponent>;
  readonly #dropped = new Set<string>();
  readonly #imageBefore = new Map<string, string>();
  readonly #left = new Map<string, Set<string>>();
  readonly #own = new Map<string, Own>();
  readonly #migrated = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #settling = new Map<AgentComponent, Settling>();
  readonly #verified = new Set<string>();
  /** The resource goes away: what was borrowed comes back at once, verified or not. */
  isDeleting = false;

  constructor(cluster: ModelCluster) {
    this.#cluster = cluster;
    this.#topology = cluster.topology;
    this.#order = this.#retires("collector") ? RETIRING : ORDER;
    this.#componentOf = new Map(this.#topology.agents.map(({ name, component }) => [name, component]));
    for (const workload of cluster.workloads) {
      const { name } = workload.metadata;
      this.#imageBefore.set(name, imageOf(workload));
      const { replicas } = workload.spec;
      this.#own.set(name, { replicas, wished: [], nodeSelector: selectorOf(workload), strategy: strategyOf(workload) });
    }
    cluster.api.subscribe((event) => this.#hear(event));
  }

  verified(pod: PodObject): void {
    this.#verified.add(`${workloadOf(pod)} ${imageOf(pod)}`);
  }

  /** The resource does not name a workload any more: it still has to get back what was borrowed, and no more is promised. */
  dropped(name: string): void {
    this.#componentOf.delete(name);
    this.#dropped.add(name);
  }

  /** A user has scaled a workload: that is what has to come back. */
  scaled(name: string, replicas: number): void {
    const own = this.#own.get(name);
    if (own !== undefined) own.replicas = replicas;
  }

  /** The wish names a number: that is what there has to be at the end, unless the wish goes before it is fulfilled. */
  wishedReplicas(name: string, replicas: number): void {
    this.#own.get(name)?.wished.push(replicas);
  }

  /** Back to an image that was left is backwards, unless it is asked for again. */
  wished(image: string): void {
    for (const left of this.#left.values()) left.delete(image);
  }

  #forbid(invariant: Invariant, broken: boolean, message: string): void {
    if (broken) this.breaches.push({ invariant, message: `${message} (revision ${this.#cluster.api.revision})` });
  }

  #retires(component: AgentComponent): boolean {
    return this.#topology.from === "pike" && (component === "collector" || component === "api");
  }

  #isNew(pod: PodObject): boolean {
    return imageOf(pod) !== this.#imageBefore.get(workloadOf(pod));
  }

  #livePods(component: AgentComponent): readonly PodObject[] {
    return this.#cluster.pods.filter((pod) => !hasEnded(pod) && this.#componentOf.get(workloadOf(pod)) === component);
  }

  #hear({ type, object, before }: StoreEvent): void {
    if (isJob(object) && JSON.stringify(object.status ?? {}).includes('"Complete"')) {
      this.#migrated.add(object.spec.template.spec.containers[0]?.image ?? "");
    }
    if (isWorkload(object)) this.#hearWorkload(object, before);
    if (isPod(object)) this.#hearPod(type, object);
    if (!isPod(object) && !isWorkload(object)) return;
    for (const component of new Set(this.#componentOf.values())) this.#settle(component);
  }

  #hearWorkload(workload: WorkloadObject, before: StoreEvent["before"]): void {
    const { name } = workload.metadata;
    const was = before !== undefined && isWorkload(before) ? imageOf(before) : undefined;
    if (was === undefined || was === imageOf(workload)) return;
    const left = this.#left.get(name) ?? new Set();
    this.#left.set(name, left.add(was));
    const isWished = this.#cluster.spec?.target.image === imageOf(workload);
    this.#forbid("I10", left.has(imageOf(workload)) && !isWished, `${name} went back to ${imageOf(workload)}`);
  }

  #hearPod(type: StoreEvent["type"], pod: PodObject): void {
    const component = this.#componentOf.get(workloadOf(pod));
    if (component === undefined) return;
    const image = imageOf(pod);
    if (type === "ADDED" && this.#isNew(pod)) {
      const isMigrated = this.#topology.skipDatabase === true || this.#migrated.has(image);
      this.#forbid("I1", !isMigrated, `${pod.metadata.name} before the database`);
      for (const earlier of component === "api" ? [] : this.#order.slice(0, this.#order.indexOf(component))) {
        const exists = [...this.#componentOf.values()].includes(earlier);
        this.#settle(earlier);
        const settled = this.#settled.has(this.#retires(earlier) ? earlier : `${earlier} ${image}`);
        this.#forbid("I4", exists && !settled, `${pod.metadata.name} before the ${earlier} has settled`);
      }
    }
    this.#judgeCoexistence(component);
    if (component === "polling" && !this.isDeleting) this.#judgeFirst();
  }

  /** A pod that this upgrade made never lives beside one of another release; a terminating one still lives. */
  #judgeCoexistence(component: AgentComponent): void {
    const pods = this.#livePods(component);
    const fresh = pods.find((pod) => this.#isNew(pod));
    const other = fresh && pods.find((pod) => imageOf(pod) !== imageOf(fresh));
    const invariant = component === "polling" ? "I3" : component === "api" ? "I8" : "I2";
    this.#forbid(invariant, other !== undefined, `${fresh?.metadata.name} beside ${other?.metadata.name}`);
  }

  /** Until a workload's verification has passed there is one new polling agent, not more. */
  #judgeFirst(): void {
    const unverified = this.#livePods("polling").filter(
      (pod) => !isDeleting(pod) && this.#isNew(pod) && !this.#verified.has(`${workloadOf(pod)} ${imageOf(pod)}`),
    );
    const names = unverified.map((pod) => pod.metadata.name).join(", ");
    this.#forbid("I3", unverified.length > 1, `${names}: none of them verified`);
  }

  /** That time has passed is no event: what was to settle by now has, whatever the event that has come since makes of it. */
  #settle(component: AgentComponent): void {
    const { now } = this.#cluster;
    const next = this.#settlingNow(component);
    for (const { what, at } of [this.#settling.get(component) ?? NEVER, next]) {
      if (what !== undefined && at <= now) this.#settled.add(what);
    }
    this.#settling.set(component, next);
  }

  /** What a component settles as, and when, if nothing happens until then. */
  #settlingNow(component: AgentComponent): Settling {
    const workloads = this.#cluster.workloads.filter(
      ({ metadata }) => this.#componentOf.get(metadata.name) === component,
    );
    const pods = this.#livePods(component);
    if (!workloads.every((workload) => this.#isDone(component, workload))) return NEVER;
    if (this.#retires(component)) return pods.length === 0 ? { what: component, at: 0 } : NEVER;
    const [image, ...others] = new Set([...workloads, ...pods].map(imageOf));
    if (image === undefined || others.length > 0) return NEVER;
    return { what: `${component} ${image}`, at: Math.max(0, ...pods.map((pod) => this.#steadyAt(pod))) };
  }

  /** Ready for as long as the wish asks. */
  #steadyAt({ status: { conditions } }: PodObject): number {
    const ready = conditions.find(({ type, status }) => type === "Ready" && status === "True");
    const since = parseTime(ready?.lastTransitionTime ?? "") ?? Number.POSITIVE_INFINITY;
    return since + (this.#cluster.spec?.minReadySeconds ?? 10) * 1000;
  }

  #isDone(component: AgentComponent, workload: WorkloadObject): boolean {
    if (this.#retires(component)) return workload.spec.replicas === 0 || workload.kind === "DaemonSet";
    const { status = {}, spec, metadata } = workload;
    if (status["observedGeneration"] !== metadata.generation || isBorrowed(workload)) return false;
    return workload.kind === "DaemonSet"
      ? status["numberReady"] === status["desiredNumberScheduled"]
      : status["readyReplicas"] === spec.replicas;
  }

  /** Neither is asked in a full upgrade, which allows no capacity and counts no gaps. */
  replanned(): void {}
  disturbed(): void {}

  /** One write a pass, and none that could hit something else than what was looked at. */
  wrote(written: Written): void {
    this.#forbid(
      "write",
      !opensWithTests(written),
      `a patch of ${written.effect.why.object} does not open with its tests`,
    );
  }

  /** At the end everything that was borrowed is back as its owner had it last. */
  judgeEnd(): void {
    for (const workload of this.#cluster.workloads) {
      const { name, annotations = {} } = workload.metadata;
      const own = this.#own.get(name);
      const component = this.#componentOf.get(name);
      if (own === undefined || (component === undefined && !this.#dropped.has(name))) continue;
      // A claim that was under way while the resource went is void: nobody has its uid.
      const claim = this.#cluster.upgrade === undefined ? [] : [ANNOTATION.claim];
      const ours = [ANNOTATION.borrowed, ANNOTATION.phase, ...claim].filter((key) => annotations[key]);
      this.#forbid("I9", ours.length > 0, `${name} still carries ${ours.join(", ")}`);
      this.#forbid("I9", strategyOf(workload) !== own.strategy, `${name} has another strategy`);
      if (component !== undefined && this.#retires(component)) continue;
      const last = own.wished.at(-1) ?? own.replicas;
      const right = this.#cluster.upgrade === undefined ? [own.replicas, ...own.wished] : [last];
      this.#forbid("I9", !right.includes(workload.spec.replicas), `${name} has ${workload.spec.replicas} replicas`);
      this.#forbid("I9", selectorOf(workload) !== own.nodeSelector, `${name} has another node selector`);
    }
  }
}
