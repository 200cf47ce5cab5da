/**
 * The invariants of a partial upgrade as plain predicates on the model cluster, asked after every single change of it. They look
 * at pods, at the files that these mounted and at workloads, never at what the operator says or has found of anything.
 */
import { ANNOTATION, LABEL } from "../../src/api/v1alpha1/names.ts";
import type { StoredObject } from "../../src/kube/object.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import { takesIn } from "../sim/broker.ts";
import type { StoreEvent } from "../sim/model-api-server.ts";
import type { ModelCluster, Written } from "../sim/model-cluster.ts";
import {
  hasEnded,
  isActive,
  isDeleting,
  isJob,
  isPod,
  isReady,
  isWorkload,
  type PodObject,
  type WorkloadObject,
} from "../sim/objects.ts";
import { imageOf } from "../sim/topology.ts";
import { isOfTemplate } from "../sim/workload-controllers.ts";
import { Capacity } from "./capacity.ts";
import { type Breach, type Invariant, type Judge, opensWithTests } from "./judge.ts";
import { Pollers } from "./pollers.ts";

const imageIn = (object: WorkloadObject | PodObject): string =>
  (isPod(object) ? object.spec : object.spec.template.spec).containers[0]?.image ?? "";
/** How long the coordination backend keeps a member that is gone; the resource does not say otherwise. */
const MEMBER_TIMEOUT = 30_000;
const appOf = (pod: PodObject): string => pod.metadata.labels?.["app"] ?? "";

/** What the operator may borrow of a workload. */
interface Own {
  replicas: number | undefined;
  readonly wished: number[];
  readonly nodeSelector: string;
  readonly strategy: string;
  readonly volumes: string;
  readonly command: string;
}

function ownOf({ spec }: WorkloadObject): Own {
  const { template, replicas, strategy, updateStrategy } = spec;
  const [container] = template.spec.containers;
  return {
    replicas,
    wished: [],
    nodeSelector: JSON.stringify(template.spec.nodeSelector ?? {}),
    strategy: JSON.stringify(strategy ?? updateStrategy),
    volumes: JSON.stringify(template.spec["volumes"] ?? []),
    command: JSON.stringify(container?.["command"] ?? []),
  };
}

export class PartialSafety implements Judge {
  readonly breaches: Breach[] = [];
  readonly #cluster: ModelCluster;
  readonly #componentOf: Map<string, AgentComponent>;
  readonly #capacity: Capacity;
  readonly #pollers: Pollers;
  readonly #own = new Map<string, Own>();
  readonly #dropped = new Set<string>();
  readonly #disturbed = new Set<string>();
  readonly #left = new Map<string, Set<string>>();
  readonly #migrated = new Set<string>();
  readonly #seenMembers = new Map<string, number>();
  /** Made when the resource was no more: no request to create something can say what it was decided on. */
  readonly #late = new Set<string>();
  #members: ReadonlySet<string> = new Set();
  #isSplit = false;
  #isDeleting = false;

