/**
 * The partition gate (clause P4), asked before the first write: which pollsters only the new agents of each workload poll,
 * which both poll, and how the workload gets from old to new. The answer goes into the attempt record, because it cannot be
 * found again once agents have been replaced.
 */

import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText, replicasBefore } from "../model/agent.ts";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import { fileAt } from "../model/agent-files.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import { type CatalogueOverride, parseCatalogueOverrides } from "../model/catalogue/overrides.ts";
import type { ImagesAsked } from "../model/image-pollsters.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { dividedApart } from "../model/pollsters.ts";
import { pollingFiles, type Release } from "../model/release.ts";
import { shownName } from "../model/shown-name.ts";
import { configurationOf, type Rendered, renderedNow, withMount } from "./configuration-of.ts";
import type { Inputs, WantedCopy } from "./inputs.ts";
import { planIsolation } from "./isolation.ts";
import { neverMet, type PollingPath, pathOf, sharesAcrossHosts } from "./polling-path.ts";
import { type Case, type Change, changeOf, fileOf, matesOf, namespacesOf } from "./pollster-change.ts";
import { PATHS, VOLUMES } from "./targets.ts";

export interface PollingAssessment {
  /** By the workload's uid. */
  readonly plans: ReadonlyMap<string, RecordedPolling>;
  readonly findings: readonly Violation[];
  /** Derived files that have to be there before agents can mount them. */
  readonly copies: readonly WantedCopy[];
}

const GATE = "PartitionGroup";

export function assessPolling(
  world: World,
  agents: readonly Agent[],
  target: Release,
  inputs: Inputs,
  images: ImagesAsked | undefined,
): PollingAssessment {
  const overrides = readOverrides(world);
  const alone = agents.flatMap((agent): Weighed[] => {
    const from = releaseOf(agent, world);
    // The pair of releases is another gate's: where it is not known, that one says so.
    if (from === undefined) return [];
    const one = { world, agent, agents, inputs, from, to: target, overrides: overrides.found, images };
    return [{ one, ...assess(one) }];
  });
  // Once for each workload: one that is replaced because of another may be why a third is.
  const assessed = agents.reduce<readonly Weighed[]>((all) => all.map((each) => asMate(each, all)), alone);
  return {
    plans: new Map(
      assessed.flatMap(({ one, plan }) => (plan === undefined ? [] : [[one.agent.workload.metadata.uid, plan]])),
    ),
    findings: [...overrides.findings, ...assessed.flatMap(({ findings }) => findings)],
    copies: assessed.flatMap(({ copies }) => copies),
  };
}

/**
 * A full upgrade compares no pollsters; but where a partial one was given up, its agents may still have the file that it derived
 * for a while, and get back what was there before.
 */
export function restoredPolling(
  world: World,
  agents: readonly Agent[],
  target: Release,
): ReadonlyMap<string, RecordedPolling> {
  const found = agents.flatMap((agent): [string, RecordedPolling][] => {
    const { file, given, restoring } = derivedFor(world, agent, target);
    if (restoring.restores === undefined && restoring.left === undefined) return [];
    const why = "an attempt that was given up has left a file there that it derived";
    const plan: RecordedPolling = {
      namespaces: [],
      path: "Replace",
      why,
      overlap: false,
      file,
      before: given ?? {},
      ...restoring,
    };
    return [[agent.workload.metadata.uid, plan]];
  });
  return new Map(found);
}

interface Assessed {
  readonly plan?: RecordedPolling;
  readonly findings: readonly Violation[];
  readonly copies: readonly WantedCopy[];
}

interface Weighed extends Assessed {
  readonly one: Case;
}

/**
 * Another workload of its coordination group is replaced at once, without overlap: an old agent of this one would meet the new ones
 * there, and its isolated group would poll what these do (I7). Or it brings other new pollsters, some of which these are: a group for
 * each would poll those twice. Why it may not overlap either, if so.
 */
function mateApart({ one, plan }: Weighed, all: readonly Weighed[]): string | undefined {
  if (plan?.overlap !== true || !isInGroupOfMany(one, plan)) return undefined;
  const mates = matesOf(one, plan.namespaces);
  for (const other of all) {
    if (other.plan === undefined || !mates.includes(other.one.agent)) continue;
    const { path, together, why } = other.plan;
    const who = `${agentText(other.one.agent)}, which shares its work,`;
    if (path === "Replace" && together === true) return `${who} is upgraded without overlap: ${why}`;
    if (path === "Isolate" && isPartly(plan, other.plan)) return `${who} brings other new pollsters`;
  }
  return undefined;
}

function asMate(each: Weighed, all: readonly Weighed[]): Weighed {
  const apart = mateApart(each, all);
  return apart === undefined ? each : { one: each.one, ...assess(each.one, apart) };
}

