/**
 * The least that can do the same steps in the same order: raw requests, three watches, a write as soon as an event allows it.
 * It checks nothing, records nothing, tells nothing and survives nothing. What the operator needs longer is what its safety costs.
 *
 * A process of its own, as the operator is one; it is told by its parent where to work and when to begin.
 */
import { once } from "node:events";
import { Agent, request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import {
  deploymentName,
  deploymentsPath,
  MIGRATION,
  newImage,
  PARTS,
  type Part,
  POLLED,
  RUN_LABEL,
  STRATEGIES,
} from "./scene.ts";

const orderSchema = z.object({
  server: z.string(),
  ca: z.string(),
  cert: z.string().optional(),
  key: z.string().optional(),
  run: z.string(),
  namespaces: z.array(z.string()),
  replicas: z.int(),
  strategy: z.enum(STRATEGIES),
});
export type Order = z.infer<typeof orderSchema>;

const count = z.int().default(0);
const objectSchema = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    resourceVersion: z.string(),
    generation: z.int().default(0),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      succeeded: count,
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    })
    .prefault({}),
});
type Seen = z.infer<typeof objectSchema>;
const eventSchema = z.object({ type: z.enum(["ADDED", "MODIFIED", "DELETED"]), object: objectSchema });

/** Milliseconds between two looks at a log: it has no watch. */
const LOG_INTERVAL = 20;
const USER_AGENT = "lower-bound";

class LowerBound {
  readonly #order: Order;
  readonly #agent: Agent;
  /** By namespace, then by kind and name: of a thousand upgrades, each looks at its own objects only. */
  readonly #seen = new Map<string, Map<string, Seen>>();
  readonly #waiting = new Map<string, () => void>();

  constructor(order: Order) {
    this.#order = order;
    this.#agent = new Agent({ keepAlive: true, ca: order.ca, cert: order.cert, key: order.key });
  }

  /** Resolves when every watch is open and a connection for the writes is, too. */
  async open(): Promise<void> {
    const collections = ["/apis/apps/v1/deployments", "/api/v1/pods", "/apis/batch/v1/jobs"];
    await Promise.all([...collections.map((path) => this.#watch(path)), this.#ask("GET", "/version")]);
  }

  async upgradeAll(): Promise<void> {
    await Promise.all(this.#order.namespaces.map((namespace) => this.#upgrade(namespace)));
  }

  async #upgrade(namespace: string): Promise<void> {
    await this.#migrate(namespace);
    if (this.#order.strategy === "Partial") {
      for (const part of PARTS) await this.#start(namespace, part, this.#order.replicas);
      return;
    }
    await this.#stopThenStart(namespace, "collector");
    await this.#stopThenStart(namespace, "notification");
    await this.#poll(namespace);
    await this.#stopThenStart(namespace, "api");
  }

  async #migrate(namespace: string): Promise<void> {
    const name = "ceilometer-upgrade";
    const container = { name: "upgrade", image: newImage(this.#order.strategy), command: MIGRATION };
    const labels = { [RUN_LABEL]: this.#order.run };
    const template = { metadata: { labels }, spec: { restartPolicy: "Never", containers: [container] } };
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name, labels }, spec: { template } };
    await this.#ask("POST", `/apis/batch/v1/namespaces/${namespace}/jobs`, job);
    const complete = (seen: Seen | undefined): boolean =>
      seen?.status.conditions.some(({ type, status }) => type === "Complete" && status === "True") === true;
    await this.#until(namespace, () => complete(this.#of(namespace).get(`Job/${name}`)));
  }

  async #stopThenStart(namespace: string, part: Part): Promise<void> {
    await this.#stop(namespace, part);
    await this.#start(namespace, part, this.#order.replicas);
  }

  async #poll(namespace: string): Promise<void> {
    await this.#stop(namespace, "central");
    await this.#start(namespace, "central", 1);
    await this.#polled(namespace);
    if (this.#order.replicas > 1) await this.#scale(namespace, "central", { replicas: this.#order.replicas });
  }

  async #stop(namespace: string, part: Part): Promise<void> {
    await this.#patch(namespace, part, { replicas: 0 });
    await this.#until(namespace, () => this.#pods(namespace, part).length === 0);
  }

  #start(namespace: string, part: Part, replicas: number): Promise<void> {
    const containers = [{ name: deploymentName(part), image: newImage(this.#order.strategy) }];
    return this.#scale(namespace, part, { replicas, template: { spec: { containers } } });
  }

  async #scale(
    namespace: string,
    part: Part,
    spec: { readonly replicas: number; readonly template?: object },
  ): Promise<void> {
    const generation = await this.#patch(namespace, part, spec);
    await this.#until(namespace, () => {
      const status = this.#of(namespace).get(`Deployment/${deploymentName(part)}`)?.status;
      if (status === undefined || status.observedGeneration < generation) return false;
      return [status.replicas, status.updatedReplicas, status.availableReplicas].every(
        (each) => each === spec.replicas,
      );
    });
  }

