/** The upgrade as a tree: resource, steps, workloads and Jobs, pods. */
import { LABEL } from "../../api/v1alpha1/names.ts";
import type { StepStatus } from "../../api/v1alpha1/schema.ts";
import { isLive, matches, podsOf } from "../../model/agent.ts";
import { AGENT_COMPONENTS, type AgentComponent, COMPONENTS, type Component } from "../../model/component.ts";
import type { Pod, Workload } from "../../model/observation.ts";
import { releaseOfImage } from "../../model/release.ts";
import { formatDuration, parseTime } from "../../model/time.ts";
import { findContainer, workloadsOf } from "../../reconcilers/targets.ts";
import type { Tone } from "../terminal/text.ts";
import type { Sight } from "./sight.ts";
import { STEP_TONES, workloadState } from "./workload-state.ts";

export interface TreeNode {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
  /** The release of the pods, or of a workload the releases of its pods. */
  readonly release: string;
  /** Ready pods of all there are. */
  readonly ready: string;
  readonly age: string;
  /** What it waits for, what is wrong, where it runs. */
  readonly info: string;
  readonly children: readonly TreeNode[];
}

export function stepsOf(sight: Sight): readonly TreeNode[] {
  const { spec, status } = sight.upgrade;
  if (spec === undefined) return [];
  const reported = status.steps ?? [];
  const rank = (name: string): number => reported.findIndex((step) => step.name === name);
  const named = COMPONENTS.filter((name) => name === "database" || spec.components[name] !== undefined);
  return named.toSorted((a, b) => rank(a) - rank(b)).map((name) => stepNode(sight, name));
}

function stepNode(sight: Sight, name: Component): TreeNode {
  const found = sight.upgrade.status.steps?.find((each) => each.name === name);
  const step: StepStatus = found ?? { name, state: "Pending" };
  const began = parseTime(step.startedAt);
  const ended = parseTime(step.finishedAt) ?? sight.now;
  return {
    ...PLAIN,
    name,
    state: step.state,
    tone: STEP_TONES[step.state] ?? "plain",
    age: began === undefined ? "" : formatDuration(ended - began),
    info: stepInfo(step),
    children: [...jobNodes(sight, name), ...workloadNodes(sight, name)],
  };
}

/** What is over, or has not begun, has nothing to say. */
function stepInfo({ state, blockedBy, message = "" }: StepStatus): string {
  if (state === "Succeeded" || state === "Pending") return "";
  return blockedBy === undefined ? message : `${blockedBy.reason}: ${message}`;
}

const PLAIN = { state: "", tone: "plain", release: "", ready: "", age: "", info: "", children: [] } as const;

function jobNodes(sight: Sight, component: Component): readonly TreeNode[] {
  const { uid } = sight.upgrade.metadata;
  return sight.jobs
    .filter(({ metadata: { labels } }) => labels[LABEL.upgrade] === uid && labels[LABEL.component] === component)
    .toSorted((a, b) => a.metadata.createdAt - b.metadata.createdAt)
    .map(({ metadata, state }) => ({
      ...PLAIN,
      name: `Job/${metadata.name}`,
      state,
      tone: state === "failed" ? "bad" : state === "succeeded" ? "good" : "busy",
      age: formatDuration(sight.now - metadata.createdAt),
      children: sight.pods
        .filter((pod) => isLive(pod) && pod.metadata.owner?.uid === metadata.uid)
        .map((pod) => podNode(sight, pod, undefined)),
    }));
}

