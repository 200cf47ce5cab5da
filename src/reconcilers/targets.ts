/** From the names in a resource to the workloads they mean: exactly one each, or a reason why not. */
import { LABEL } from "../api/v1alpha1/names.ts";
import type { TargetRef } from "../api/v1alpha1/schema.ts";
import { type Agent, makeAgent, matches, type Wanted, type WantedMount } from "../model/agent.ts";
import type { AttemptRecord, RecordedFile, RecordedFiles, RecordedTarget } from "../model/attempt.ts";
import { AGENT_COMPONENTS, type AgentComponent } from "../model/component.ts";
import { shortDigest } from "../model/digest.ts";
import type { Workload, World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { Container } from "../model/pod-template.ts";
import { pollingFiles, type Release } from "../model/release.ts";
import type { Agents } from "./scene.ts";

const PROGRAMS: Readonly<Record<AgentComponent, RegExp>> = {
  collector: /ceilometer-collector/,
  notification: /ceilometer-(agent-)?notification/,
  polling: /ceilometer-(polling|agent-(central|compute|ipmi)|central|compute|ipmi)/,
  api: /ceilometer-api/,
};

const targetText = (ref: TargetRef): string =>
  ref.name === undefined
    ? `${ref.kind} with ${Object.entries(ref.selector?.matchLabels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(",")}`
    : `${ref.kind}/${ref.name}`;

function violation(object: string, reason: string, message: string, remedy: string): Violation {
  return { gate: "Targets", object, reason, message, remedy, severity: "Error" };
}

/**
 * The workloads that a target's name or labels mean; an upgrade needs exactly one. Labels of the usual names are on what the operator
 * makes, too: an isolated group beside its original is never meant.
 */
export function workloadsOf(ref: TargetRef, workloads: readonly Workload[]): readonly Workload[] {
  const hasLabels = ({ metadata: { labels } }: Workload): boolean =>
    labels[LABEL.purpose] !== "isolated" && matches(ref.selector?.matchLabels ?? {}, labels);
  return workloads.filter(
    (workload) =>
      workload.kind === ref.kind &&
      (ref.name === undefined ? hasLabels(workload) : workload.metadata.name === ref.name),
  );
}

function findWorkload(ref: TargetRef, workloads: readonly Workload[]): Workload | Violation {
  const found = workloadsOf(ref, workloads);
  const [first, second] = found;
  if (first === undefined) {
    return violation(
      targetText(ref),
      "TargetNotFound",
      `${targetText(ref)} does not exist`,
      "create it, correct the name, or drop the target from spec.components",
    );
  }
  if (second !== undefined) {
    const names = found.map((workload) => workload.metadata.name).join(", ");
    return violation(
      targetText(ref),
      "TargetAmbiguous",
      `${found.length} workloads match: ${names}`,
      "name one of them",
    );
  }
  return first;
}

/** The container that runs the agent: the named one, else the one whose command line or name is the agent's, else the only one. */
export function findContainer(
  component: AgentComponent,
  containers: readonly Container[],
  name: string | undefined,
): number | undefined {
  if (name !== undefined) {
    const named = containers.findIndex((container) => container.name === name);
    return named < 0 ? undefined : named;
  }
  const program = PROGRAMS[component];
  const says = (container: Container): boolean =>
    [...(container.command ?? []), ...(container.args ?? [])].some((word) => program.test(word));
  const byCommand = containers.findIndex(says);
  if (byCommand >= 0) return byCommand;
  const byName = containers.findIndex((container) => program.test(container.name));
  if (byName >= 0) return byName;
  return containers.length === 1 ? 0 : undefined;
}

export const PATHS = {
  pipeline: "/etc/ceilometer/pipeline.yaml",
  eventPipeline: "/etc/ceilometer/event_pipeline.yaml",
  polling: "/etc/ceilometer/polling.yaml",
} as const;
export const VOLUMES = {
  pipeline: "ceilometer-upgrade-pipeline",
  eventPipeline: "ceilometer-upgrade-event-pipeline",
  polling: "ceilometer-upgrade-polling",
} as const;

/**
 * Which files the agents of a component read: notification agents the pipelines, polling agents what tells them what to poll.
 * `there`: the container that is to get them, where it may have some.
 */
export function mountsFor(
  component: AgentComponent,
  files: RecordedFiles,
  target: Release,
  there: Pick<Container, "volumeMounts"> = {},
): readonly WantedMount[] {
  const names: readonly (keyof typeof PATHS)[] =
    component === "notification" ? ["pipeline", "eventPipeline"] : component === "polling" ? pollingFiles(target) : [];
  const mounts = names.flatMap((name) => {
    const file: RecordedFile | undefined = files[name];
    if (file === undefined) return [];
    return [{ path: PATHS[name], volume: VOLUMES[name], kind: file.kind, object: file.object, key: file.key }];
  });
  return [...mounts, ...definitionMounts(component, files).map((mount) => asMountedBefore(mount, there))];
}

/**
 * Definitions are read by notification agents; those of Gnocchi's resources, to Pike, by collectors too. Each has a volume for its path:
 * one that an upgrade before has given, and this one does not, stays mounted, and so must what it is mounted from.
 */
function definitionMounts(component: AgentComponent, { definitions = [] }: RecordedFiles): readonly WantedMount[] {
  return definitions.flatMap(({ path, kind, object, key }) => {
    const reads = component === "notification" || (component === "collector" && path.includes("gnocchi_resources"));
    const volume = `${DEFINITIONS}${shortDigest(path)}`;
    return reads ? [{ path, volume, kind, object, key }] : [];
  });
}

const DEFINITIONS = "ceilometer-upgrade-definitions-";

/**
 * The volumes of definition files once had the number of the file. One that has a path for itself is as good as one that is named for
 * it: under another name every agent would be started again, and a finished upgrade told as drifted, because the operator is a newer one.
 */
function asMountedBefore(mount: WantedMount, { volumeMounts = [] }: Pick<Container, "volumeMounts">): WantedMount {
  const volume = volumeMounts.find(({ mountPath }) => mountPath === mount.path)?.name ?? "";
  const isAlone = volumeMounts.filter(({ name }) => name === volume).length === 1;
  return volume.startsWith(DEFINITIONS) && isAlone ? { ...mount, volume } : mount;
}

export interface Resolved {
  /** Those that this attempt is about: with `spec.only` not of all components. */
  readonly agents: Agents;
  /** Those that `spec.only` leaves for later. */
  readonly left: Agents;
  readonly violations: readonly Violation[];
}

/** Whether this attempt is about the component: a partial upgrade may leave some for later. The database never is left. */
export function isInScope(world: World, component: AgentComponent): boolean {
  const { only = [] } = world.upgrade.spec;
  return only.length === 0 || only.includes(component);
}

/**
 * What `spec.only` names and the resource does not have: nothing would be upgraded but the database, and called a success. The API
 * server refuses it; one that was stored before is held.
 */
export function namedButAbsent({ upgrade }: World): readonly Violation[] {
  const { only = [], components } = upgrade.spec;
  const absent = AGENT_COMPONENTS.filter(
    (component) => only.includes(component) && components[component] === undefined,
  );
  return absent.map((component) =>
    violation(
      `CeilometerUpgrade/${upgrade.metadata.name}`,
      "ComponentAbsent",
      `spec.only names a component that the resource does not have: ${component}`,
      `add its workloads as spec.components.${component}, or take it out of spec.only`,
    ),
  );
}

/** Where an isolated group stood in for a while, and no polling file is given, the mount of before comes back at the end. */
export function undoneBy(
  component: AgentComponent,
  recorded: RecordedTarget | undefined,
  mounts: readonly WantedMount[],
) {
  const plan = recorded?.polling;
  if (component !== "polling" || plan === undefined) return [];
  const { file, before, left = [] } = plan;
  const own = plan.narrow === undefined && plan.restores !== true ? [] : [{ ...file, before }];
  return [...own, ...left].filter((each) => !mounts.some(({ path }) => path === each.path));
}

/** Every target of the resource, with its pods and what it should become. */
export function resolveTargets(
  world: World,
  target: Release,
  files: RecordedFiles,
  record: AttemptRecord | undefined,
): Resolved {
  const { components, target: wish } = world.upgrade.spec;
  const violations: Violation[] = [];
  const agents: Record<AgentComponent, Agent[]> = { collector: [], notification: [], polling: [], api: [] };
  const left: Record<AgentComponent, Agent[]> = { collector: [], notification: [], polling: [], api: [] };
  for (const component of AGENT_COMPONENTS) {
    const section = components[component];
    if (section === undefined) continue;
    for (const ref of section.targets) {
      const workload = findWorkload(ref, world.workloads);
      if ("gate" in workload) {
        violations.push(workload);
        continue;
      }
      const containers = workload.template.spec.containers;
      const containerIndex = findContainer(component, containers, ref.container);
      const container = containerIndex === undefined ? undefined : containers[containerIndex];
      if (containerIndex === undefined || container === undefined) {
        violations.push(
          violation(
            targetText(ref),
            "ContainerNotFound",
            ref.container === undefined
              ? `none of its containers (${containers.map((each) => each.name).join(", ")}) looks like the ${component} agent`
              : `it has no container called ${ref.container}`,
            `set spec.components.${component}.targets[].container`,
          ),
        );
        continue;
      }
      const recorded = record?.targets.find((each) => each.uid === workload.metadata.uid);
      const mounts = mountsFor(component, files, target, container);
      const wanted: Wanted = {
        image: section.image ?? wish.image,
        mounts,
        undone: undoneBy(component, recorded, mounts),
        appended: undefined,
        replicas: "replicas" in section ? section.replicas : undefined,
        retires: "retire" in section && section.retire,
      };
      const group = isInScope(world, component) ? agents : left;
      group[component].push(
        makeAgent({ component, workload, container, containerIndex, wanted, recorded }, world.pods),
      );
    }
  }
  return { agents, left, violations };
}
