/** Which agents live, and what each does: told of pods one by one, it keeps what each container loaded when it started. */
import type { Behaviour } from "./agent-behaviour.ts";
import { behaviourOf } from "./agent-behaviour.ts";
import type { Archive, MountedFiles } from "./audit-files.ts";
import { type AuditedRelease, releaseOf } from "./audited-release.ts";
import type { AuditScope } from "./invariants.ts";
import { type ContainerFact, isOver, type PodFact } from "./pod-fact.ts";

export interface Agent {
  /** Uid of the pod and name of the container. */
  readonly key: string;
  readonly pod: PodFact;
  readonly container: ContainerFact;
  readonly files: MountedFiles;
  readonly release: AuditedRelease;
  readonly age: "old" | "new" | "unknown";
  readonly behaviour: Behaviour;
}

export type PodChange = "ADDED" | "MODIFIED" | "DELETED";

export interface AgentChange {
  readonly before: Agent | undefined;
  /** Undefined when nothing of it runs or terminates any more. */
  readonly after: Agent | undefined;
}

export interface Roll {
  /** Containers whose agent began, ended, or came into another state. Throws where nobody can say which release runs. */
  hear(change: PodChange, pod: PodFact): readonly AgentChange[];
  readonly agents: ReadonlyMap<string, Agent>;
}

export function keepRoll(scope: AuditScope, archive: Archive): Roll {
  const agents = new Map<string, Agent>();

  const load = (pod: PodFact, container: ContainerFact): Agent | undefined => {
    const files = archive.filesOf(pod, container);
    const release = releaseOf(container.image, scope.releases?.[container.image]);
    // A container that is no agent may run anything; what kind of agent it is does not depend on the release.
    const behaviour = behaviourOf({ pod, container, files, release: release ?? { major: 0, minor: 0 } });
    if (behaviour === undefined) return undefined;
    if (release === undefined) throw new Error(`nobody can say what release ${container.image} of ${pod.name} is`);
    const key = `${pod.uid}/${container.name}`;
    return { key, pod, container, files, release, age: ageOf(scope, container.image), behaviour };
  };
  const follow = (pod: PodFact, container: ContainerFact, before: Agent | undefined): Agent | undefined => {
    if (container.starts === 0) return undefined;
    if (before?.container.starts === container.starts) return { ...before, pod, container };
    return load(pod, container);
  };
  return {
    agents,
    hear(change, pod) {
      // A Job's pod made from an agent's template migrates or measures; it is no agent.
      if (pod.owner === "Job") return [];
      return pod.containers.flatMap((container) => {
        const key = `${pod.uid}/${container.name}`;
        const before = agents.get(key);
        const after = isOver(change, pod) ? undefined : follow(pod, container, before);
        if (after === undefined) agents.delete(key);
        else agents.set(key, after);
        return before === undefined && after === undefined ? [] : [{ before, after }];
      });
    },
  };
}

function ageOf({ components }: AuditScope, image: string): Agent["age"] {
  if (components.some(({ newImages }) => newImages.includes(image))) return "new";
  return components.some(({ oldImages }) => oldImages.includes(image)) ? "old" : "unknown";
}
