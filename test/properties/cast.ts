/**
 * Everybody who takes part in a story: the operator, controllers, kubelets and watches, and, where the weather says so, users,
 * crashes and hosts that come and go. A number says who is next and which of their possible steps it is.
 */
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import type { ModelCluster } from "../sim/model-cluster.ts";
import { isActive } from "../sim/objects.ts";
import type { Look } from "../sim/operator.ts";
import { imageOf, specOf } from "../sim/topology.ts";
import type { Judge } from "./judge.ts";
import { isBorrowed } from "./safety.ts";

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

/** Everybody who can take a step. */
export class Cast {
  readonly #cluster: ModelCluster;
  readonly #safety: Judge;
  readonly #weather: Weather;
  readonly #lost = new Set<string>();
  #late: Look | undefined;
  #edits = 0;

  constructor(cluster: ModelCluster, safety: Judge, weather: Weather) {
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
    else if (who < 28) {
      cluster.answer(pick);
      cluster.giveWord();
    } else if (who < 29) cluster.now += 60_000;
    else if (this.#weather.chaos) this.#happen(pick);
  }

  /** No more surprises: hosts are back, what was asked for in the middle is over, the wish stays. */
  calm(): void {
    this.#arrive();
    if (this.#lost.size > 0) this.#disturbHosts();
    for (const host of this.#lost) this.#cluster.nodes.add(host);
    if (this.#cluster.spec?.only !== undefined) this.#safety.replanned();
    this.#cluster.rewish(({ only: _, ...spec }) => ({ ...spec, paused: false }));
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
        if (cluster.topology.hosts.length > 1) {
          this.#disturbHosts();
          cluster.nodes.add(`compute-${detail % 4}`);
        }
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
    // What the operator made for a while is nobody else's.
    const others = workloads.filter(({ metadata }) => metadata.ownerReferences === undefined);
    const workload = others[detail % Math.max(1, others.length)];
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
      this.#safety.disturbed(metadata.name);
      api.update(workload, { spec: { ...spec, replicas } });
      return;
    }
    const [container] = spec.template.spec.containers;
    if (container === undefined) return;
    const containers = [{ ...container, env: [{ name: "EDIT", value: String(this.#edits) }] }];
    const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
    this.#safety.disturbed(metadata.name);
    api.update(workload, { spec: { ...spec, template } });
  }

  #disturbPod(detail: number): void {
    const { api, pods } = this.#cluster;
    const active = pods.filter(isActive);
    const pod = active[detail % Math.max(1, active.length)];
    if (pod === undefined || pod.metadata.ownerReferences?.[0]?.kind === "Job") return;
    this.#safety.disturbed(pod.metadata.labels?.["app"] ?? "");
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
    this.#disturbHosts();
    cluster.nodes.remove(name);
    for (const pod of cluster.pods) {
      if (pod.spec.nodeName !== name) continue;
      this.#safety.disturbed(pod.metadata.labels?.["app"] ?? "");
      cluster.api.erase(pod);
    }
  }

  #disturbHosts(): void {
    for (const { kind, metadata, spec } of this.#cluster.workloads) {
      if (kind === "DaemonSet") this.#safety.disturbed(spec.selector.matchLabels["app"] ?? metadata.name);
    }
  }

  #editWish(what: number, detail: number): void {
    const cluster = this.#cluster;
    const edit = (change: (spec: SpecInput) => SpecInput): void => cluster.rewish(change);
    if (what === 11) edit((spec) => ({ ...spec, paused: spec.paused !== true }));
    else if (what === 12) edit((spec) => ({ ...spec, progressDeadlineSeconds: 60 + (detail % 600) }));
    else if (what === 13) edit((spec) => ({ ...spec, retryAttempt: (spec.retryAttempt ?? 0) + 1 }));
    else if (what === 14 && this.#weather.retarget) {
      const how = detail % 8;
      this.#safety.replanned();
      if (how === 5 && cluster.topology.partial !== undefined) {
        this.#wishOnly(Math.floor(detail / 8));
        return;
      }
      if (how === 6) this.#wishReplicas(1 + (Math.floor(detail / 8) % 4));
      if (how === 7) this.#dropTarget();
      if (how > 5) return;
      const image = imageOf(["", "-1", "-2"].map((end) => `${cluster.topology.to}${end}`)[how % 3] ?? "");
      this.#safety.wished(image);
      edit((spec) => ({ ...spec, target: { ...spec.target, image } }));
    } else if (what === 15 && this.#weather.deletion && detail % 3 === 0) {
      this.#safety.isDeleting = true;
      cluster.unwish(Math.floor(detail / 3) % 2 === 1);
    }
  }

  /** Another part of the upgrade first, or all of it again. */
  #wishOnly(pick: number): void {
    const parts = [["database", "notification"], ["database", "polling"], undefined] as const;
    const only = parts[pick % parts.length];
    const { spec } = this.#cluster;
    const exists = only === undefined || spec?.components[only[1]] !== undefined;
    if (!exists) return;
    this.#cluster.rewish(({ only: _, ...rest }) => ({ ...rest, ...(only === undefined ? {} : { only: [...only] }) }));
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
