/**
 * Makes of live objects what a cluster with simulated pods can run: without identity and status, and without what only the real
 * cluster has. Whatever is left out is told.
 */
import { ANNOTATION, GROUP, HOSTNAME_NODE_SELECTOR, OFFLINE_NODE_SELECTOR, VERB } from "../../api/v1alpha1/names.ts";
import type { SpecInput } from "../../api/v1alpha1/schema.ts";
import { isRecord, type KubeObject } from "../../kube/object.ts";

type Json = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

export interface Rehearsable {
  readonly upgrade: KubeObject;
  /** With the namespace and the ServiceAccounts that pods name, in the order in which they can be created. */
  readonly objects: readonly KubeObject[];
  /** Labels that pods ask of their hosts: one kind of host for each of these, as one host has one value of a label. */
  readonly nodeLabels: readonly Labels[];
  /** What differs from the real cluster, in words. */
  readonly differences: readonly string[];
}

const KINDS = [
  "ConfigMap",
  "Secret",
  "CronJob",
  "Job",
  "Deployment",
  "DaemonSet",
  "StatefulSet",
  "HorizontalPodAutoscaler",
];

export function rehearsable(
  namespace: string,
  upgrade: KubeObject,
  spec: SpecInput,
  live: readonly KubeObject[],
): Rehearsable {
  const differences = new Set<string>();
  const cleaned = live
    .filter(({ kind = "" }) => KINDS.includes(kind))
    .toSorted((a, b) => KINDS.indexOf(a.kind ?? "") - KINDS.indexOf(b.kind ?? ""))
    .map((object) => cleanedObject(object, namespace, differences));
  const pods = cleaned.flatMap(podSpecsOf);
  const accounts = new Set(pods.flatMap(({ serviceAccountName: name }) => (typeof name === "string" ? [name] : [])));
  accounts.delete("default");
  return {
    upgrade: cleanedUpgrade(upgrade, namespace, spec, differences),
    objects: [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      ...[...accounts].map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } })),
      ...cleaned,
    ],
    nodeLabels: hostsFor(pods),
    differences: [...differences],
  };
}

/** As few kinds of host as there can be, of which each pod finds one. */
function hostsFor(pods: readonly Json[]): readonly Labels[] {
  const kinds: Record<string, unknown>[] = [];
  for (const { nodeSelector } of pods) {
    if (!isRecord(nodeSelector) || Object.keys(nodeSelector).length === 0) continue;
    const wanted = Object.entries(nodeSelector);
    const found = kinds.find((kind) => wanted.every(([key, value]) => (kind[key] ?? value) === value));
    if (found === undefined) kinds.push({ ...nodeSelector });
    else Object.assign(found, nodeSelector);
  }
  return kinds.map((kind) => Object.fromEntries(Object.entries(kind).map(([key, value]) => [key, String(value)])));
}

/** Points at which a person, a clock or another system is waited for have no place in a rehearsal. */
function cleanedUpgrade(
  { apiVersion = "", kind = "", metadata }: KubeObject,
  namespace: string,
  spec: SpecInput,
  differences: Set<string>,
): KubeObject {
  const { gates = [], approvals, approved: _, skipGates: __, maintenanceWindows, ...rest } = spec;
  if ((approvals ?? []).length > 0) differences.add("spec.approvals: nobody is waited for");
  if ((maintenanceWindows ?? []).length > 0) differences.add("spec.maintenanceWindows: it begins at once");
  const jobs = gates.filter(({ job }) => job !== undefined);
  for (const { name } of gates.filter(({ job }) => job === undefined)) differences.add(`spec.gates ${name}: not asked`);
  if (rest.components.notification?.drain?.gate !== undefined) {
    differences.add("spec.components.notification.drain.gate: no provider is there, so that a drain is held");
  }
  // What has been accepted is, however it was said.
  const risks = metadata.annotations?.[VERB.acceptRisk];
  const annotations = risks === undefined ? {} : { annotations: { [VERB.acceptRisk]: risks } };
  const wish = { ...rest, mode: "Apply", paused: false, abort: false, rollback: false, retryAttempt: 0 };
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, namespace, ...annotations },
    spec: { ...wish, ...(jobs.length === 0 ? {} : { gates: jobs }) },
  };
}

function cleanedObject(object: KubeObject, namespace: string, differences: Set<string>): KubeObject {
  const { status: _, metadata, ...rest } = object;
  const named = `${object.kind ?? ""}/${metadata.name}`;
  const cleaned: KubeObject = {
    ...rest,
    // Lists name neither; what is created has to.
    apiVersion: object.apiVersion ?? "",
    metadata: {
      name: metadata.name,
      namespace,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: keptAnnotations(metadata.annotations ?? {}),
    },
  };
  const { spec } = cleaned;
  if (!isRecord(spec)) return cleaned;
  return { ...cleaned, spec: cleanedSpec(object.kind ?? "", spec, named, differences) };
}

/** Of the operator's own annotations only those that people write: marks of an attempt are of the real cluster. */
const WRITTEN_BY_PEOPLE: ReadonlySet<string> = new Set([ANNOTATION.release, ANNOTATION.allowJobFrom]);
const keptAnnotations = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) =>
        WRITTEN_BY_PEOPLE.has(key) ||
        (!key.startsWith(`${GROUP}/`) &&
          !key.startsWith("kubectl.kubernetes.io/") &&
          !key.startsWith("deployment.kubernetes.io/")),
    ),
  );

