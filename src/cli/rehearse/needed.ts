/** Which of a namespace's objects an upgrade is about: what it names, what templates are made of, and what scales them. */
import type { Spec } from "../../api/v1alpha1/schema.ts";
import { isRecord, type KubeObject } from "../../kube/object.ts";
import { matches } from "../../model/agent.ts";
import { AGENT_COMPONENTS } from "../../model/component.ts";

export function neededBy({ components, gates = [] }: Spec, all: readonly KubeObject[]): readonly KubeObject[] {
  const { database, polling } = components;
  const refs = [
    database.jobFrom,
    database.backup?.jobFrom,
    polling?.verification.job,
    ...gates.map(({ job }) => job),
  ].flatMap((ref) => ref ?? []);
  const named = new Set(refs.map(({ kind, name }) => `${kind}/${name}`));
  const targets = AGENT_COMPONENTS.flatMap((component) => components[component]?.targets ?? []);
  const isNeeded = ({ kind = "", metadata }: KubeObject): boolean =>
    named.has(`${kind}/${metadata.name}`) ||
    targets.some(
      (target) =>
        target.kind === kind &&
        (target.name === undefined
          ? matches(target.selector?.matchLabels ?? {}, metadata.labels ?? {})
          : target.name === metadata.name),
    );
  const needed = all.filter(isNeeded);
  const names = new Set(needed.map(({ kind = "", metadata }) => `${kind}/${metadata.name}`));
  return [...needed, ...all.filter((object) => names.has(scaledBy(object) ?? ""))];
}

/** What an autoscaler scales. */
function scaledBy({ kind, spec }: KubeObject): string | undefined {
  if (kind !== "HorizontalPodAutoscaler" || !isRecord(spec)) return undefined;
  const { scaleTargetRef: ref } = spec;
  return isRecord(ref) ? `${String(ref["kind"])}/${String(ref["name"])}` : undefined;
}
