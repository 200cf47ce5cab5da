/** Who plays in an upgrade: its components in their order, their workloads, and which of their pods are old or new. */
import type { PodRecord, Story } from "./story.ts";
import type { UpgradeView } from "./views.ts";

const ADVISED = ["database", "collector", "notification", "polling", "api"] as const;

export interface CastComponent {
  readonly name: string;
  /** "Deployment/ceilometer-central". A target that is given by a selector has no name here, and is left out. */
  readonly objects: readonly string[];
}

/** In the order of the reported steps; before there is a report, in the order that the documents advise. */
export function castOf({ spec, status }: UpgradeView): readonly CastComponent[] {
  const { components } = spec;
  const rank = (name: string): number => status.steps?.findIndex((step) => step.name === name) ?? 0;
  return ADVISED.flatMap((name): CastComponent[] => {
    if (name === "database") return [{ name, objects: [] }];
    const targets = components[name]?.targets;
    if (targets === undefined) return [];
    return [
      { name, objects: targets.flatMap((each) => (each.name === undefined ? [] : [`${each.kind}/${each.name}`])) },
    ];
  }).toSorted((a, b) => rank(a.name) - rank(b.name));
}

export interface Troupe {
  readonly old: readonly PodRecord[];
  readonly fresh: readonly PodRecord[];
}

/** Every pod that a workload has had: old or new by the image it runs, never by its age. */
export function troupeOf({ pods, upgrade }: Story, object: string): Troupe {
  const targets = upgrade === undefined ? [] : targetImages(upgrade);
  const own = pods.filter((pod) => pod.object === object);
  const isFresh = (pod: PodRecord): boolean => pod.images.some((image) => targets.includes(image));
  return { old: own.filter((pod) => !isFresh(pod)), fresh: own.filter(isFresh) };
}

/** Pods of one workload that run the same images with the same files, whenever they were made. */
export interface Generation {
  readonly pods: readonly PodRecord[];
  readonly tag: string;
  readonly files: readonly string[];
}

/** In the order in which they came: agents may be given other files before they are given another image. */
export function generationsOf(pods: readonly PodRecord[], target: string): readonly Generation[] {
  const inOrder = pods.toSorted((a, b) => a.seenAt - b.seenAt);
  const groups = Map.groupBy(inOrder, ({ images, files }) => JSON.stringify([images, files]));
  return [...groups.values()].map((group) => ({
    pods: group,
    tag: tagOf(agentImage(group[0]?.images ?? [], target)),
    files: group[0]?.files ?? [],
  }));
}

/** Workloads that were made for a while, beside those that they were copied from. */
export const isolatedGroups = ({ pods }: Story): readonly string[] => [
  ...new Set(pods.filter(({ isIsolated }) => isIsolated).map(({ object }) => object)),
];

/** A component may have an image of its own. */
function targetImages({ spec: { target, components } }: UpgradeView): readonly string[] {
  const { collector, notification, polling, api } = components;
  const own = [collector, notification, polling, api].map((component) => component?.image);
  return [target.image, ...own.filter((image) => image !== undefined)];
}

/** The image of the agent among those of a pod's containers: the one from the repository that the upgrade draws from. */
export function agentImage(images: readonly string[], target: string): string {
  const repository = repositoryOf(target);
  return images.find((image) => repositoryOf(image) === repository) ?? images[0] ?? "";
}

const repositoryOf = (image: string): string => image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");

export const tagOf = (image: string): string => /:([^:/@]+)(?:@.*)?$/.exec(image)?.[1] ?? image;