/** They bring some of the same new pollsters, and not all. */
function isPartly({ added: ours = [], path }: RecordedPolling, { added: theirs = [] }: RecordedPolling): boolean {
  const shared = ours.filter((name) => theirs.includes(name)).length;
  return path === "Isolate" && shared > 0 && (shared < ours.length || shared < theirs.length);
}

const isInGroupOfMany = ({ agent, from, to }: Case, { namespaces }: RecordedPolling): boolean =>
  sharesAcrossHosts(agent.workload, namespaces, from, to);

/** @param apart why it may not overlap, whatever it polls. */
function assess(one: Case, apart?: string): Assessed {
  const { world, agent, from, to } = one;
  const derived = derivedFor(world, agent, to);
  const { file, given, restoring } = derived;
  const original = withoutDerived(agent, derived);
  // Where an attempt was given up, its agents poll what that one derived, and not yet what people gave them.
  const old = configurationOf(world, agent, from);
  const namespaces = namespacesOf(one, old);
  const change: Change = apart === undefined ? changeOf(one, old, original, namespaces) : { why: apart, findings: [] };
  const path = pathFor(one, old, namespaces, change.added);
  const divided = dividedElsewhere(one, old, change, path);
  if (divided !== undefined) return assess(one, divided);
  const base: RecordedPolling = {
    namespaces: [...namespaces],
    path: path.path,
    why: apart ?? path.why,
    overlap: path.overlap,
    ...(path.together ? { together: true } : {}),
    file,
    before: given ?? mountedAt(agent, file),
    ...restoring,
    ...(change.added === undefined ? {} : { added: [...change.added] }),
    ...(change.kept === undefined ? {} : { kept: [...change.kept] }),
    ...(change.removed === undefined ? {} : { removed: [...change.removed] }),
  };
  // Of the other one it is told what is not known.
  if (apart !== undefined) return { plan: base, findings: [], copies: [] };
  if (path.path !== "Isolate")
    return { plan: base, findings: [...change.findings, ...unknownFile(one, change, path)], copies: [] };
  return planIsolation(one, base, change, old);
}

/** Why old and new agents may not be at one time although a group shares the work out: the new file has them in another one. */
function dividedElsewhere(
  { from, to }: Case,
  old: AgentConfiguration,
  { next, kept = [] }: Change,
  path: PollingPath,
): string | undefined {
  const before = fileOf(old, from);
  if (!path.overlap || neverMet(path) || before === undefined || next === undefined) return undefined;
  const name = dividedApart({ file: before, release: from }, { file: next.file, release: to }, kept);
  return name && `the polling file divides ${shownName(name)} in another group than before, so both would poll it`;
}

function pathFor(
  one: Case,
  old: AgentConfiguration,
  namespaces: readonly string[],
  added: readonly string[] | undefined,
): PollingPath {
  const { world, agent, from, to } = one;
  const { workload } = agent;
  return pathOf({
    // One that an attempt has taken down comes back with as many as it had.
    workload: workload.kind === "DaemonSet" ? workload : { ...workload, replicas: replicasBefore(agent) },
    namespaces,
    coordinated: old.coordinated.kind === "known" ? old.coordinated.value : undefined,
    from,
    to,
    added,
    mates: matesOf(one, namespaces).length > 0,
    when: world.upgrade.spec.components.polling?.isolatedGroup?.when ?? "Auto",
  });
}

/** What cannot be read does no harm where old and new agents never meet, and that is said. */
function unknownFile({ agent, world }: Case, { why }: Change, { path }: PollingPath): readonly Violation[] {
  if (why === undefined) return [];
  const asked = world.upgrade.spec.components.polling?.isolatedGroup?.when === "Always";
  const how = path === "Replace" ? "it is upgraded without overlap" : "its old and new agents never meet";
  return [
    {
      gate: GATE,
      object: agentText(agent),
      reason: "ConfigurationUnknown",
      message: `${why}; which pollsters are new is not known, so ${how}`,
      remedy: "let the operator read the object (secrets of the chart), to let new agents run beside old ones",
      severity: asked ? "Error" : "Warning",
    },
  ];
}

/** What is mounted where new agents read their polling file. */
function mountedAt({ container, workload }: Agent, { path, volume: name }: RecordedPolling["file"]): Mounted {
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
  const volume = workload.template.spec.volumes?.find((each) => each.name === name);
  return { ...(mount === undefined ? {} : { mount }), ...(volume === undefined ? {} : { volume }) };
}

type Mounted = RecordedPolling["before"];

/**
 * A file that an abandoned attempt derived is not what people gave their agents: that attempt knows what was there before it.
 * Undefined where none is mounted.
 */
