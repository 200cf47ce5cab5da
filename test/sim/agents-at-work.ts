/**
 * What the agents of the model do: worked out from each pod and the files that it mounted when its container started, as the
 * auditor of the real control plane works it out. Nothing here knows of the operator.
 */

import { type Behaviour, behaviourOf } from "../support/agent-behaviour.ts";
import { type AgentConfiguration, configurationOf } from "../support/agent-configuration.ts";
import { type MountedFiles, openArchive } from "../support/audit-files.ts";
import { type AuditedRelease, releaseOf } from "../support/audited-release.ts";
import { type ContainerFact, type PodFact, podFact } from "../support/pod-fact.ts";
import type { ModelApiServer, StoreEvent } from "./model-api-server.ts";
import { hasEnded, isConfigMap, isDeleting, isPod, isReady, type PodObject } from "./objects.ts";

/** What a container has been since it started. */
export interface Loaded {
  readonly fact: PodFact;
  readonly container: ContainerFact;
  readonly files: MountedFiles;
  readonly release: AuditedRelease;
  readonly configuration: AgentConfiguration;
  readonly behaviour: Behaviour;
}

/** An agent whose container runs or terminates. */
export interface AgentAtWork extends Loaded {
  readonly name: string;
  /** The label that the pods of one workload have in common. */
  readonly workload: string;
  readonly image: string;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
}

const hasStarted = ({ status }: PodObject): boolean =>
  status.containerStatuses.length > 0 && status.phase === "Running";

export class AgentsAtWork {
  readonly #archive = openArchive();
  readonly #agents = new Map<string, AgentAtWork>();

  constructor(api: ModelApiServer) {
    for (const each of api.ofKind("ConfigMap")) this.#keep("ADDED", each);
    for (const each of api.list(isPod)) this.#follow("ADDED", each);
    api.subscribe((event) => this.hear(event));
  }

  get all(): readonly AgentAtWork[] {
    return [...this.#agents.values()];
  }

  hear({ type, object }: StoreEvent): void {
    if (isConfigMap(object)) this.#keep(type, object);
    if (isPod(object)) this.#follow(type, object);
  }

  #keep(type: StoreEvent["type"], object: StoreEvent["object"]): void {
    if (!isConfigMap(object)) return;
    this.#archive.hear(type, {
      kind: "ConfigMap",
      uid: object.metadata.uid,
      name: object.metadata.name,
      data: object.data ?? {},
    });
  }

  #follow(type: StoreEvent["type"], pod: PodObject): void {
    const { uid, name, labels = {}, ownerReferences } = pod.metadata;
    if (type === "DELETED" || hasEnded(pod)) {
      this.#agents.delete(uid);
      return;
    }
    // A Job's pod made from an agent's template migrates; it is no agent.
    if (ownerReferences?.[0]?.kind === "Job") return;
    const loaded = this.#agents.get(uid) ?? (hasStarted(pod) ? this.#load(pod) : undefined);
    if (loaded === undefined) return;
    const state = { name, workload: labels["app"] ?? "", isReady: isReady(pod), isTerminating: isDeleting(pod) };
    this.#agents.set(uid, { ...loaded, ...state, image: loaded.container.image });
  }

  #load(pod: PodObject): Loaded | undefined {
    const fact = podFact.parse(pod);
    const [container] = fact.containers;
    const release = container && releaseOf(container.image);
    if (container === undefined || release === undefined) return undefined;
    const files = this.#archive.filesOf(fact, container);
    const configuration = configurationOf(container, files, release);
    const behaviour = behaviourOf({ pod: fact, container, files, release });
    if (configuration === undefined || behaviour === undefined) return undefined;
    return { fact, container, files, release, configuration, behaviour };
  }
}
