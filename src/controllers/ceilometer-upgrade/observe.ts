/** From the caches to one observation: synchronous, so that it is one moment, and without a single request. */
import { LABEL } from "../../api/v1alpha1/names.ts";
import { type AttemptRecord, parseRecord } from "../../model/attempt.ts";
import type {
  ConfigurationCopy,
  CronJob,
  Job,
  Observation,
  OperatorSettings,
  Seen,
  Workload,
} from "../../model/observation.ts";
import type { PodTemplate } from "../../model/pod-template.ts";
import type { ProbeResult } from "../../model/probe.ts";
import type { Millis } from "../../model/time.ts";
import { filesWanted } from "../../reconcilers/files-wanted.ts";
import type { Caches } from "./caches.ts";
import type { NamedObjects } from "./named-objects.ts";
import { standInSpec } from "./stand-in-spec.ts";
import { isCopy, type OwnConfigView } from "./views/config.ts";
import type { CronJobView, JobView } from "./views/job.ts";
import { parseTemplate } from "./views/template.ts";
import type { UpgradeView } from "./views/upgrade.ts";
import type { WorkloadView } from "./views/workload.ts";

export interface ObservePorts {
  readonly caches: Caches;
  readonly named: NamedObjects;
  readonly probes: () => ReadonlyMap<string, ProbeResult>;
  readonly settings: OperatorSettings;
  /** The operator is being removed: resources are seen as if they were being deleted, so that all is given back. */
  readonly leaving?: boolean;
}

/**
 * The observation of one resource; undefined where its stored spec does not fit the schema, unless it goes: what was borrowed comes back
 * whatever the spec says, and nobody could correct it first.
 */
export function observe(ports: ObservePorts, upgrade: UpgradeView, now: Millis): Observation | undefined {
  const { caches, settings, leaving = false } = ports;
  const metadata = leaving ? { deletingSince: now, ...upgrade.metadata } : upgrade.metadata;
  const { namespace, uid, deletingSince } = metadata;
  if (upgrade.spec === undefined && deletingSince === undefined) return undefined;
  const own = caches.ownConfig.list(namespace);
  const mine = mapSeen(own, (views) => views.filter((view) => view.metadata.labels[LABEL.upgrade] === uid));
  const workloads = joined(
    [caches.deployments, caches.daemonSets, caches.statefulSets].map((each) => each.list(namespace)),
  );
  const records = mapSeen(mine, (views) => views.flatMap((view) => recordOf(view, uid)));
  const spec = upgrade.spec ?? standInSpec(listed(records));
  const wanted = filesWanted({ metadata, spec }, listed(workloads), settings, listed(records));
  return {
    now,
    upgrade: { metadata, spec },
    operator: settings,
    workloads,
    pods: caches.pods.list(namespace),
    jobs: mapSeen(caches.jobs.list(namespace), (views) => views.map(jobOf)),
    cronJobs: mapSeen(caches.cronJobs.list(namespace), (views) => views.map(cronJobOf)),
    autoscalers: caches.autoscalers.list(namespace),
    records,
    copies: mapSeen(own, (views) => views.filter(({ purpose }) => isCopy(purpose)).map(copyOf)),
    files: ports.named.look(
      `${namespace}/${metadata.name}`,
      wanted.map((each) => ({ ...each, namespace })),
    ),
    upgradeUids: mapSeen(caches.upgrades.list(namespace), (all) => new Set(all.map((each) => each.metadata.uid))),
    probes: ports.probes(),
  };
}

const mapSeen = <A, B>(seen: Seen<A>, map: (value: A) => B): Seen<B> =>
  seen.seen === "present" ? { seen: "present", value: map(seen.value) } : seen;

const listed = <T>(seen: Seen<readonly T[]>): readonly T[] => (seen.seen === "present" ? seen.value : []);

function joined(parts: readonly Seen<readonly WorkloadView[]>[]): Seen<readonly Workload[]> {
  const views: WorkloadView[] = [];
  for (const part of parts) {
    if (part.seen !== "present") return part;
    views.push(...part.value);
  }
  return { seen: "present", value: views.map(workloadOf) };
}

/** A template is parsed once for each version of an object, and only of objects that are looked at. */
const templates = new WeakMap<object, PodTemplate>();
function templateOf(view: { readonly template: string }): PodTemplate {
  const known = templates.get(view);
  if (known !== undefined) return known;
  const parsed = parseTemplate(view.template);
  templates.set(view, parsed);
  return parsed;
}

function workloadOf(view: WorkloadView): Workload {
  return {
    ...view,
    get template() {
      return templateOf(view);
    },
  };
}
function jobOf(view: JobView): Job {
  return {
    ...view,
    get template() {
      return templateOf(view);
    },
  };
}
function cronJobOf(view: CronJobView): CronJob {
  return {
    ...view,
    get template() {
      return templateOf(view);
    },
  };
}

const records = new WeakMap<OwnConfigView, readonly AttemptRecord[]>();

/**
 * Only an immutable ConfigMap that the resource itself owns is taken for its memory: labels can be put on anything.
 *
 * `uid`: of the resource. Empty where the ConfigMap is no record, or none of this resource.
 */
export function recordOf(view: OwnConfigView, uid: string): readonly AttemptRecord[] {
  if (view.purpose !== "attempt" || !view.immutable || view.metadata.owner?.uid !== uid) return [];
  const known = records.get(view);
  if (known !== undefined) return known;
  const record = parseRecord(view.metadata, view.body);
  const parsed = record === undefined ? [] : [record];
  records.set(view, parsed);
  return parsed;
}

function copyOf({ metadata, immutable, digests, purpose }: OwnConfigView): ConfigurationCopy {
  return { name: metadata.name, immutable, digests, metadata, purpose };
}
