/**
 * I5 as a predicate: how many agents are available never falls below what the workload's own strategy allows, but for as many
 * windows as I6 and I7 make necessary; and but for these no two workloads of a component give up capacity at one time.
 */
import { OFFLINE_NODE_SELECTOR } from "../../src/api/v1alpha1/names.ts";
import type { AgentComponent } from "../../src/model/component.ts";
import type { ModelCluster } from "../sim/model-cluster.ts";
import { isActive, isReady, type WorkloadObject } from "../sim/objects.ts";
import type { Agents } from "../sim/topology.ts";
import { mayBeUnavailable } from "../support/capacity-floor.ts";
import { windowsOf } from "./windows.ts";

interface Watched {
  readonly agents: Agents;
  /** As many as its owner wants. */
  wanted: number;
  /** As many as the resource asks for, if it does. */
  wished: number;
  available: number;
  /** One stop and one start of all of its agents is under way. */
  isBelow: boolean;
  windows: number;
  /** Asked to run nowhere, and not whole again since. */
  isStopped: boolean;
  /** Somebody else took something away: nothing is asked until it is whole again. */
  isDisturbed: boolean;
}

export class Capacity {
  readonly #cluster: ModelCluster;
  readonly #watched = new Map<string, Watched>();
  readonly #breach: (message: string) => void;
  /** Each of them may have its windows. */
  attempts = 1;

  constructor(cluster: ModelCluster, breach: (message: string) => void) {
    this.#cluster = cluster;
    this.#breach = breach;
    for (const agents of cluster.topology.agents) {
      const available = this.#available(agents.name);
      const own = {
        agents,
        wanted: available,
        wished: Number.POSITIVE_INFINITY,
        available,
        isBelow: false,
        windows: 0,
        isStopped: false,
        isDisturbed: false,
      };
      if (!retires(cluster, agents.component)) this.#watched.set(agents.name, own);
    }
  }

  disturbed(name: string): void {
    const own = this.#watched.get(name);
    if (own !== undefined) own.isDisturbed = true;
  }

  wished(name: string, replicas: number): void {
    const own = this.#watched.get(name);
    if (own !== undefined) own.wished = replicas;
  }

  dropped(name: string): void {
    this.#watched.delete(name);
  }

  /** Asked after every change of a pod of this workload. */
  judge(name: string): void {
    const own = this.#watched.get(name);
    if (own === undefined || own.agents.component === "api") return;
    own.available = this.#available(name);
    own.isStopped = this.#isOff(name) || (own.isStopped && own.available < own.wanted);
    if (own.isDisturbed) own.isBelow = false;
    else this.#judgeFloor(own);
    this.#judgeTogether(own.agents);
  }

  #judgeFloor(own: Watched): void {
    const { agents, available, wanted } = own;
    const floor = wanted - this.#mayMiss(own);
    const isBelow = available < floor;
    if (isBelow && !own.isBelow) {
      own.windows += 1;
      const allowed = windowsOf(this.#cluster.topology, { ...agents, replicas: wanted }) * this.attempts;
      if (own.windows > allowed) {
        this.#breach(
          `${agents.name} has ${available} agents of at least ${floor}, window ${own.windows} of ${allowed}`,
        );
      }
    }
    own.isBelow = isBelow;
  }

  /** What the workloads outside a window miss together is what one of them may miss. */
  #judgeTogether({ component, pollingNamespace }: Agents): void {
    const mates = [...this.#watched.values()].filter(
      (each) =>
        each.agents.component === component &&
        each.agents.pollingNamespace === pollingNamespace &&
        !each.isBelow &&
        !each.isStopped &&
        !each.isDisturbed,
    );
    const missing = mates.map((each) => Math.max(0, each.wanted - each.available));
    const most = Math.max(0, ...mates.map((each) => this.#mayMiss(each)));
    const short = missing.filter((count) => count > 0).length;
    const sum = missing.reduce((total, count) => total + count, 0);
    if (short > 1 && sum > most) this.#breach(`${short} workloads of the ${component} miss ${sum} agents together`);
  }

  #mayMiss({ agents, wanted }: Watched): number {
    const { strategy = "RollingUpdate", maxSurge, maxUnavailable } = agents;
    const rollingUpdate = { maxSurge, maxUnavailable };
    return mayBeUnavailable(agents.kind, wanted, JSON.stringify({ type: strategy, rollingUpdate }));
  }

  /** Everything is whole again: from now on it is judged again, by what its owner wants now. */
  calm(): void {
    for (const [name, own] of this.#watched) {
      if (!own.isDisturbed || own.isStopped) continue;
      own.isDisturbed = false;
      const hosts = this.#cluster.nodes.matching({ role: "compute" }).length;
      const asked = Math.min(this.#workload(name)?.spec.replicas ?? own.wanted, own.wished);
      own.wanted = own.agents.kind === "DaemonSet" ? hosts : asked;
    }
  }

  #isOff(name: string): boolean {
    const { spec } = this.#workload(name) ?? {};
    return spec?.replicas === 0 || OFFLINE_NODE_SELECTOR in (spec?.template.spec.nodeSelector ?? {});
  }

  #workload(name: string): WorkloadObject | undefined {
    return this.#cluster.workloads.find(({ metadata }) => metadata.name === name);
  }

  /** Of a DaemonSet hosts count, which may have two for a while. */
  #available(name: string): number {
    const pods = this.#cluster.pods.filter((pod) => pod.metadata.labels?.["app"] === name);
    const ready = pods.filter((pod) => isActive(pod) && isReady(pod));
    const isDaemon = this.#workload(name)?.kind === "DaemonSet";
    return isDaemon ? new Set(ready.map(({ spec }) => spec.nodeName)).size : ready.length;
  }
}

function retires({ topology }: ModelCluster, component: AgentComponent): boolean {
  return topology.from === "pike" && topology.to === "queens" && (component === "collector" || component === "api");
}
