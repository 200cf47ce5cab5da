/** A namespace of the real control plane as a world. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { isKubeObject, isStored, type StoredObject } from "../../../src/kube/object.ts";
import type { Answer } from "../../../tools/control-plane/api.ts";
import type { ClusterAccess } from "../../../tools/control-plane/cluster.ts";
import { type Watch, watchCollection } from "../../../tools/control-plane/watch.ts";
import { eventually } from "../resource.ts";
import { collectionOf } from "../scene.ts";
import { create, read, uniqueName } from "../shared-cluster.ts";
import { isSame, type PodSight, type Ref, type Rest, type Said, Sights, type World } from "./world.ts";

const PATIENCE = 30_000;

const podSchema = z
  .object({
    metadata: z.object({ name: z.string(), uid: z.string(), deletionTimestamp: z.string().optional() }),
    spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
    status: z.object({
      phase: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    }),
  })
  .transform(({ metadata, spec, status }) => {
    const pod: PodSight = {
      name: metadata.name,
      tag: spec.containers[0]?.image.split(":").at(-1) ?? "",
      isReady: status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
      isTerminating: metadata.deletionTimestamp !== undefined,
      hasEnded: status.phase === "Succeeded" || status.phase === "Failed",
    };
    return { uid: metadata.uid, pod };
  });
const named = z.object({ metadata: z.object({ name: z.string() }) });

function storedOf(text: string): StoredObject | undefined {
  const object: unknown = JSON.parse(text);
  return isKubeObject(object) && isStored(object) ? object : undefined;
}

const refusal = z.object({ reason: z.string().optional(), message: z.string().optional() });

function saidOf({ status, text }: Answer): Said {
  if (status >= 300) return { code: status, ...refusal.parse(JSON.parse(text)) };
  const object = storedOf(text);
  return object === undefined ? { code: status } : { code: status, object };
}

/** As the model calls whoever gives no name. */
const written = (path: string, by = "somebody"): string => `${path}?fieldManager=${by}`;

/** Kinds that no scene creates. */
const OTHERS: Readonly<Record<string, string>> = {
  Pod: "/api/v1/namespaces/*/pods",
  Job: "/apis/batch/v1/namespaces/*/jobs",
};

/** Whose cluster makes ConfigMaps of its own in every namespace. */
const isOwn = (name: string): boolean => name !== "kube-root-ca.crt";

export class RealWorld implements World, AsyncDisposable {
  readonly #cluster: ClusterAccess;
  readonly #namespace: string;
  readonly #sights = new Sights();
  readonly #events: string[] = [];
  readonly #watches: readonly Watch[];

  private constructor(cluster: ClusterAccess, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    let last = 0;
    this.#watches = [
      watchCollection(cluster.api, pods, podSchema, ({ type, object }) =>
        this.#sights.change(object.uid, type === "DELETED" ? undefined : object.pod),
      ),
      watchCollection(cluster.api, collectionOf("ConfigMap", namespace), named, ({ type, object, revision }) => {
        if (!isOwn(object.metadata.name)) return;
        this.#events.push(revision > last ? type : `${type} of an older version`);
        last = revision;
      }),
    ];
  }

  static async open(cluster: ClusterAccess): Promise<RealWorld> {
    const name = uniqueName("conformance");
    await create(cluster, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const world = new RealWorld(cluster, name);
    await Promise.all(world.#watches.map((watch) => watch.synced));
    return world;
  }

  async create(...[object, by]: Parameters<World["create"]>): Promise<Said> {
    const { kind = "" } = object;
    return saidOf(await this.#cluster.api.request("POST", written(this.#collection(kind), by), object));
  }

  async patchJson(...[ref, operations, by]: Parameters<World["patchJson"]>): Promise<Said> {
    const contentType = "application/json-patch+json";
    return saidOf(await this.#cluster.api.request("PATCH", written(this.#path(ref), by), operations, { contentType }));
  }

  async patchMerge(...[ref, patch, by]: Parameters<World["patchMerge"]>): Promise<Said> {
    const contentType = "application/merge-patch+json";
    return saidOf(await this.#cluster.api.request("PATCH", written(this.#path(ref), by), patch, { contentType }));
  }

  async apply(...[object, { manager, force = false }]: Parameters<World["apply"]>): Promise<Said> {
    const contentType = "application/apply-patch+yaml";
    const { kind = "", metadata } = object;
    const path = `${written(this.#path({ kind, name: metadata.name }), manager)}&force=${force}`;
    return saidOf(await this.#cluster.api.request("PATCH", path, object, { contentType }));
  }

  async scale(...[ref, replicas, by]: Parameters<World["scale"]>): Promise<Said> {
    const contentType = "application/merge-patch+json";
    const path = written(`${this.#path(ref)}/scale`, by);
    return saidOf(await this.#cluster.api.request("PATCH", path, { spec: { replicas } }, { contentType }));
  }

  async patchStatus(...[ref, operations]: Parameters<World["patchStatus"]>): Promise<Said> {
    const contentType = "application/json-patch+json";
    return saidOf(await this.#cluster.api.request("PATCH", `${this.#path(ref)}/status`, operations, { contentType }));
  }

  async replace(object: Parameters<World["replace"]>[0]): Promise<Said> {
    const { kind = "", metadata } = object;
    return saidOf(await this.#cluster.api.request("PUT", written(this.#path({ kind, name: metadata.name })), object));
  }

  async remove(...[ref, preconditions]: Parameters<World["remove"]>): Promise<Said> {
    const options = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };
    const body = preconditions === undefined ? options : { ...options, preconditions };
    return saidOf(await this.#cluster.api.request("DELETE", this.#path(ref), body));
  }

  async get(ref: Ref): Promise<StoredObject | undefined> {
    const found = await read(this.#cluster, this.#path(ref));
    return isKubeObject(found) && isStored(found) ? found : undefined;
  }

  async pods(): Promise<readonly PodSight[]> {
    await this.#watches[0]?.caughtUp();
    return this.#sights.pods;
  }

  async rest(look: () => Promise<Rest>, wanted: Rest | undefined): Promise<Rest> {
    let last: Rest = {};
    const came = async (): Promise<boolean> => {
      last = await look();
      return wanted === undefined || isSame(last, wanted);
    };
    // What it came to instead says more than that it did not.
    await eventually(came, () => "", PATIENCE).catch(() => undefined);
    // Which of two pods of a host counts is decided by the second in which they were made, and by their random names within one.
    await pause(1000 - (Date.now() % 1000));
    return last;
  }

  seen: World["seen"] = () => this.#sights.take();

  async events(): Promise<readonly string[]> {
    await this.#watches[1]?.caughtUp();
    return this.#events;
  }

  #collection(kind: string): string {
    const plural = OTHERS[kind];
    return plural === undefined ? collectionOf(kind, this.#namespace) : plural.replace("*", this.#namespace);
  }

  #path({ kind, name }: Ref): string {
    return `${this.#collection(kind)}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const kind of ["Deployment", "DaemonSet", "StatefulSet"]) {
      await this.#cluster.api.request("DELETE", collectionOf(kind, this.#namespace), {
        propagationPolicy: "Background",
      });
    }
    await Promise.all(this.#watches.map((watch) => watch.stop()));
  }
}
