/** From which release to which: known on both sides, forwards, and with the components that both of them have. */
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { type Agent, agentText } from "../model/agent.ts";
import { COMPONENT_WORDS } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { hasComponent, parseRelease, type Release, releaseOfImage } from "../model/release.ts";

const GATE = "ReleasePair";

/** The release that a workload runs: its annotation, else its image's tag, else what the resource says. */
export function releaseOf(agent: Agent, from: string | undefined): Release | undefined {
  const annotated = agent.workload.metadata.annotations[ANNOTATION.release];
  if (annotated !== undefined) return parseRelease(annotated);
  return releaseOfImage(agent.container.image) ?? (from === undefined ? undefined : parseRelease(from));
}

export function releasePair(agents: readonly Agent[], world: World, target: Release): readonly Violation[] {
  const { from, components } = world.upgrade.spec;
  const stated = from === undefined ? undefined : parseRelease(from.release);
  return agents.flatMap((agent) => {
    const section = components[agent.component];
    const retires = section !== undefined && "retire" in section && section.retire;
    return [...direction(agent, stated, target), ...presence(agent, target, retires)];
  });
}

const violation = (object: string, reason: string, message: string, remedy: string): Violation => ({
  gate: GATE,
  object,
  reason,
  message,
  remedy,
  severity: "Error",
});

/** From a release that is known, to one that is not older. */
function direction(agent: Agent, stated: Release | undefined, target: Release): readonly Violation[] {
  const object = agentText(agent);
  const current = releaseOf(agent, stated?.name);
  if (current === undefined) {
    const { kind, metadata } = agent.workload;
    const annotate = `kubectl annotate ${kind.toLowerCase()} ${metadata.name} ${ANNOTATION.release}=RELEASE`;
    const message = `the image ${agent.container.image} does not say its release`;
    return [violation(object, "ReleaseUnknown", message, `annotate it: ${annotate}, or set spec.from.release`)];
  }
  if (current.major > target.major) {
    const message = `it runs ${current.name}, and the target ${target.name} is older`;
    const remedy = "set a target that is not older; Ceilometer's database cannot be downgraded";
    return [violation(object, "Downgrade", message, remedy)];
  }
  // A workload that an earlier attempt has moved is not what the resource's `from` speaks of.
  const moved = agent.marks.phase !== undefined || current.major === target.major;
  if (stated === undefined || stated.major === current.major || moved) return [];
  const message = `it runs ${current.name}, but spec.from.release says ${stated.name}`;
  return [violation(object, "ReleaseContradiction", message, "correct spec.from.release, or drop it")];
}

/** A component retires where the target does not have it, and only there. */
function presence(agent: Agent, target: Release, retires: boolean): readonly Violation[] {
  const { component } = agent;
  const has = hasComponent(target, component);
  const field = `spec.components.${component}.retire`;
  if (!has && !retires) {
    const message = `${target.name} has no ${COMPONENT_WORDS[component]}`;
    const remedy = `set ${field}: true to scale it to zero, or drop the component`;
    return [violation(agentText(agent), "ComponentRemoved", message, remedy)];
  }
  if (has && retires) {
    const message = `${target.name} still has a ${COMPONENT_WORDS[component]}, so it must not be retired`;
    return [violation(agentText(agent), "ComponentNotRemoved", message, `drop ${field}`)];
  }
  return [];
}
