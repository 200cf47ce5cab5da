/**
 * A story: what a Ceilometer looks like, and who takes which step in which order. First anything may happen; then everybody
 * gets their turn (only under fair scheduling can anything be promised to end), and the end is judged.
 */
import fc from "fast-check";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import { canonicalJson } from "../../src/model/digest.ts";
import type { WorkloadKind } from "../../src/model/observation.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { isActive } from "../sim/objects.ts";
import type { Decide, Look } from "../sim/operator.ts";
import { type Agents, imageOf, specOf, type Topology } from "../sim/topology.ts";
import { type Breach, isBorrowed, Safety } from "./safety.ts";

export interface Story {
  readonly topology: Topology;
  /** After how many rounds in good order the script begins: anything may happen at any point of an upgrade. */
  readonly calm: number;
  /** Each number picks who takes the next step, and which of their possible ones. */
  readonly script: readonly number[];
}

const strategies = ["RollingUpdate", "Recreate", "OnDelete"] as const;

function agentsOf(component: AgentComponent, kinds: readonly WorkloadKind[], most: number): fc.Arbitrary<Agents[]> {
  const one = fc.record({
    kind: fc.constantFrom(...kinds),
    replicas: fc.nat({ max: 3 }),
    strategy: fc.constantFrom(...strategies),
    isThere: fc.nat({ max: 9 }).map((number) => number === 0),
  });
  return fc.array(one, { maxLength: most, size: "max" }).map((list) =>
    list.map(({ kind, strategy, ...rest }, index) => ({
      ...rest,
      component,
      kind,
      name: `${component}-${index}`,
      // One of the two that the kind has.
      strategy: strategy === (kind === "Deployment" ? "OnDelete" : "Recreate") ? "RollingUpdate" : strategy,
    })),
  );
}

const PAIRS = [
  { from: "newton", to: "ocata" },
  { from: "pike", to: "queens" },
  { from: "2025.1", to: "2025.2" },
] as const;

export const topologies: fc.Arbitrary<Topology> = fc
  .record({
    pair: fc.constantFrom(...PAIRS),
    collectors: agentsOf("collector", ["Deployment", "StatefulSet"], 2),
    notification: agentsOf("notification", ["Deployment", "StatefulSet"], 2),
    polling: agentsOf("polling", ["Deployment", "DaemonSet", "StatefulSet"], 3),
    apis: agentsOf("api", ["Deployment", "DaemonSet"], 2),
    hosts: fc.nat({ max: 3 }),
    skipDatabase: fc.nat({ max: 4 }).map((number) => number === 0),
    apiFirst: fc.boolean(),
  })
  .map(({ pair, collectors, notification, polling, apis, hosts, ...rest }): Topology => {
    const classic = pair.from === "2025.1" ? [] : [...collectors, ...apis];
    const agents = [...notification, ...polling, ...classic].map((each) => {
      const retires = pair.from === "pike" && (each.component === "collector" || each.component === "api");
      return { ...each, isThere: each.isThere === true && !retires };
    });
    const fallback: Agents = { component: "notification", kind: "Deployment", name: "notification-0", replicas: 2 };
    return {
      ...pair,
      ...rest,
      hosts: ["control-0", ...Array.from({ length: hosts }, (_, index) => `compute-${index}`)],
      agents: agents.length === 0 ? [fallback] : agents,
    };
  });

export const stories = (longest: number): fc.Arbitrary<Story> =>
  fc.record({
    topology: topologies,
    calm: fc.nat({ max: 70 }),
    script: fc.array(fc.nat({ max: 2 ** 30 }), { maxLength: longest, size: "max" }),
  });

export interface Ending {
  readonly breaches: readonly Breach[];
  readonly steps: number;
  readonly writes: number;
  readonly phase: string;
}

/** How much of what may happen does happen. */
export interface Weather {
  /** Users, hosts and crashes interfere. */
  readonly chaos: boolean;
  /** The resource may be deleted in the middle. */
  readonly deletion: boolean;
  readonly retarget: boolean;
  /** Only what becomes of the cluster counts, not how a write looks. */
  readonly onlyOutcome?: boolean;
  /** Somebody edits the workloads all the time. */
  readonly storm?: boolean;
}

const ROUNDS = 1500;
/** After this many rounds of rest an operator that still writes does not stop. */
const QUIET_ROUNDS = 5;

