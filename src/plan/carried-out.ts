/**
 * An ideal cluster after a write: what the API server makes of it, and then every controller. A write that a real API server
 * would refuse is a mistake in deciding, because an ideal cluster is never stale.
 */
import { z } from "zod";
import { HOSTNAME_NODE_SELECTOR, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import { isLive, selects } from "../model/agent.ts";
import { parseRecord, RECORD_KEY } from "../model/attempt.ts";
import { canonicalJson, digestText } from "../model/digest.ts";
import type { Labels, Meta } from "../model/meta.ts";
import type { ConfigObject, Workload } from "../model/observation.ts";
import { assertNever, type Effect, type ObjectBody, type ObjectRef, refText } from "../model/outcome.ts";
import {
  findWorkload,
  type IdealCluster,
  listOf,
  podsOfWorkload,
  present,
  settled,
  succeeded,
} from "./ideal-cluster.ts";
import { created, patched, templateOf } from "./workload-document.ts";

/** The cluster after a write, with everything at rest again. */
export function carriedOut(cluster: IdealCluster, effect: Effect): IdealCluster {
  const next = { ...cluster, version: cluster.version + 1n };
  switch (effect.kind) {
    case "create":
      return withObject(next, effect.object);
    case "patch": {
      const workload = existing(findWorkload(next, effect.ref), effect.ref);
      return settled(next, patched(workload, effect.operations, String(next.version)), workload);
    }
    case "annotate":
      return annotated(next, effect);
    case "delete":
      return without(next, effect.ref);
    default:
      return assertNever(effect);
  }
}

function existing<T>(object: T | undefined, ref: Pick<ObjectRef, "kind" | "name">): T {
  if (object === undefined) throw new Error(`${refText(ref)} is written and does not exist`);
  return object;
}

const bodyMeta = z.looseObject({
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
  ownerReferences: z
    .array(z.looseObject({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().optional() }))
    .default([]),
});

function metaOf(cluster: IdealCluster, { kind, metadata }: ObjectBody): Meta {
  const { labels, annotations, finalizers, ownerReferences } = bodyMeta.parse(metadata);
  const owner = ownerReferences.find((each) => each.controller === true);
  const { namespace, name } = metadata;
  return {
    namespace,
    name,
    uid: `${kind}/${name}/${cluster.version}`,
    resourceVersion: String(cluster.version),
    generation: 1,
    labels,
    annotations,
    createdAt: cluster.seen.now,
    finalizers,
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name, uid: owner.uid } }),
    managers: [],
  };
}

const configMapBody = z.looseObject({
  immutable: z.boolean().default(false),
  data: z.record(z.string(), z.string()).default({}),
});
const jobBody = z.looseObject({ spec: z.looseObject({ template: z.unknown() }) });

function withObject(cluster: IdealCluster, object: ObjectBody): IdealCluster {
  const { seen } = cluster;
  const metadata = metaOf(cluster, object);
  switch (object.kind) {
    case "ConfigMap":
      return withConfigMap(cluster, object, metadata);
    case "Job": {
      const template = templateOf(jobBody.parse(object).spec.template);
      const job = succeeded({ metadata, template, active: 0, state: "running" }, seen.now);
      return { ...cluster, seen: { ...seen, jobs: present([...listOf(seen.jobs), job]) } };
    }
    case "Deployment":
    case "DaemonSet":
    case "StatefulSet":
      return withWorkload(cluster, created(object.kind, object, metadata));
    default:
      throw new Error(`no plan knows what a new ${object.kind} does`);
  }
}

function withConfigMap(cluster: IdealCluster, object: ObjectBody, metadata: Meta): IdealCluster {
  const { seen } = cluster;
  const { immutable, data } = configMapBody.parse(object);
  const purpose = metadata.labels[LABEL.purpose];
  if (purpose === "attempt") {
    const record = existing(parseRecord(metadata, data[RECORD_KEY]), {
      kind: "ConfigMap",
      name: metadata.name,
    });
    return { ...cluster, seen: { ...seen, records: present([...listOf(seen.records), record]) } };
  }
  if (purpose !== "configuration" && purpose !== "derived") return cluster;
  const digests = new Map(Object.entries(data).map(([key, text]) => [key, digestText(text)]));
  const copies = [...listOf(seen.copies), { name: metadata.name, immutable, digests, metadata, purpose }];
  const changedAt = metadata.createdAt;
  const file: ConfigObject = { kind: "ConfigMap", metadata, immutable, changedAt, data: new Map(Object.entries(data)) };
  const files = new Map([...seen.files, [`ConfigMap/${metadata.name}`, present(file)] as const]);
  return { ...cluster, seen: { ...seen, copies: present(copies), files } };
}