function cleanedSpec(kind: string, spec: Json, named: string, differences: Set<string>): Json {
  const { volumeClaimTemplates, ...rest } = spec;
  if (Array.isArray(volumeClaimTemplates) && volumeClaimTemplates.length > 0) {
    differences.add(`${named}: without its volume claims`);
  }
  if (kind === "CronJob")
    return { ...rest, suspend: true, jobTemplate: cleanedJobTemplate(rest["jobTemplate"], named, differences) };
  // As a template it need not run.
  if (kind === "Job") return { ...cleanedJob(rest, named, differences), suspend: true };
  if (!isRecord(rest["template"])) return rest;
  return { ...rest, template: cleanedTemplate(rest["template"], named, differences) };
}

function cleanedJobTemplate(template: unknown, named: string, differences: Set<string>): unknown {
  if (!isRecord(template) || !isRecord(template["spec"])) return template;
  return { ...template, spec: cleanedJob(template["spec"], named, differences) };
}

/** The selector and the labels that go with it are made anew for each Job. */
function cleanedJob({ selector: _, template, ...rest }: Json, named: string, differences: Set<string>): Json {
  if (!isRecord(template)) return rest;
  const cleaned = cleanedTemplate(template, named, differences);
  const metadata = isRecord(cleaned["metadata"]) ? cleaned["metadata"] : {};
  const labels = isRecord(metadata["labels"]) ? metadata["labels"] : {};
  const own = Object.entries(labels).filter(
    ([key]) => !/^(?:batch\.kubernetes\.io\/|controller-uid$|job-name$)/.test(key),
  );
  return { ...rest, template: { ...cleaned, metadata: { ...metadata, labels: Object.fromEntries(own) } } };
}

/** Of a pod what simulated hosts do not have, by what it is called in a sentence. */
const ONLY_REAL: Readonly<Record<string, string>> = {
  affinity: "affinity",
  topologySpreadConstraints: "topology spread",
  priorityClassName: "priority class",
  priority: "priority class",
  preemptionPolicy: "priority class",
  runtimeClassName: "runtime class",
  overhead: "runtime class",
  schedulerName: "scheduler",
  resourceClaims: "resource claims",
  hostNetwork: "host network",
  imagePullSecrets: "pull secrets",
};

function cleanedTemplate(template: Json, named: string, differences: Set<string>): Json {
  const { spec } = template;
  if (!isRecord(spec)) return template;
  const left = new Set(Object.keys(ONLY_REAL).filter((key) => key in spec && spec[key] !== "default-scheduler"));
  if (left.size > 0)
    differences.add(`${named}: without its ${[...new Set([...left].map((key) => ONLY_REAL[key]))].join(", ")}`);
  const kept = Object.fromEntries(Object.entries(spec).filter(([key]) => !(key in ONLY_REAL)));
  const volumes = Array.isArray(spec["volumes"])
    ? spec["volumes"].map((volume) => cleanedVolume(volume, named, differences))
    : undefined;
  return {
    ...template,
    spec: {
      ...kept,
      ...cleanedSelector(spec["nodeSelector"], named, differences),
      ...(volumes === undefined ? {} : { volumes }),
      ...containersWithoutHostPorts(spec, "containers"),
      ...containersWithoutHostPorts(spec, "initContainers"),
    },
  };
}

/** Simulated hosts have names of their own, and what an attempt asks for is of the real cluster. */
function cleanedSelector(selector: unknown, named: string, differences: Set<string>): Json {
  if (!isRecord(selector)) return {};
  const { [HOSTNAME_NODE_SELECTOR]: host, [OFFLINE_NODE_SELECTOR]: _, ...nodeSelector } = selector;
  if (typeof host === "string") differences.add(`${named}: on any host, not on ${host} alone`);
  return { nodeSelector };
}

function cleanedVolume(volume: unknown, named: string, differences: Set<string>): unknown {
  if (!isRecord(volume) || !("persistentVolumeClaim" in volume)) return volume;
  differences.add(`${named}: volume ${String(volume["name"])} is empty`);
  return { name: volume["name"], emptyDir: {} };
}

function containersWithoutHostPorts(spec: Json, field: "containers" | "initContainers"): Json {
  const containers = spec[field];
  if (!Array.isArray(containers)) return {};
  const cleaned = containers.map((container: unknown) => {
    if (!isRecord(container) || !Array.isArray(container["ports"])) return container;
    const ports = container["ports"].map((port: unknown) => {
      if (!isRecord(port)) return port;
      const { hostPort: _, ...rest } = port;
      return rest;
    });
    return { ...container, ports };
  });
  return { [field]: cleaned };
}

/** The pods' specs in an object, wherever its kind has them. */
function podSpecsOf({ spec }: KubeObject): readonly Json[] {
  if (!isRecord(spec)) return [];
  const holder =
    isRecord(spec["jobTemplate"]) && isRecord(spec["jobTemplate"]["spec"]) ? spec["jobTemplate"]["spec"] : spec;
  const { template } = holder;
  return isRecord(template) && isRecord(template["spec"]) ? [template["spec"]] : [];
}