  constructor(cluster: ModelCluster) {
    this.#cluster = cluster;
    const { agents } = cluster.topology;
    this.#componentOf = new Map(agents.map(({ name, component }) => [name, component]));
    this.#capacity = new Capacity(cluster, (message) => this.#forbid("I5", true, message));
    this.#pollers = new Pollers(cluster, (message) => this.#forbid("I7", true, message));
    for (const workload of cluster.workloads) this.#own.set(workload.metadata.name, ownOf(workload));
    cluster.api.subscribe((event) => this.#hear(event));
  }

  get isDeleting(): boolean {
    return this.#isDeleting;
  }
  set isDeleting(is: boolean) {
    this.#isDeleting = is;
    this.#pollers.isDeleting = is;
  }

  verified(): void {}

  dropped(name: string): void {
    this.#dropped.add(name);
    this.#capacity.dropped(name);
    this.#pollers.dropped(name);
  }

  scaled(name: string, replicas: number): void {
    const own = this.#own.get(name);
    if (own !== undefined) own.replicas = replicas;
    this.#capacity.disturbed(name);
    if (this.#componentOf.get(name) === "polling") this.#pollers.scaled();
  }

  wishedReplicas(name: string, replicas: number): void {
    this.#own.get(name)?.wished.push(replicas);
    this.#capacity.wished(name, replicas);
    this.disturbed(name);
  }

  wished(image: string): void {
    for (const left of this.#left.values()) left.delete(image);
  }

  replanned(): void {
    this.#capacity.attempts += 1;
    this.#pollers.attempts += 1;
  }

  disturbed(workload: string): void {
    this.#isSplit ||= this.#componentOf.get(workload) === "notification";
    this.#disturbed.add(workload);
    this.#capacity.disturbed(workload);
    this.#pollers.disturbed(workload);
  }

  wrote(written: Written): void {
    const { effect, look, answer } = written;
    this.#forbid("write", !opensWithTests(written), `a patch of ${effect.why.object} does not open with its tests`);
    if (effect.kind !== "delete" || !("object" in answer)) return;
    const { uid } = look.seen.upgrade.metadata;
    this.#forbid("I9", !this.#mayDelete(answer.object, uid), `${effect.ref.kind}/${effect.ref.name} was deleted`);
  }

  /** What the operator made itself; but a pod of a claimed StatefulSet that is not ready may go, too. */
  #mayDelete(object: StoredObject, upgrade: string): boolean {
    const { labels = {}, ownerReferences = [] } = object.metadata;
    if (isPod(object)) return ownerReferences[0]?.kind === "StatefulSet" && !isReady(object);
    return labels[LABEL.upgrade] === upgrade || ownerReferences.some(({ uid }) => uid === upgrade);
  }

  #forbid(invariant: Invariant, broken: boolean, message: string): void {
    if (broken) this.breaches.push({ invariant, message: `${message} (revision ${this.#cluster.api.revision})` });
  }

  #hear({ type, object, before }: StoreEvent): void {
    if (isJob(object) && JSON.stringify(object.status ?? {}).includes('"Complete"')) {
      this.#migrated.add(object.spec.template.spec.containers[0]?.image ?? "");
    }
    if (type === "ADDED" && this.#cluster.upgrade === undefined) this.#late.add(object.metadata.uid);
    if (isWorkload(object) && type !== "DELETED") this.#judgeTemplate(object, before);
    if (!isPod(object)) return;
    const app = appOf(object);
    if (type === "ADDED") this.#judgeDatabase(object);
    this.#judgeApi();
    this.#judgeQueues();
    this.#pollers.judge();
    this.#capacity.judge(app);
    if (this.#disturbed.size > 0 && this.#isWhole()) this.#calm();
  }

  /** Nobody misses a pod any more that somebody else than the operator took away, told from the pods themselves. */
  #isWhole(): boolean {
    const { pods, nodes, workloads } = this.#cluster;
    if (pods.some(isDeleting)) return false;
    return workloads.every(({ kind, metadata, spec, status = {} }) => {
      if (status["observedGeneration"] !== metadata.generation) return false;
      const { app } = spec.selector.matchLabels;
      const own = pods.filter((pod) => appOf(pod) === app && isActive(pod));
      const wanted = kind === "DaemonSet" ? nodes.matching(spec.template.spec.nodeSelector).length : spec.replicas;
      return own.length === wanted && own.every((pod) => isReady(pod) && isOfTemplate(pod, spec.template));
    });
  }

  #calm(): void {
    this.#disturbed.clear();
    this.#pollers.calm();
    this.#capacity.calm();
  }

  /** I1: whatever runs the target's image, an isolated group too. */
  #judgeDatabase(pod: PodObject): void {
    const image = imageIn(pod);
    const isAgent = pod.metadata.ownerReferences?.[0]?.kind !== "Job";
    const isNew = image !== imageOf(this.#cluster.topology.from);
    const wasThere = this.#cluster.topology.agents.some((each) => each.isThere === true && each.name === appOf(pod));
    const isMigrated = this.#cluster.topology.skipDatabase === true || this.#migrated.has(image);
    this.#forbid("I1", isAgent && isNew && !wasThere && !isMigrated, `${pod.metadata.name} before the database`);
  }