/** The hosts that a workload asks for, without what the operator asks for it. */
function ownSelector(workload: Workload): string {
  const {
    [OFFLINE_NODE_SELECTOR]: _,
    [HOSTNAME_NODE_SELECTOR]: __,
    ...own
  } = workload.template.spec.nodeSelector ?? {};
  return canonicalJson(own);
}

/** A DaemonSet of the operator's own runs where those do whose hosts it may have: those with the same node selector. */
function withWorkload(cluster: IdealCluster, workload: Workload): IdealCluster {
  const { seen } = cluster;
  const where = ownSelector(workload);
  const alike = listOf(seen.workloads).filter((each) => each.kind === "DaemonSet" && ownSelector(each) === where);
  const hosts = [...new Set(alike.flatMap((each) => cluster.hosts.get(each.metadata.uid) ?? []))];
  const next: IdealCluster = {
    ...cluster,
    seen: { ...seen, workloads: present([...listOf(seen.workloads), workload]) },
    hosts: new Map([...cluster.hosts, [workload.metadata.uid, hosts]]),
  };
  return settled(next, workload);
}

const metadataPatch = z.looseObject({
  labels: z.record(z.string(), z.string().nullable()).default({}),
  annotations: z.record(z.string(), z.string().nullable()).default({}),
  finalizers: z.array(z.string()).optional(),
});

function merged(labels: Labels, patch: Readonly<Record<string, string | null>>): Labels {
  const entries = Object.entries({ ...labels, ...patch });
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function annotated(cluster: IdealCluster, effect: Extract<Effect, { kind: "annotate" }>): IdealCluster {
  const { seen } = cluster;
  const { ref } = effect;
  const change = (meta: Meta): Meta => {
    if (meta.uid !== effect.uid || meta.resourceVersion !== effect.resourceVersion) {
      throw new Error(`${refText(ref)} is written on another version than it has`);
    }
    const { labels, annotations, finalizers } = metadataPatch.parse(effect.metadata);
    return {
      ...meta,
      resourceVersion: String(cluster.version),
      labels: merged(meta.labels, labels),
      annotations: merged(meta.annotations, annotations),
      finalizers: finalizers ?? meta.finalizers,
    };
  };
  if (ref.kind === "CeilometerUpgrade") {
    const upgrade = { ...seen.upgrade, metadata: change(seen.upgrade.metadata) };
    return { ...cluster, seen: { ...seen, upgrade } };
  }
  if (ref.kind === "ConfigMap") {
    const records = listOf(seen.records);
    const record = existing(
      records.find((each) => each.metadata.name === ref.name),
      ref,
    );
    const metadata = change(record.metadata);
    const next = existing(parseRecord(metadata, canonicalJson(record)), ref);
    return { ...cluster, seen: { ...seen, records: present(records.map((each) => (each === record ? next : each))) } };
  }
  const workload = existing(findWorkload(cluster, ref), ref);
  return settled(cluster, { ...workload, metadata: change(workload.metadata) });
}

function without(cluster: IdealCluster, ref: ObjectRef): IdealCluster {
  const { seen } = cluster;
  const isIt = (each: { readonly metadata: Meta }): boolean => each.metadata.name === ref.name;
  switch (ref.kind) {
    case "Pod": {
      const pod = existing(listOf(seen.pods).find(isIt), ref);
      const pods = present(listOf(seen.pods).filter((each) => each !== pod));
      const owner = listOf(seen.workloads).find((each) => isLive(pod) && selects(each.matchLabels, pod));
      const next = { ...cluster, seen: { ...seen, pods } };
      return owner === undefined ? next : settled(next, owner);
    }
    case "Job":
      return { ...cluster, seen: { ...seen, jobs: present(listOf(seen.jobs).filter((each) => !isIt(each))) } };
    case "ConfigMap": {
      const records = present(listOf(seen.records).filter((each) => !isIt(each)));
      const copies = present(listOf(seen.copies).filter((each) => each.name !== ref.name));
      return { ...cluster, seen: { ...seen, records, copies } };
    }
    default: {
      const workload = existing(findWorkload(cluster, ref), ref);
      const own = new Set(podsOfWorkload(cluster, workload));
      const pods = present(listOf(seen.pods).filter((pod) => !own.has(pod)));
      const workloads = present(listOf(seen.workloads).filter((each) => each !== workload));
      return { ...cluster, seen: { ...seen, workloads, pods } };
    }
  }
}
