/**
 * A whole cluster in the model: API server, controllers, kubelets, one operator at a time. Nothing moves by itself: somebody
 * outside picks who takes the next step, in a fixed or in a random order.
 */
import { LABEL } from "../../src/api/v1alpha1/names.ts";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { StoredObject } from "../../src/kube/object.ts";
import type { Effect } from "../../src/model/outcome.ts";
import type { ProbeRequest } from "../../src/model/probe.ts";
import type { Millis } from "../../src/model/time.ts";
import { Broker } from "./broker.ts";
import { configurationObjects, editedPipeline } from "./configuration.ts";
import { jobsOf, podsOf, stepJob, stepPod } from "./kubelet.ts";
import { type Answer, ModelApiServer } from "./model-api-server.ts";
import { Nodes } from "./nodes.ts";
import { isDeleting, isReady, isReplicaSet, isWorkload, type PodObject, type WorkloadObject } from "./objects.ts";
import { type Decide, type Look, ModelOperator, send } from "./operator.ts";
import { imageOf, NAMESPACE, specOf, type Topology, UPGRADE_NAME, upgradeObject, workloadObject } from "./topology.ts";
import { stepReplicaSet, stepWorkload } from "./workload-controllers.ts";

const START: Millis = Date.UTC(2026, 0, 1);

export interface Written {
  readonly look: Look;
  readonly effect: Effect;
  readonly answer: Answer;
}

export class ModelCluster {
  readonly topology: Topology;
  readonly nodes: Nodes;
  readonly api: ModelApiServer;
  /** Where agents are configured, and may share their work. */
  readonly broker: Broker | undefined;
  readonly #decide: Decide;
  readonly #onLook: (look: Look) => void;
  readonly #onWrite: (written: Written) => void;
  readonly #onVerified: (pod: PodObject) => void;
  #turn = 0;
  #last: Look | undefined;
  operator: ModelOperator;
  now: Millis = START;

  constructor(
    topology: Topology,
    decide: Decide,
    watchers: {
      readonly onLook?: (look: Look) => void;
      readonly onWrite?: (written: Written) => void;
      readonly onVerified?: (pod: PodObject) => void;
      /** The operator has begun before anything else. */
      readonly isFirst?: boolean;
    } = {},
  ) {
    this.topology = topology;
    this.#decide = decide;
    this.#onLook = watchers.onLook ?? (() => {});
    this.#onWrite = watchers.onWrite ?? (() => {});
    this.#onVerified = watchers.onVerified ?? (() => {});
    this.nodes = new Nodes(topology.hosts);
    this.api = new ModelApiServer(() => this.now);
    for (const object of configurationObjects(topology)) this.api.create(object);
    this.broker = topology.partial && new Broker(this.api);
    for (const agents of topology.agents) {
      const image = imageOf(agents.isThere === true ? topology.to : topology.from);
      this.api.create(workloadObject(agents, image, topology.partial && topology.from));
    }
    // Everything runs before the wish is made.
    for (let turn = 0; turn < 500 && this.stepOthers(); turn += 1);
    this.operator = new ModelOperator(this.api, decide, watchers.isFirst);
    this.api.subscribe((event) => this.operator.hear(event));
  }

  wish(spec: SpecInput = specOf(this.topology)): void {
    this.spec = spec;
    const edited = editedPipeline(this.topology);
    const pipeline = this.api.get("ConfigMap", "ceilometer-pipeline");
    if (edited !== undefined && pipeline !== undefined) this.api.update(pipeline, { data: edited });
    this.api.create(upgradeObject(spec));
  }

  get upgrade(): StoredObject | undefined {
    return this.api.get("CeilometerUpgrade", UPGRADE_NAME);
  }

  /** The wish as it stands now. */
  spec: SpecInput | undefined;

  /** A user edits the wish. */
  rewish(change: (spec: SpecInput) => SpecInput): void {
    const found = this.upgrade;
    if (found === undefined || this.spec === undefined) return;
    this.spec = change(this.spec);
    this.api.update(found, { spec: this.spec });
  }

  /** A user annotates it; null takes an annotation away. */
  annotate(annotations: Readonly<Record<string, string | null>>): void {
    const found = this.upgrade;
    if (found === undefined) return;
    this.api.patchMerge(
      { kind: "CeilometerUpgrade", namespace: NAMESPACE, name: UPGRADE_NAME },
      { metadata: { annotations } },
    );
  }

  /** `withRecords`: the garbage collector is at them at once, as where the resource is deleted in the foreground. */
  unwish(withRecords = false): void {
    const owner = this.api.get("CeilometerUpgrade", UPGRADE_NAME)?.metadata.uid;
    this.api.remove({ kind: "CeilometerUpgrade", namespace: NAMESPACE, name: UPGRADE_NAME });
    if (!withRecords) return;
    const isRecord = ({ kind, metadata }: StoredObject): boolean =>
      kind === "ConfigMap" &&
      metadata.labels?.[LABEL.purpose] === "attempt" &&
      metadata.ownerReferences?.some(({ uid }) => uid === owner) === true;
    for (const { metadata } of this.api.list((object): object is StoredObject => isRecord(object)))
      this.api.remove({ kind: "ConfigMap", namespace: NAMESPACE, name: metadata.name });
  }

  get workloads(): readonly WorkloadObject[] {
    return this.api.list(isWorkload);
  }

  get pods(): readonly PodObject[] {
    return podsOf(this.api);
  }

