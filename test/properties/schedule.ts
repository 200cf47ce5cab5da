/**
 * One order of everybody's steps in a small world: in turns, except where a deviation says otherwise. The same deviations tell the
 * same story, so that a search replays instead of copying clusters.
 */
import { createHash } from "node:crypto";
import { jobsOf, stepJob, stepPod } from "../sim/kubelet.ts";
import { ModelCluster } from "../sim/model-cluster.ts";
import { isJob, isPod, isReplicaSet, isWorkload } from "../sim/objects.ts";
import type { Decide } from "../sim/operator.ts";
import type { Topology } from "../sim/topology.ts";
import { stepReplicaSet, stepWorkload } from "../sim/workload-controllers.ts";
import type { Breach, Judge } from "./judge.ts";

/**
 * `late`: whoever would have moved misses this turn. `asleep`: they sleep until nobody else can move. `restart`: the operator is
 * another process by then. `lost`: its write is carried out and its answer is lost.
 */
export const FAULTS = ["restart", "lost"] as const;
export const DELAYS = ["late", "asleep"] as const;
export interface Deviation {
  /** How many moves there were before. */
  readonly at: number;
  readonly kind: (typeof FAULTS)[number] | (typeof DELAYS)[number];
}

export interface World {
  readonly topology: Topology;
  readonly decide: Decide;
  readonly judge: (cluster: ModelCluster) => Judge;
}

export interface Told {
  readonly breaches: readonly Breach[];
  /** Who moved, one after the other. */
  readonly moves: readonly string[];
  readonly phase: string;
  /** It came to a state that was gone on from before. */
  readonly isKnown: boolean;
}

const MOST_MOVES = 3000;
const OPERATOR = "operator";

export class Schedule {
  readonly #cluster: ModelCluster;
  readonly #judge: Judge;
  readonly #deviations: ReadonlyMap<number, Deviation["kind"]>;
  readonly #moves: string[] = [];
  readonly #asleep = new Set<string>();