function workloadNodes(sight: Sight, component: Component): readonly TreeNode[] {
  const agent = AGENT_COMPONENTS.find((each) => each === component);
  const section = agent === undefined ? undefined : sight.upgrade.spec?.components[agent];
  if (agent === undefined || section === undefined) return [];
  const image = section.image ?? sight.upgrade.spec?.target.image;
  const nodes = section.targets.flatMap((target) => {
    const found = workloadsOf(target, sight.workloads);
    const container = (workload: Workload) => agentContainer(agent, workload, target.container);
    if (found.length > 0) return found.map((each) => workloadNode(sight, each, { container: container(each), image }));
    const name =
      target.name ??
      Object.entries(target.selector?.matchLabels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(",");
    return [{ ...PLAIN, name: `${target.kind}/${name}`, state: "missing", tone: "bad" as const }];
  });
  return [...nodes, ...isolatedNodes(sight, agent, image)];
}

/** Groups that exist for a while, beside the workload that they were copied from. */
function isolatedNodes(sight: Sight, component: AgentComponent, image: string | undefined): readonly TreeNode[] {
  const labels = { [LABEL.upgrade]: sight.upgrade.metadata.uid, [LABEL.component]: component };
  return sight.workloads
    .filter(({ metadata }) => matches({ ...labels, [LABEL.purpose]: "isolated" }, metadata.labels))
    .map((each) => workloadNode(sight, each, { container: agentContainer(component, each, undefined), image }));
}

function agentContainer(
  component: AgentComponent,
  { template }: Workload,
  named: string | undefined,
): string | undefined {
  const index = findContainer(component, template.spec.containers, named);
  return index === undefined ? undefined : template.spec.containers[index]?.name;
}

interface AgentImage {
  /** The container that runs the agent. */
  readonly container: string | undefined;
  /** What it should run. */
  readonly image: string | undefined;
}

function workloadNode(sight: Sight, workload: Workload, agent: AgentImage): TreeNode {
  const pods = podsOf(workload, sight.pods).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const isFresh = (pod: Pod): boolean => imageOf(pod, agent.container) === agent.image;
  const stopping = pods.filter(isStopping).length;
  const [state, tone] = workloadState({
    old: pods.filter((pod) => !isFresh(pod)).length,
    fresh: pods.filter(isFresh).length,
    stopping,
    starting: pods.filter((pod) => !pod.ready && !isStopping(pod)).length,
  });
  const ready = pods.filter((pod) => pod.ready && !isStopping(pod)).length;
  const releases = [...new Set(pods.map((pod) => releaseText(imageOf(pod, agent.container))))].toSorted();
  return {
    ...PLAIN,
    name: `${workload.kind}/${workload.metadata.name}`,
    state,
    tone,
    release: releases.join(", "),
    ready: `${ready}/${pods.length}`,
    info: workload.status.createFailure ?? "",
    children: pods.map((pod) => podNode(sight, pod, agent.container)),
  };
}

const isStopping = (pod: Pod): boolean => pod.metadata.deletingSince !== undefined;

const imageOf = ({ containers }: Pod, name: string | undefined): string =>
  (containers.find((each) => each.name === name) ?? containers[0])?.image ?? "";

function podNode(sight: Sight, pod: Pod, container: string | undefined): TreeNode {
  const [state, tone, why] = podState(pod);
  const restarts = Math.max(0, ...pod.states.map((each) => each.restarts));
  const info = [
    ...(why === "" ? [] : [why]),
    ...(restarts === 0 ? [] : [`${restarts} restart${restarts === 1 ? "" : "s"}`]),
    ...(pod.nodeName === undefined ? [] : [`on ${pod.nodeName}`]),
  ];
  return {
    ...PLAIN,
    name: pod.metadata.name,
    state,
    tone,
    release: releaseText(imageOf(pod, container)),
    age: formatDuration(sight.now - pod.metadata.createdAt),
    info: info.join(", "),
  };
}

function podState(pod: Pod): readonly [string, Tone, string] {
  if (isStopping(pod)) return ["stopping", "busy", ""];
  if (pod.ready) return ["ready", "good", ""];
  if (pod.unschedulable !== undefined) return ["Unschedulable", "bad", pod.unschedulable];
  const waiting = pod.states.find((each) => each.waiting !== undefined)?.waiting;
  if (waiting !== undefined)
    return [waiting.reason, waiting.reason === "ContainerCreating" ? "busy" : "bad", waiting.message];
  return [pod.phase === "Running" ? "not ready" : pod.phase.toLowerCase(), "busy", ""];
}

/** The release that an image's tag names, else its tag, else the beginning of its digest. */
export function releaseText(image: string): string {
  const release = releaseOfImage(image);
  if (release !== undefined) return release.name;
  const tag = /:(?<tag>[^:/@]+)(?:@.*)?$/.exec(image)?.groups?.["tag"];
  if (tag !== undefined && !image.includes("@")) return tag;
  return /@(?<digest>[a-z0-9]+:[0-9a-f]{12})/.exec(image)?.groups?.["digest"] ?? image;
}
