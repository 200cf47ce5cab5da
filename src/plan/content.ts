/** What a write makes of a workload, in words: image, configuration, how many pods and where, before and afterwards. */
import { HOSTNAME_NODE_SELECTOR, LABEL, OFFLINE_NODE_SELECTOR } from "../api/v1alpha1/names.ts";
import type { Spec } from "../api/v1alpha1/schema.ts";
import type { Workload } from "../model/observation.ts";
import { type ObjectBody, refText } from "../model/outcome.ts";
import type { Container, Volume } from "../model/pod-template.ts";
import { templateOf } from "./workload-document.ts";

export interface Change {
  readonly from?: string;
  readonly to?: string;
}

const PODS = "pods";

/** What differs, each thing said of both sides. */
export function changeOf(before: Workload | undefined, after: Workload | undefined): Change {
  const was = factsOf(before);
  const is = factsOf(after);
  // What it runs with, then how many.
  const keys = new Set([...[...was.keys(), ...is.keys()].filter((key) => key !== PODS), PODS]);
  const changed = [...keys].filter((key) => was.get(key) !== is.get(key));
  const say = (facts: ReadonlyMap<string, string>): string => changed.flatMap((key) => facts.get(key) ?? []).join(", ");
  const from = say(was);
  const to = say(is);
  return { ...(from === "" ? {} : { from }), ...(to === "" ? {} : { to }) };
}

function factsOf(workload: Workload | undefined): ReadonlyMap<string, string> {
  if (workload === undefined) return new Map();
  const { containers, volumes = [] } = workload.template.spec;
  const images = containers.map(({ name, image }): [string, string] => [`image ${name}`, image]);
  // Not looked for in the list at each mount: a template may have ten thousand of both.
  const byName = new Map(volumes.map((volume) => [volume.name, volume]));
  const files = containers.flatMap((container) => filesOf(container, byName));
  return new Map([...images, ...files, [PODS, podsText(workload)]]);
}

/** The configuration that a container mounts, by the path at which it reads it. */
function filesOf(container: Container, volumes: ReadonlyMap<string, Volume>): readonly [string, string][] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }): [string, string][] => {
    const source = sourceOf(volumes.get(name));
    if (source === undefined) return [];
    const file = mountPath.slice(mountPath.lastIndexOf("/") + 1);
    const key = subPath === undefined || subPath === file ? "" : ` (key ${subPath})`;
    return [[`file ${container.name} ${mountPath}`, `${file} from ${source}${key}`]];
  });
}

function sourceOf(volume: Volume | undefined): string | undefined {
  if (volume?.configMap !== undefined) return `ConfigMap/${volume.configMap.name}`;
  if (volume?.secret !== undefined) return `Secret/${volume.secret.secretName}`;
  return undefined;
}

function podsText(workload: Workload): string {
  if (workload.kind !== "DaemonSet") {
    const count = workload.replicas ?? 0;
    return count === 1 ? "1 replica" : `${count} replicas`;
  }
  const { [OFFLINE_NODE_SELECTOR]: offline, ...selector } = workload.template.spec.nodeSelector ?? {};
  if (offline !== undefined) return "no host";
  const host = selector[HOSTNAME_NODE_SELECTOR];
  if (host !== undefined) return `host ${host}`;
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return labels.length === 0 ? "every host" : `every host with ${labels.join(",")}`;
}

/** What a new Job runs. The command of a template is its author's, who may have a password in it: it is said which one that is. */
export function jobText(object: ObjectBody, spec: Spec): string {
  const [container] = templateOf(podTemplateOf(object)).spec.containers;
  const image = container?.image ?? "";
  const source = sourceOfJob(object, spec);
  if (source !== "operator") return `${image}, as in ${source}`;
  const command = [...(container?.command ?? []), ...(container?.args ?? [])].join(" ");
  return command === "" ? image : `${image}: ${command}`;
}

const podTemplateOf = ({ spec }: ObjectBody): unknown =>
  typeof spec === "object" && spec !== null && "template" in spec ? spec.template : undefined;

const purposeOf = (labels: unknown): unknown =>
  typeof labels === "object" && labels !== null
    ? Object.entries(labels).find(([key]) => key === LABEL.purpose)?.[1]
    : "";

/** The template that its pod is made of as it is, or `operator` where the command is one that the operator makes. */
function sourceOfJob({ metadata }: ObjectBody, { components: { database, polling } }: Spec): string {
  const purpose = purposeOf(metadata["labels"]);
  if (purpose === "pollsters") return "operator";
  const lent = {
    migration: database.jobFrom,
    backup: database.backup?.jobFrom,
    verification: polling?.verification.job,
  };
  const from =
    purpose === "migration" || purpose === "backup" || purpose === "verification" ? lent[purpose] : undefined;
  if (from === undefined) return "its template";
  return from.kind === "Job" || from.kind === "CronJob" ? refText(from) : "operator";
}