export function play(story: Story, decide: Decide, weather: Weather): Ending {
  const { topology, script, calm } = story;
  let looks = 0;
  let writes = 0;
  const unequal: string[] = [];
  const cluster = new ModelCluster(topology, decide, {
    onLook: ({ seen, decision }) => {
      looks += 1;
      // Asked of every seventh look only: it costs as much as the whole decision.
      if (looks % 7 !== 0) return;
      const again = decide(seen);
      if (canonicalJson(again) !== canonicalJson(decision)) unequal.push(decision.headline.reason);
    },
    onWrite: (written) => {
      writes += 1;
      if (weather.onlyOutcome !== true) safety.wrote(written);
    },
    onVerified: (pod) => safety.verified(pod),
  });
  const safety = new Safety(cluster);
  cluster.wish();
  for (let turn = 0; turn < calm; turn += 1) round(cluster);
  const cast = new Cast(cluster, safety, weather);
  for (const number of script) {
    cast.act(number);
    cluster.now += 1000;
    if (safety.breaches.length > 0) return { breaches: safety.breaches, steps: script.length, writes, phase: "unsafe" };
  }
  cast.calm();
  const { phase, rounds } = settle(cluster, safety);
  if (unequal.length > 0) safety.breaches.push({ invariant: "write", message: "the same look, another decision" });
  return { breaches: safety.breaches, steps: script.length + rounds, writes, phase };
}

/** Everybody's turn, in order. What the operator saw and decided, if it looked, and whether anybody did anything. */
function round(cluster: ModelCluster): { look: Look | undefined; moved: boolean } {
  cluster.deliverAll();
  const look = cluster.isDue ? cluster.look() : undefined;
  if (look === undefined) cluster.operator.dirty = false;
  const wrote = look !== undefined && cluster.send(look) !== undefined;
  const answered = cluster.answer(0);
  const moved = cluster.stepOthers();
  cluster.now += 1000;
  return { look, moved: wrote || answered || moved || cluster.operator.behind.length > 0 };
}

function settle(cluster: ModelCluster, safety: Safety): { phase: string; rounds: number } {
  let quiet = 0;
  let rounds = 0;
  let last: Look | undefined;
  cluster.operator.dirty = true;
  for (; rounds < ROUNDS && quiet < QUIET_ROUNDS && safety.breaches.length === 0; rounds += 1) {
    const { look, moved } = round(cluster);
    last = look ?? last;
    quiet = moved ? 0 : quiet + 1;
    const { recheckAt } = cluster.operator;
    if (quiet > 1 && recheckAt !== undefined && recheckAt > cluster.now) {
      cluster.now = recheckAt;
      quiet = 0;
    }
  }
  const { upgrade } = cluster;
  const { phase, headline } = last?.decision ?? { phase: "Deleting", headline: undefined };
  const ended = upgrade === undefined || phase === "Completed" || phase === "NoChange";
  if (safety.breaches.length > 0) return { phase: "unsafe", rounds };
  if (quiet < QUIET_ROUNDS) safety.breaches.push({ invariant: "I11", message: `no rest: ${headline?.message}` });
  else if (!ended) safety.breaches.push({ invariant: "I11", message: `${phase}: ${headline?.message}` });
  else safety.judgeEnd();
  return { phase: upgrade === undefined ? "gone" : phase, rounds };
}

/** Everybody who can take a step. */
class Cast {
  readonly #cluster: ModelCluster;
  readonly #safety: Safety;
  readonly #weather: Weather;
  readonly #lost = new Set<string>();
  #late: Look | undefined;
  #edits = 0;

  constructor(cluster: ModelCluster, safety: Safety, weather: Weather) {
    this.#cluster = cluster;
    this.#safety = safety;
    this.#weather = weather;
  }