  /** I10 */
  #judgeTemplate(workload: WorkloadObject, before: StoreEvent["before"]): void {
    const { name } = workload.metadata;
    const was = before !== undefined && isWorkload(before) ? imageIn(before) : undefined;
    if (was === undefined || was === imageIn(workload)) return;
    const left = this.#left.get(name) ?? new Set();
    this.#left.set(name, left.add(was));
    const isWished = this.#cluster.spec?.target.image === imageIn(workload);
    this.#forbid("I10", left.has(imageIn(workload)) && !isWished, `${name} went back to ${imageIn(workload)}`);
  }

  /** I8 */
  #judgeApi(): void {
    const pods = this.#cluster.pods.filter((pod) => !hasEnded(pod) && this.#componentOf.get(appOf(pod)) === "api");
    const images = new Set(pods.map(imageIn));
    this.#forbid("I8", images.size > 1, `two versions of the API: ${[...images].join(", ")}`);
  }

  /** I6 */
  #judgeQueues(): void {
    const { broker } = this.#cluster;
    if (broker === undefined || this.breaches.length > 0) return;
    const agents = broker.agents.all.flatMap(({ behaviour, name }) =>
      behaviour.kind === "notification" ? [{ ...behaviour, name }] : [],
    );
    const partitioned = agents.filter(({ group }) => group !== undefined);
    for (const [group, members] of Map.groupBy(partitioned, (each) => each.group)) {
      const pipelines = new Set(members.map(({ pipeline }) => pipeline));
      const names = members.map(({ name }) => name).join(", ");
      // Whoever edits a file in place, and takes pods away or the resource, has the others read another one than these.
      this.#forbid("I6", pipelines.size > 1 && !this.#mayHaveSplit, `${names} work on different pipelines in ${group}`);
    }
    this.#judgeMembers(partitioned.map(({ group, pipeline }) => `${group} ${pipeline}`));
    const epochs = new Set(agents.map(({ epoch }) => epoch));
    const mixes = partitioned.length > 0 && epochs.size > 1;
    this.#forbid("I6", mixes, `agents that do not read each other's queues: ${[...epochs].join(", ")}`);
    const { unread } = broker;
    this.#forbid("I6", unread.length > 0, `nobody reads ${unread.join(", ")}`);
  }

  get #mayHaveSplit(): boolean {
    const { edited, immutable = true } = this.#cluster.topology.partial?.pipeline ?? {};
    return edited !== undefined && !immutable && (this.#isSplit || this.#isDeleting);
  }

  /** A group counts an agent that is gone for a while, and its share of other pipelines' queues is nobody's meanwhile. */
  #judgeMembers(members: readonly string[]): void {
    const { now, topology } = this.#cluster;
    // The very restart that turns the intake off reads what was edited.
    const { edited, immutable = true } = topology.partial?.pipeline ?? {};
    if (edited !== undefined && !immutable) return;
    for (const member of this.#members) this.#seenMembers.set(member, now);
    const fresh = members.filter((member) => !this.#members.has(member));
    this.#members = new Set(members);
    for (const member of fresh) {
      const group = member.slice(0, member.indexOf("{"));
      const other = [...this.#seenMembers].find(
        ([each, at]) => each !== member && each.startsWith(group) && now - at < MEMBER_TIMEOUT,
      );
      this.#forbid("I6", other !== undefined, `agents start while ${group}still counts those of another pipeline`);
    }
  }

  /** At the end everything that was borrowed is back, and what was made for a while is gone. */
  judgeEnd(): void {
    const { upgrade, workloads, api } = this.#cluster;
    for (const workload of workloads) this.#judgeReturned(workload);
    const made = workloads.filter(({ metadata }) => metadata.labels?.[LABEL.purpose] === "isolated");
    this.#forbid("I9", made.length > 0, `${made.map(({ metadata }) => metadata.name).join(", ")} was not removed`);
    const derived = api
      .ofKind("ConfigMap")
      .filter(({ metadata }) => metadata.labels?.[LABEL.purpose] === "derived" && !this.#late.has(metadata.uid));
    this.#forbid(
      "I9",
      derived.length > 0,
      `${derived.map(({ metadata }) => metadata.name).join(", ")} was not removed`,
    );
    const silent = this.#cluster.broker?.agents.all.filter((agent) => !takesIn(agent)) ?? [];
    this.#forbid("I9", silent.length > 0, `${silent.map(({ name }) => name).join(", ")} still takes nothing in`);
    const isOld = upgrade === undefined;
    this.#pollers.judgeEnd((name) => this.#dropped.has(name) || isOld);
  }

  #judgeReturned(workload: WorkloadObject): void {
    const { name, annotations = {} } = workload.metadata;
    const own = this.#own.get(name);
    if (own === undefined) return;
    const is = ownOf(workload);
    const gone = this.#cluster.upgrade === undefined;
    // A claim that was under way while the resource went is void: nobody has its uid.
    const claim = gone ? [] : [ANNOTATION.claim];
    const ours = [ANNOTATION.borrowed, ANNOTATION.phase, ...claim].filter((key) => annotations[key]);
    this.#forbid("I9", ours.length > 0, `${name} still carries ${ours.join(", ")}`);
    this.#forbid("I9", is.strategy !== own.strategy, `${name} has another strategy`);
    this.#forbid("I9", is.command !== own.command, `${name} has another command line: ${is.command}`);
    this.#forbid("I9", is.volumes.includes("-shared-"), `${name} still mounts what was derived for a while`);
    const { from, to } = this.#cluster.topology;
    const component = this.#componentOf.get(name);
    const retires = from === "pike" && to === "queens" && (component === "collector" || component === "api");
    if (retires) return;
    const right = gone ? [own.replicas, ...own.wished] : [own.wished.at(-1) ?? own.replicas];
    this.#forbid("I9", !right.includes(is.replicas), `${name} has ${is.replicas} replicas`);
    this.#forbid("I9", is.nodeSelector !== own.nodeSelector, `${name} has another node selector`);
  }
}