  /** Answers the generation that came of it. A strategic merge, so that a container is found by its name. */
  async #patch(namespace: string, part: Part, spec: object): Promise<number> {
    const path = `${deploymentsPath(namespace)}/${deploymentName(part)}`;
    const text = await this.#ask("PATCH", path, { spec }, "application/strategic-merge-patch+json");
    return objectSchema.parse(JSON.parse(text)).metadata.generation;
  }

  async #polled(namespace: string): Promise<void> {
    const [pod] = this.#pods(namespace, "central");
    const path = `/api/v1/namespaces/${namespace}/pods/${pod?.metadata.name}/log`;
    for (;;) {
      const log = await this.#ask("GET", path).catch(() => "");
      if (log.includes(POLLED)) return;
      await pause(LOG_INTERVAL);
    }
  }

  #pods(namespace: string, part: Part): readonly Seen[] {
    return [...this.#of(namespace).values()].filter(
      ({ kind, metadata }) => kind === "Pod" && metadata.labels["component"] === part,
    );
  }

  #of(namespace: string): Map<string, Seen> {
    const known = this.#seen.get(namespace) ?? new Map<string, Seen>();
    this.#seen.set(namespace, known);
    return known;
  }

  #until(namespace: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(namespace);
        resolve();
      };
      this.#waiting.set(namespace, look);
      look();
    });
  }

  /** Answers the version that it has come to. */
  #take(line: string): string {
    const { type, object } = eventSchema.parse(JSON.parse(line));
    const { namespace, name, resourceVersion } = object.metadata;
    const key = `${object.kind}/${name}`;
    if (type === "DELETED") this.#of(namespace).delete(key);
    else this.#of(namespace).set(key, object);
    this.#waiting.get(namespace)?.();
    return resourceVersion;
  }

  /**
   * Resolves when it is open. The API server ends the watch of a client that reads too slowly, as this one does of a thousand upgrades;
   * then it goes on from the last version that it has told. A version that is too old is an event that cannot be parsed, and the end.
   */
  #watch(path: string, from = ""): Promise<void> {
    const url = `${path}?watch=1&timeoutSeconds=3600&labelSelector=${RUN_LABEL}%3D${this.#order.run}&resourceVersion=${from}`;
    return new Promise((resolve, reject) => {
      const asked = request(new URL(url, this.#order.server), this.#options("GET"), (response) => {
        let rest = "";
        let reached = from;
        response.setEncoding("utf8").on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) reached = this.#take(line);
        });
        // Torn or ended, it goes on.
        response.on("error", () => undefined).on("close", () => void this.#watch(path, reached));
        resolve();
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  #options(method: string, headers: Readonly<Record<string, string>> = {}) {
    return { method, agent: this.#agent, headers: { "user-agent": USER_AGENT, ...headers } };
  }

  #ask(method: string, path: string, body?: object, type = "application/json"): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = this.#options(method, body === undefined ? {} : { "content-type": type });
      const asked = request(new URL(path, this.#order.server), options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          if ((response.statusCode ?? 0) < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

const message: readonly unknown[] = await once(process, "message");
const driver = new LowerBound(orderSchema.parse(message[0]));
await driver.open();
process.send?.("ready");
await once(process, "message");
await driver.upgradeAll();
process.send?.("done");