  act(number: number): void {
    const cluster = this.#cluster;
    const pick = Math.floor(number / 32);
    const who = number % 32;
    if (this.#weather.storm === true && who % 3 === 0) this.#editWorkload(pick);
    else if (who < 6) {
      if (cluster.isDue) cluster.stepOperator();
    } else if (who < 12) cluster.deliver(pick, 1 + (pick % 4));
    else if (who < 19) cluster.stepController(pick);
    else if (who < 26) cluster.stepKubelet(pick);
    else if (who < 28) cluster.answer(pick);
    else if (who < 29) cluster.now += 60_000;
    else if (this.#weather.chaos) this.#happen(pick);
  }

  /** No more surprises: hosts are back, what was asked for in the middle is over, the wish stays. */
  calm(): void {
    this.#arrive();
    for (const host of this.#lost) this.#cluster.nodes.add(host);
    this.#cluster.rewish((spec) => ({ ...spec, paused: false }));
  }

  /** A request that was under way when its operator died. */
  #arrive(): void {
    const late = this.#late;
    this.#late = undefined;
    if (late !== undefined) this.#cluster.send(late, false);
  }

  #happen(pick: number): void {
    const cluster = this.#cluster;
    const detail = Math.floor(pick / 16);
    switch (pick % 16) {
      case 0:
        cluster.restart();
        return;
      case 1: {
        cluster.look();
        cluster.restart();
        return;
      }
      case 2: {
        const look = cluster.look();
        if (look !== undefined) cluster.send(look, false);
        cluster.restart();
        return;
      }
      case 3:
        this.#late ??= cluster.look();
        cluster.restart();
        return;
      case 4:
        this.#arrive();
        return;
      case 5:
      case 6:
        this.#editWorkload(detail);
        return;
      case 7:
      case 8:
        this.#disturbPod(detail);
        return;
      case 9:
        // Where no agent polled before there is no host to begin on, and several new hosts would all be the first.
        if (cluster.topology.hosts.length > 1) cluster.nodes.add(`compute-${detail % 4}`);
        return;
      case 10:
        this.#loseHost(detail);
        return;
      default:
        this.#editWish(pick % 16, detail);
    }
  }

  #editWorkload(detail: number): void {
    const { workloads, api } = this.#cluster;
    const workload = workloads[detail % workloads.length];
    if (workload === undefined) return;
    this.#edits += 1;
    const { metadata, spec } = workload;
    const how = Math.floor(detail / 16) % 3;
    if (how === 0) {
      const annotations = { ...metadata.annotations, "example.org/edit": String(this.#edits) };
      api.update(workload, { metadata: { ...metadata, annotations } });
      return;
    }
    // What is down or pinned at the moment is left alone: whoever starts a pod there has broken an invariant himself.
    if (isBorrowed(workload) || spec.replicas === 0) return;
    // A number that the wish names is not the workload's own.
    const wished = this.#cluster.spec?.components.notification?.replicas !== undefined;
    if (how === 1 && spec.replicas !== undefined && !wished) {
      const replicas = 1 + (Math.floor(detail / 64) % 3);
      this.#safety.scaled(metadata.name, replicas);
      api.update(workload, { spec: { ...spec, replicas } });
      return;
    }
    const [container] = spec.template.spec.containers;
    if (container === undefined) return;
    const containers = [{ ...container, env: [{ name: "EDIT", value: String(this.#edits) }] }];
    const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
    api.update(workload, { spec: { ...spec, template } });
  }

  #disturbPod(detail: number): void {
    const { api, pods } = this.#cluster;
    const active = pods.filter(isActive);
    const pod = active[detail % Math.max(1, active.length)];
    if (pod === undefined || pod.metadata.ownerReferences?.[0]?.kind === "Job") return;
    const how = Math.floor(detail / 64) % 3;
    if (how === 0) api.remove({ kind: "Pod", namespace: "openstack", name: pod.metadata.name });
    else if (how === 1) api.update(pod, { status: { ...pod.status, phase: "Failed", conditions: [] } });
    else api.update(pod, { status: { ...pod.status, conditions: [] } });
  }

  #loseHost(detail: number): void {
    const cluster = this.#cluster;
    const name = cluster.nodes.names[detail % cluster.nodes.names.length];
    // The last host that an agent is known to have polled on stays, or nobody could say where to begin.
    if (name === undefined || name === "control-0" || cluster.nodes.names.length < 3) return;
    this.#lost.add(name);
    cluster.nodes.remove(name);
    for (const pod of cluster.pods) if (pod.spec.nodeName === name) cluster.api.erase(pod);
  }

  #editWish(what: number, detail: number): void {
    const cluster = this.#cluster;
    const edit = (change: (spec: SpecInput) => SpecInput): void => cluster.rewish(change);
    if (what === 11) edit((spec) => ({ ...spec, paused: spec.paused !== true }));
    else if (what === 12) edit((spec) => ({ ...spec, progressDeadlineSeconds: 60 + (detail % 600) }));
    else if (what === 13) edit((spec) => ({ ...spec, retryAttempt: (spec.retryAttempt ?? 0) + 1 }));
    else if (what === 14 && this.#weather.retarget) {
      const how = detail % 8;
      if (how === 6) this.#wishReplicas(1 + (Math.floor(detail / 8) % 4));
      if (how === 7) this.#dropTarget();
      if (how > 5) return;
      const image = imageOf(["", "-1", "-2"].map((end) => `${cluster.topology.to}${end}`)[how % 3] ?? "");
      this.#safety.wished(image);
      edit((spec) => ({ ...spec, target: { ...spec.target, image } }));
    } else if (what === 15 && this.#weather.deletion && detail % 3 === 0) {
      this.#safety.isDeleting = true;
      cluster.unwish();
    }
  }

  /** The resource no longer names one of several workloads of a component: that is the user's own affair from now on. */
  #dropTarget(): void {
    const polling = this.#cluster.spec?.components.polling;
    const [first, ...rest] = polling?.targets ?? [];
    if (polling === undefined || first === undefined || rest.length === 0) return;
    this.#safety.dropped(first.name ?? "");
    this.#cluster.rewish((spec) => ({
      ...spec,
      components: { ...spec.components, polling: { ...polling, targets: rest } },
    }));
  }

  #wishReplicas(replicas: number): void {
    const { notification } = specOf(this.#cluster.topology).components;
    if (notification === undefined) return;
    for (const { name = "" } of notification.targets) this.#safety.wishedReplicas(name, replicas);
    this.#cluster.rewish((spec) => ({
      ...spec,
      components: { ...spec.components, notification: { ...notification, replicas } },
    }));
  }
}