function derivedBefore(world: World, agent: Agent, file: RecordedPolling["file"]): Mounted | undefined {
  const object = mountedAt(agent, file).volume?.configMap?.name;
  if (object === undefined) return undefined;
  // No list is made of all of them: there may be thousands of records, and each agent is asked for.
  for (const { targets } of world.records) {
    const derived = targets.find(
      ({ uid, polling }) => polling?.narrow?.object === object && uid === agent.workload.metadata.uid,
    );
    if (derived !== undefined) return derived.polling?.before;
  }
  return undefined;
}

interface Derived {
  /** What agents of the release read. */
  readonly file: RecordedPolling["file"];
  /** What was there before, where an abandoned attempt has derived what is there. */
  readonly given?: Mounted;
  /** What an attempt has to remember of that. */
  readonly restoring: Pick<RecordedPolling, "restores" | "left">;
}

/**
 * What abandoned attempts have mounted that they derived: where agents of this release read, and where those of others do. Agents to
 * Pike that have no polling.yaml would poll what is in a pipeline.yaml of that kind, and no more, for good.
 */
function derivedFor(world: World, agent: Agent, to: Release): Derived {
  const own = pollingFiles(to)[0] ?? "polling";
  const fileOf = (which: typeof own): Derived["file"] => ({ path: PATHS[which], volume: VOLUMES[which] });
  const given = derivedBefore(world, agent, fileOf(own));
  const left = (["polling", "pipeline"] as const).flatMap((which) => {
    const before = which === own ? undefined : derivedBefore(world, agent, fileOf(which));
    return before === undefined ? [] : [{ ...fileOf(which), before }];
  });
  return {
    file: fileOf(own),
    ...(given === undefined ? {} : { given }),
    restoring: { ...(given === undefined ? {} : { restores: true }), ...(left.length === 0 ? {} : { left }) },
  };
}

/** The template with the files that people gave its agents. */
function withoutDerived(agent: Agent, { file, given, restoring: { left = [] } }: Derived): Rendered {
  const all = [...left, ...(given === undefined ? [] : [{ ...file, before: given }])];
  return all.reduce((now, each) => withMount(now, each.path, each.volume, each.before), renderedNow(agent));
}

/** The same, for those who ask for nothing else. */
export const renderedOriginal = (world: World, agent: Agent, to: Release): Rendered =>
  withoutDerived(agent, derivedFor(world, agent, to));

/**
 * An attempt has mounted a file that it derived, and nothing remembers any more what was there before it. Where the resource gives
 * no polling file either, nobody but people can say what the agents are to poll.
 */
export function forgottenOriginals(world: World, agents: readonly Agent[], target: Release): readonly Violation[] {
  const first = pollingFiles(target)[0] ?? "polling";
  return agents.flatMap((agent) => {
    const which = pollingFiles(target).find((each) => isThere(agent, PATHS[each])) ?? first;
    const file = { path: PATHS[which], volume: VOLUMES[which] };
    const object = mountedAt(agent, file).volume?.configMap?.name;
    const isDerived = world.copies.some(({ name, purpose }) => purpose === "derived" && name === object);
    const isGiven = agent.wanted.mounts.some(({ path }) => path === file.path);
    if (!isDerived || isGiven || derivedBefore(world, agent, file) !== undefined) return [];
    return [
      {
        gate: GATE,
        object: agentText(agent),
        reason: "OriginalForgotten",
        message: `${file.path} is ConfigMap/${object}, which an attempt derived for a while, and the record of what was there before is gone`,
        remedy: `mount there what its agents are to poll, or name the file in spec.target.config.${first}`,
        severity: "Error",
      },
    ];
  });
}

/** Agents of a release that reads several go by the first of them that they have. */
function isThere({ workload, container, wanted }: Agent, path: string): boolean {
  const { kind } = fileAt(workload.template, container, path);
  return wanted.mounts.some((mount) => mount.path === path) || kind === "object" || kind === "unknown";
}

function readOverrides(world: World): {
  readonly found: readonly CatalogueOverride[];
  readonly findings: readonly Violation[];
} {
  const ref = world.upgrade.spec.components.polling?.newPollsters?.catalogue;
  if (ref === undefined) return { found: [], findings: [] };
  const object = `${ref.kind}/${ref.name}`;
  const seen = world.files.get(object);
  const text = seen?.seen === "present" ? seen.value.data.get(ref.key) : undefined;
  const base = { gate: GATE, object, severity: "Error" } as const;
  if (text === undefined) {
    const message = `it has no key ${ref.key} that can be read (spec.components.polling.newPollsters.catalogue)`;
    return { found: [], findings: [{ ...base, reason: "ConfigurationMissing", message, remedy: "create it" }] };
  }
  const read = parseCatalogueOverrides(text);
  if (read.kind === "parsed") return { found: read.file, findings: [] };
  const findings = read.problems.map(({ place, rule, remedy }) => ({
    ...base,
    reason: "ConfigurationInvalid",
    message: `${ref.key}, ${place}: ${rule}`,
    remedy,
  }));
  return { found: [], findings };
}
