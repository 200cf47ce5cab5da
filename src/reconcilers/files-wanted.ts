/**
 * Which ConfigMaps and Secrets have to be read for a resource: those that it names, and those that its agents mount, because
 * the gates of a partial upgrade compare what old agents have with what new ones will have (clauses P3 and P4). A Secret is
 * asked for only where the operator was told that it may.
 */
import { fileAt, type ObjectName, objectsMounted } from "../model/agent-files.ts";
import { type AttemptRecord, foremostFirst } from "../model/attempt.ts";
import type { AgentComponent } from "../model/component.ts";
import type { OperatorSettings, Upgrade, Workload } from "../model/observation.ts";
import { parseRelease, partitionsNotification, releaseOfImage } from "../model/release.ts";
import { findContainer, PATHS, workloadsOf } from "./targets.ts";

/** Objects that the resource itself names. */
function named({ spec }: Upgrade): readonly ObjectName[] {
  const { notification, polling } = spec.components;
  const refs = [
    ...Object.values(spec.target.config ?? {}),
    notification?.drain?.config,
    polling?.isolatedGroup?.config,
    polling?.newPollsters?.catalogue,
  ];
  return refs.flatMap((ref) => ref ?? []);
}

/** Objects that the agents of a component mount now. */
export function mounted(
  { spec }: Upgrade,
  workloads: readonly Workload[],
  component: AgentComponent,
): readonly ObjectName[] {
  const targets = spec.components[component]?.targets ?? [];
  return targets.flatMap((ref) =>
    workloadsOf(ref, workloads).flatMap(({ template }) => {
      const index = findContainer(component, template.spec.containers, ref.container);
      const container = index === undefined ? undefined : template.spec.containers[index];
      return container === undefined ? [] : objectsMounted(template, container);
    }),
  );
}

/** Where each component reads the files that a resource may give. */
const GIVEN = [
  ["notification", "pipeline"],
  ["notification", "eventPipeline"],
  ["polling", "pipeline"],
  ["polling", "polling"],
] as const;

/** Objects whose files an attempt mounts its own over: what they are is remembered for a way back. */
export function mountedOver({ spec }: Upgrade, workloads: readonly Workload[]): readonly ObjectName[] {
  return GIVEN.flatMap(([component, file]) => {
    const targets = spec.target.config?.[file] === undefined ? [] : (spec.components[component]?.targets ?? []);
    return targets.flatMap((ref) =>
      workloadsOf(ref, workloads).flatMap(({ template }): readonly ObjectName[] => {
        const index = findContainer(component, template.spec.containers, ref.container);
        const container = index === undefined ? undefined : template.spec.containers[index];
        const source = container && fileAt(template, container, PATHS[file]);
        return source?.kind === "object" ? [{ kind: source.object, name: source.name }] : [];
      }),
    );
  });
}

/** Of what records name: they are kept for ever, and it is the newest of them that a way back, or a comparison, asks for. */
const MOST_COMING_BACK = 256;
const MOST_REPLACED = 64;

const unique = (names: readonly ObjectName[]): readonly ObjectName[] => [
  ...new Map(names.map(({ kind, name }) => [`${kind}/${name}`, { kind, name }])).values(),
];

/** Objects from which files come back, where an attempt is to be undone. */
function comingBack({ spec }: Upgrade, records: readonly AttemptRecord[]): readonly ObjectName[] {
  const isUndone = records.some(
    ({ back, verbs, from }) => back !== undefined || verbs.rollback !== undefined || from === spec.target.release,
  );
  if (!isUndone && !spec.rollback) return [];
  const files = foremostFirst(records).flatMap(({ targets }) =>
    targets.flatMap(({ before = [] }) =>
      before.flatMap(({ file }) => (file === undefined ? [] : [{ kind: file.kind, name: file.object }])),
    ),
  );
  return unique(files).slice(0, MOST_COMING_BACK);
}

/**
 * Objects that polling agents mounted before an attempt gave them a file for a while: where it was given up, they are still what
 * these agents are compared by, and no template names them any more.
 */
export function replacedFiles(
  records: readonly AttemptRecord[],
  workloads: readonly Workload[],
): readonly ObjectName[] {
  const files = foremostFirst(records).flatMap(({ targets }) =>
    targets.flatMap(({ uid, polling }): readonly ObjectName[] => {
      const { mount, volume } = polling?.before ?? {};
      const volumes = workloads.find(({ metadata }) => metadata.uid === uid)?.template.spec.volumes;
      const { configMap, secret } = volume ?? volumes?.find(({ name }) => name === mount?.name) ?? {};
      if (configMap !== undefined) return [{ kind: "ConfigMap", name: configMap.name }];
      return secret === undefined ? [] : [{ kind: "Secret", name: secret.secretName }];
    }),
  );
  return unique(files).slice(0, MOST_REPLACED);
}

/**
 * Components whose agents are compared. A full upgrade asks only whether notification agents leave something in internal
 * queues, which those of releases without any cannot, and whether definitions that it gives only add (M1).
 */
export function compared({ spec }: Upgrade, workloads: readonly Workload[]): readonly AgentComponent[] {
  if (spec.strategy === "Partial") return ["notification", "polling"];
  if ((spec.target.config?.definitions ?? []).length > 0) return ["notification"];
  const targets = spec.components.notification?.targets ?? [];
  const images = targets.flatMap((ref) =>
    workloadsOf(ref, workloads).flatMap(({ template }) => template.spec.containers.map(({ image }) => image)),
  );
  const stated = spec.from === undefined ? undefined : parseRelease(spec.from.release);
  const releases = images.map((image) => releaseOfImage(image) ?? stated);
  const none = releases.every((release) => release !== undefined && !partitionsNotification(release));
  return none ? [] : ["notification"];
}

/** What the polling agents mount tells how long their slowest poll takes, which a verification without a time-out of its own waits for. */
export function timed({ spec }: Upgrade): readonly AgentComponent[] {
  const verification = spec.components.polling?.verification;
  const isTimed = verification !== undefined && verification.job === undefined;
  return isTimed && verification.timeoutSeconds === undefined ? ["polling"] : [];
}

/** Collectors are no agents that are compared, but to Pike they read definitions of Gnocchi's resources (M1). */
export function readsDefinitions({ spec }: Upgrade): readonly AgentComponent[] {
  const { collector } = spec.components;
  const given = (spec.target.config?.definitions ?? []).some(({ key }) => key.includes("gnocchi_resources"));
  return given && collector !== undefined && !collector.retire ? ["collector"] : [];
}

/** Each is watched for itself. The resource's own come first, then what a way back needs; what is left out is told as not read. */
const MOST_FILES = 768;

export function filesWanted(
  upgrade: Upgrade,
  workloads: readonly Workload[],
  settings: OperatorSettings,
  records: readonly AttemptRecord[],
): readonly ObjectName[] {
  const all = [
    ...named(upgrade),
    ...mountedOver(upgrade, workloads),
    ...comingBack(upgrade, records),
    ...replacedFiles(records, workloads),
    ...[...compared(upgrade, workloads), ...readsDefinitions(upgrade), ...timed(upgrade)].flatMap((each) =>
      mounted(upgrade, workloads, each),
    ),
  ];
  return unique(all)
    .filter(({ kind, name }) => kind === "ConfigMap" || settings.secrets.includes(name))
    .slice(0, MOST_FILES);
}
