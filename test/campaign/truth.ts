/** Whether what a resource says of itself can be true, by what runs. */
import type { Spec } from "../../src/api/v1alpha1/schema.ts";
import { conditionOf, type Resource } from "../e2e/resource.ts";
import type { RunningTemplate } from "./running.ts";

/** Each thing that is said and is not so, or not said in full. */
export function untruths(
  resource: Resource,
  spec: Spec | undefined,
  running: readonly RunningTemplate[],
): readonly string[] {
  return [...ahead(resource), ...unexplained(resource), ...overstated(resource, spec, running)];
}

function ahead({ metadata, status }: Resource): readonly string[] {
  return status.conditions
    .filter(({ observedGeneration }) => observedGeneration > metadata.generation)
    .map(({ type }) => `${type} is said of generation that does not exist yet`);
}

/** Whoever has to do something is told what, and where. */
function unexplained({ status }: Resource): readonly string[] {
  const stalled = status.conditions.find(({ type }) => type === "Stalled");
  if (stalled?.status !== "True") return [];
  const vague = status.preflight.filter(({ object, remedy, message }) => [object, remedy, message].includes(""));
  const silent = stalled.reason === "" || stalled.message === "" ? ["it is stalled, and does not say why"] : [];
  const told = status.preflight.length > 0 || status.steps.some(({ blockedBy }) => blockedBy !== undefined);
  // Of a spec that cannot be read the message has the field and the remedy.
  const hasRemedy = told || /;/.test(stalled.message);
  return [
    ...silent,
    ...vague.map(({ check }) => `${check} is found without object, message or remedy`),
    ...(hasRemedy ? [] : [`${stalled.reason} has no remedy: ${stalled.message}`]),
  ];
}

/** Ready means that everything named runs what is wanted. */
function overstated(
  resource: Resource,
  spec: Spec | undefined,
  running: readonly RunningTemplate[],
): readonly string[] {
  const isReady = conditionOf(resource, "Ready")?.status === "True";
  if (!isReady || spec === undefined || spec.rollback) return [];
  const { only = [], components, target } = spec;
  return (["collector", "notification", "polling", "api"] as const).flatMap((component) => {
    const section = components[component];
    const isLeft = only.length > 0 && !only.includes(component);
    if (section === undefined || isLeft || ("retire" in section && section.retire)) return [];
    const image = section.image ?? target.image;
    return section.targets.flatMap(({ kind, name, selector }) => {
      const found = running.find(
        (each) =>
          each.kind === kind &&
          (name === undefined
            ? Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => each.labels[key] === value)
            : each.name === name),
      );
      if (found === undefined) return [`Ready, and there is no ${kind} ${name ?? "of the selector"}`];
      return found.images.includes(image)
        ? []
        : [`Ready, and ${found.name} runs ${found.images.join(", ")}, not ${image}`];
    });
  });
}