  constructor({ topology, decide, judge }: World, deviations: readonly Deviation[]) {
    this.#cluster = new ModelCluster(topology, decide, {
      onWrite: (written) => this.#judge.wrote(written),
      onVerified: (pod) => this.#judge.verified(pod),
    });
    this.#judge = judge(this.#cluster);
    this.#deviations = new Map(deviations.map(({ at, kind }) => [at, kind]));
    this.#cluster.wish();
  }

  /** Until all is at rest; or, after the last deviation, until `isKnown` says that this state was gone on from. */
  tell(isKnown: (state: string) => boolean): Told {
    const cluster = this.#cluster;
    const { breaches } = this.#judge;
    const last = Math.max(-1, ...this.#deviations.keys());
    const told = (phase: string, known = false): Told => ({ breaches, moves: this.#moves, phase, isKnown: known });
    for (let quiet = 0; quiet < 3; ) {
      const moved = this.#turn();
      if (breaches.length > 0) return told("unsafe");
      if (this.#moves.length > MOST_MOVES) {
        breaches.push({ invariant: "I11", message: `no rest within ${MOST_MOVES} moves` });
        return told("restless");
      }
      if (moved && this.#moves.length > last && isKnown(this.#state())) return told("known", true);
      quiet = moved ? 0 : quiet + 1;
      if (moved) continue;
      if (this.#asleep.size > 0) {
        this.#asleep.clear();
        quiet = 0;
      } else if ((cluster.operator.recheckAt ?? 0) > cluster.now) {
        // Time passes where nothing else does, so that the order of steps alone makes no other state.
        cluster.now = cluster.operator.recheckAt ?? cluster.now;
        quiet = 0;
      }
    }
    const phase = cluster.look()?.decision.phase ?? "gone";
    if (phase === "Completed") this.#judge.judgeEnd();
    else breaches.push({ invariant: "I11", message: `it ends as ${phase}` });
    return told(phase);
  }

  /** Everybody's turn once, as they are at its beginning. */
  #turn(): boolean {
    let moved = false;
    for (const [who, step] of this.#everybody()) {
      if (this.#asleep.has(who)) continue;
      const deviation = this.#deviations.get(this.#moves.length);
      // Nobody knows whether a step would be a move before it is made: what has no effect is no move and takes no deviation.
      if (!this.#canMove(who)) continue;
      if (deviation === "late" || deviation === "asleep") {
        if (deviation === "asleep") this.#asleep.add(who);
        this.#moves.push(`${who} is ${deviation}`);
        moved = true;
        continue;
      }
      if (deviation === "restart") {
        this.#cluster.restart();
        this.#moves.push("the operator restarts");
        moved = true;
        continue;
      }
      const before = this.#cluster.api.revision;
      if (deviation === "lost" && who === OPERATOR) {
        const look = this.#cluster.look();
        if (look !== undefined) this.#cluster.send(look, false);
        this.#moves.push(`${who} loses an answer`);
        moved = true;
      } else if (step() || this.#cluster.api.revision !== before) {
        this.#moves.push(who);
        moved = true;
      }
      if (this.#judge.breaches.length > 0) return true;
    }
    return moved;
  }

  #canMove(who: string): boolean {
    return who !== OPERATOR || this.#cluster.isDue;
  }

  #everybody(): readonly (readonly [string, () => boolean])[] {
    const cluster = this.#cluster;
    const { api, nodes } = cluster;
    const now = cluster.now;
    const objects = [...cluster.workloads, ...api.list(isReplicaSet), ...jobsOf(api), ...cluster.pods];
    return [
      ...cluster.operator.behind.map(
        (kind) => [`watch of ${kind}`, () => cluster.operator.deliver(kind, Number.MAX_SAFE_INTEGER)] as const,
      ),
      [OPERATOR, () => cluster.isDue && cluster.stepOperator()],
      ["probes", () => cluster.answer(0)],
      ["person", () => cluster.giveWord()],
      ["broker", () => cluster.broker?.step() === true],
      ...objects.map(({ kind, metadata: { name } }) => {
        const step = (): boolean => {
          const each = api.get(kind, name);
          if (each === undefined) return false;
          if (isWorkload(each)) return stepWorkload(api, nodes, each);
          if (isReplicaSet(each)) return stepReplicaSet(api, nodes, each);
          if (isJob(each)) return stepJob(api, each, now);
          return isPod(each) && stepPod(api, each, now);
        };
        return [`${kind}/${name}`, step] as const;
      }),
    ];
  }

  /**
   * What the future depends on, with names and versions that the order alone has made left out. Two states that differ in nothing
   * else are taken for one, and so are two that differ only in what a judge remembers or in how old the operator's caches are.
   */
  #state(): string {
    const { api, operator, broker, now } = this.#cluster;
    const kinds = [
      "CeilometerUpgrade",
      "ConfigMap",
      "Deployment",
      "StatefulSet",
      "DaemonSet",
      "ReplicaSet",
      "Job",
      "Pod",
    ];
    const objects = kinds.flatMap((kind) => api.ofKind(kind)).map((object) => blurred(JSON.stringify(object)));
    const rest = {
      now,
      dirty: operator.dirty,
      recheckAt: operator.recheckAt,
      asked: operator.asked.map(({ id }) => blurred(`${id} ${operator.verdictOn(id)}`)).toSorted(),
      behind: operator.behind,
      waiting: [...(broker?.waiting ?? [])].toSorted(),
      asleep: [...this.#asleep].map(blurred).toSorted(),
      breaches: this.#judge.breaches.length,
    };
    return createHash("sha1")
      .update(JSON.stringify([objects.toSorted(), rest]))
      .digest("base64");
  }
}

const blurred = (text: string): string =>
  text
    .replaceAll(/uid-\d+/g, "uid")
    .replaceAll(/"resourceVersion":"\d+"/g, "")
    .replaceAll(/(-[0-9a-f]{10}|-compute|polling-[a-z0-9-]+)-\d+\b/g, "$1");
