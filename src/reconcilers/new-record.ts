/**
 * What an attempt remembers: everything that will not be on the cluster any more once its first write is made, taken down before
 * it. It is the only memory that decisions read, beside the marks on workloads.
 */
import { releaseOf } from "../gates/release-pair.ts";
import {
  type Agent,
  appendedFiles,
  isDown,
  nodeSelectorBefore,
  pinnedTo,
  replicasBefore,
  type WantedMount,
} from "../model/agent.ts";
import { fileAt } from "../model/agent-files.ts";
import type { RecordedBefore, RecordedParity, RecordedTarget } from "../model/attempt.ts";
import { marksOf } from "../model/marks.ts";
import type { Workload, World } from "../model/observation.ts";
import type { PodTemplate } from "../model/pod-template.ts";
import type { Release } from "../model/release.ts";
import type { Assessment } from "./assess.ts";
import type { NewRecord } from "./attempt-writes.ts";
import { digestNow } from "./inputs.ts";
import { migrationJobName } from "./migration-jobs.ts";
import { type Agents, allAgents, isRetired } from "./scene.ts";

/** The release that most of the work starts from: that of the first workload, in the order of the components. */
export function fromRelease(all: readonly Agent[], world: World): string | undefined {
  for (const agent of all) {
    const recorded = agent.recorded?.release ?? releaseOf(agent, world)?.name;
    if (recorded !== undefined) return recorded;
  }
  return undefined;
}

/** Agents that do not share their work, on pipelines that are the same: there is nothing to decide on, nor to be told. */
const saysNothing = ({ state, differences }: RecordedParity): boolean =>
  state === "NotPartitioned" && differences.length === 0;

/** Everything that will not be on the cluster any more once the first write is made. */
export function bodyOf(
  world: World,
  target: Release,
  agents: Agents,
  inputs: string,
  facts: {
    readonly hosts: ReadonlyMap<string, readonly string[]>;
    readonly longestIntervalSeconds: number;
    readonly assessed: Assessment;
  },
): NewRecord {
  const { upgrade } = world;
  const { files, parity, polling, acceptedRisks } = facts.assessed;
  const all = allAgents(agents);
  const from = fromRelease(all, world);
  const { only = [] } = upgrade.spec;
  return {
    inputs,
    ...(from === undefined ? {} : { from }),
    to: target.name,
    ...(upgrade.spec.components.database.action === "Skip" ? {} : { databaseJob: migrationJobName(upgrade) }),
    ...(parity === undefined || saysNothing(parity) ? {} : { parity }),
    ...(only.length === 0 ? {} : { only: only.toSorted() }),
    ...(acceptedRisks.length === 0 ? {} : { acceptedRisks: acceptedRisks.map((risk) => ({ ...risk })) }),
    files,
    longestIntervalSeconds: facts.longestIntervalSeconds,
    targets: all.map((agent) => {
      const plan = polling.get(agent.workload.metadata.uid);
      const target = recorded(agent, world, hostsOf(agent, world, facts.hosts), plan?.narrow && plan.file);
      return plan === undefined ? target : { ...target, polling: plan };
    }),
  };
}

/** Hosts for a first agent. One that an earlier attempt has taken down runs nowhere now: that attempt knows where it ran. */
function hostsOf(agent: Agent, world: World, seen: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const { uid } = agent.workload.metadata;
  const now = seen.get(uid) ?? [];
  // Of one that is pinned, too: where its first agent runs is one of them.
  if (!isDown(agent) && pinnedTo(agent) === undefined && now.length > 0) return now;
  const before = world.records.flatMap((record) => record.targets.find((each) => each.uid === uid)?.hosts ?? []);
  return [...new Set([...now, ...(agent.marks.phase?.hosts ?? []), ...before])];
}

function recorded(
  agent: Agent,
  world: World,
  hosts: readonly string[],
  shared: Pick<WantedMount, "path" | "volume"> | undefined,
): RecordedTarget {
  const { workload, container } = agent;
  const release = releaseOf(agent, world);
  const replicasAfter = isRetired(agent) ? 0 : agent.wanted.replicas;
  const before = beforeOf(agent, world, shared);
  const sources = (workload.template.spec.volumes ?? []).flatMap((volume): [string, string][] => {
    if (volume.configMap !== undefined) return [[volume.name, `ConfigMap/${volume.configMap.name}`]];
    if (volume.secret !== undefined) return [[volume.name, `Secret/${volume.secret.secretName}`]];
    return [];
  });
  return {
    component: agent.component,
    kind: workload.kind,
    name: workload.metadata.name,
    uid: workload.metadata.uid,
    container: container.name,
    image: container.image,
    ...(release === undefined ? {} : { release: release.name }),
    targetImage: agent.wanted.image,
    ...(workload.kind === "DaemonSet" ? {} : { replicas: replicasBefore(agent) }),
    nodeSelector: nodeSelectorBefore(agent),
    strategy: workload.strategy,
    sources: Object.fromEntries(sources),
    hosts: [...hosts],
    ...(replicasAfter === undefined ? {} : { replicasAfter }),
    ...(before.length === 0 ? {} : { before }),
    ...(isEmptied(agent, world) ? { isEmptied: true } : {}),
  };
}

/**
 * An attempt before has emptied the queues of its agents, stopped them all and brought some of them up again, when another wish
 * came. Those that are still down have nothing to empty; to start them as they are would mix two releases or pipelines (I6).
 */
function isEmptied(agent: Agent, { records, workloads }: World): boolean {
  if (agent.component !== "notification" || !isDown(agent)) return false;
  const { uid } = agent.workload.metadata;
  const plan = agent.marks.phase?.plan;
  const by = records.find((record) => record.plan === plan);
  if (by === undefined || (by.parity?.emptyFirst.length ?? 0) === 0) return false;
  // An attempt in between that has not touched it has seen the same.
  const known = records.some(
    ({ targets, startedAt }) =>
      startedAt >= by.startedAt && targets.some((each) => each.uid === uid && each.isEmptied === true),
  );
  const mates = new Set(by.targets.filter(({ component }) => component === "notification").map((each) => each.uid));
  const isUp = ({ metadata, template }: Workload): boolean => {
    const { phase } = marksOf(metadata);
    return mates.has(metadata.uid) && phase?.plan === plan && phase?.phase === "up" && !hasSnippet(template);
  };
  return known || workloads.some(isUp);
}

const hasSnippet = ({ spec }: PodTemplate): boolean => spec.containers.some((each) => appendedFiles(each).length > 0);

/** What is at the paths that the attempt changes, for a way back: by value, and the digest of what is read there. */
function beforeOf(
  { workload, container, wanted }: Agent,
  world: World,
  shared: Pick<WantedMount, "path" | "volume"> | undefined,
): RecordedBefore[] {
  const places = new Map(
    [...wanted.mounts, ...(shared === undefined ? [] : [shared])].map((each) => [each.path, each]),
  );
  return [...places.values()].map(({ path, volume: name }) => {
    const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
    const volume = workload.template.spec.volumes?.find((each) => each.name === name);
    const source = fileAt(workload.template, container, path);
    const file = source.kind === "object" ? { kind: source.object, object: source.name, key: source.key } : undefined;
    const digest = file && digestNow(world, file);
    return {
      path,
      volume: name,
      before: { ...(mount === undefined ? {} : { mount }), ...(volume === undefined ? {} : { volume }) },
      ...(file === undefined ? {} : { file: { ...file, ...(digest === undefined ? {} : { digest }) } }),
    };
  });
}