  /** One step of one controller; true if it did something. */
  stepController(pick: number): boolean {
    const sets = this.api.list(isReplicaSet);
    const jobs = jobsOf(this.api);
    const all = [
      ...this.workloads.map((each) => () => stepWorkload(this.api, this.nodes, each)),
      ...sets.map((each) => () => stepReplicaSet(this.api, this.nodes, each)),
      ...jobs.map((each) => () => stepJob(this.api, each, this.now)),
    ];
    return all[pick % Math.max(1, all.length)]?.() ?? false;
  }

  /** One step of one pod's kubelet. A pod takes its time to stop: more of it than others take to start. */
  stepKubelet(pick: number): boolean {
    const { pods } = this;
    const pod = pods[pick % Math.max(1, pods.length)];
    if (pod === undefined || (isDeleting(pod) && Math.floor(pick / 64) % 8 !== 0)) return false;
    return stepPod(this.api, pod, this.now);
  }

  /** One step of everybody but the operator; false if all of them are at rest. Pods stop at every third step only. */
  stepOthers(): boolean {
    let moved = false;
    this.#turn += 1;
    const stops = this.#turn % 3 === 0;
    for (const { metadata, kind = "" } of [...this.workloads, ...this.api.list(isReplicaSet), ...jobsOf(this.api)]) {
      const each = this.api.get(kind, metadata.name);
      if (each === undefined) continue;
      if (isWorkload(each)) moved = stepWorkload(this.api, this.nodes, each) || moved;
      else if (isReplicaSet(each)) moved = stepReplicaSet(this.api, this.nodes, each) || moved;
    }
    moved = this.broker?.step() === true || moved;
    for (const job of jobsOf(this.api)) moved = stepJob(this.api, job, this.now) || moved;
    for (const pod of this.pods) {
      const waits = isDeleting(pod) && !stops;
      moved = waits || stepPod(this.api, pod, this.now) || moved;
    }
    return moved;
  }

  /** The watch of one kind delivers some of what it has. */
  deliver(pick: number, count: number): boolean {
    const { behind } = this.operator;
    const kind = behind[pick % Math.max(1, behind.length)];
    return kind !== undefined && this.operator.deliver(kind, count);
  }

  deliverAll(): void {
    for (const kind of this.operator.behind) this.operator.deliver(kind, Number.MAX_SAFE_INTEGER);
  }

  get isDue(): boolean {
    return this.operator.dirty || (this.operator.recheckAt ?? Number.POSITIVE_INFINITY) <= this.now;
  }

  /**
   * Looks and decides; what is decided is not sent yet. Undefined where there is nothing to look at.
   */
  look(): Look | undefined {
    const look = this.operator.look(UPGRADE_NAME, this.now);
    this.#last = look;
    if (look !== undefined) this.#onLook(look);
    return look;
  }

  /** Sends what was decided, now or later; the operator that decided it may be dead by then. */
  send(look: Look, hears = true): Answer | undefined {
    const { effect } = look.decision;
    if (effect === undefined) return undefined;
    const answer = send(this.api, effect);
    this.#onWrite({ look, effect, answer });
    if (hears) this.operator.takeIn(answer);
    return answer;
  }

  /** One pass of the operator: true if it wrote. */
  stepOperator(): boolean {
    const look = this.look();
    if (look === undefined) {
      this.operator.dirty = false;
      return false;
    }
    return this.send(look) !== undefined;
  }

  /** The process dies, and another one lists everything anew. */
  restart(): void {
    this.operator = new ModelOperator(this.api, this.#decide);
  }

  /** Answers one of the operator's open questions. */
  answer(pick: number): boolean {
    const open = this.operator.asked.filter((probe) => this.operator.verdictOn(probe.id) !== "pass");
    const probe = open[pick % Math.max(1, open.length)];
    if (probe === undefined) return false;
    const verdict = this.#verdict(probe);
    if (this.operator.verdictOn(probe.id) === verdict) return false;
    const [good, bad] =
      probe.kind === "provider" ? ["the queues are empty", "messages wait"] : ["it polls", "no poll yet"];
    this.operator.learn(probe.id, { at: this.now, verdict, reason: verdict === "pass" ? good : bad });
    return true;
  }

  /** A person who is asked whether the internal queues are empty looks at the broker, and says so once they are. */
  giveWord(): boolean {
    const { headline, record } = this.#last?.decision ?? {};
    return headline?.reason === "DrainNotConfirmed" && record !== undefined && this.confirmDrain(record.plan);
  }

  /** Likewise, where it is known for which plan they are asked. */
  confirmDrain(plan: string): boolean {
    const notification = this.spec?.components.notification;
    if (notification?.drain === undefined || notification.drain.acknowledged === plan) return false;
    if (this.broker?.isEmpty === false) return false;
    const drain = { ...notification.drain, acknowledged: plan };
    this.rewish((spec) => ({
      ...spec,
      components: { ...spec.components, notification: { ...notification, drain } },
    }));
    return true;
  }

  #verdict(probe: ProbeRequest): "pass" | "inconclusive" {
    if (probe.kind === "rights") return "pass";
    if (probe.kind === "provider") return this.broker?.isEmpty !== false ? "pass" : "inconclusive";
    const pod = this.pods.find((each) => probe.kind === "podLog" && each.metadata.name === probe.pod);
    const image = pod?.spec.containers[0]?.image ?? "";
    if (pod === undefined || !isReady(pod) || image.endsWith("-blind")) return "inconclusive";
    if (probe.kind === "podLog" && probe.question.about === "polling") this.#onVerified(pod);
    return "pass";
  }
}
