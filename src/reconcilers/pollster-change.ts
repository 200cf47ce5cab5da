/**
 * Which pollsters only the new agents of a workload poll, and which both do (clause P4): what the releases have and what people
 * add, through the polling file of either side. What cannot be read is unknown, and said.
 */

import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText, replicasBefore } from "../model/agent.ts";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import { type DirectoryFile, type FileSource, fileAt, filesIn } from "../model/agent-files.ts";
import { keysOf, textOf } from "../model/agent-settings.ts";
import type { CatalogueOverride } from "../model/catalogue/overrides.ts";
import { dynamicPollsterNames, parseDynamicPollsters } from "../model/dynamic-pollsters.ts";
import { asInImage, type ImagesAsked } from "../model/image-pollsters.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { parsePipeline, pollingOf } from "../model/pipeline.ts";
import { type PollingFile, parsePolling } from "../model/polling-file.ts";
import { cataloguedPollsters, effectivePollsters } from "../model/pollsters.ts";
import { hasDynamicPollsters, pollingFiles, type Release } from "../model/release.ts";
import { configurationOf, type Rendered, renderedNow } from "./configuration-of.ts";
import type { Inputs } from "./inputs.ts";
import { sharesAcrossHosts } from "./polling-path.ts";
import { workloadsOf } from "./targets.ts";

const GATE = "PartitionGroup";

/** What the assessment of one workload is made of. */
export interface Case {
  readonly world: World;
  readonly agent: Agent;
  /** All polling agents of this attempt. */
  readonly agents: readonly Agent[];
  readonly inputs: Inputs;
  readonly from: Release;
  readonly to: Release;
  readonly overrides: readonly CatalogueOverride[];
  /** What images say of themselves, where they were asked. */
  readonly images: ImagesAsked | undefined;
}

/** What one of its files is read for. */
type Look = Pick<Case, "world" | "agent" | "inputs" | "to">;

/** What old and new agents poll. Undefined where it cannot be known, and why. */
export interface Change {
  readonly added?: readonly string[];
  readonly kept?: readonly string[];
  readonly removed?: readonly string[];
  readonly why?: string;
  /** The file of the new agents, where it could be read. */
  readonly next?: { readonly text: string; readonly file: PollingFile; readonly fromSecret: boolean };
  readonly findings: readonly Violation[];
}

export function changeOf(
  one: Case,
  old: AgentConfiguration,
  original: Rendered,
  namespaces: readonly string[],
): Change {
  const { world, from, to } = one;
  const listed = listOf(world);
  const unknown = unknownNamespace(one, namespaces, [from, to]);
  if (unknown !== undefined && listed === undefined) return { findings: [unknown], why: unknown.message };
  const { names: oldNames, unknown: oldUnknown } = namesOf(one, from, old, original, namespaces);
  // A release that reads files of pollsters, which the old one did not, finds its own options for them.
  const coming = configurationOf(world, one.agent, to, original);
  const { names: newNames, unknown: newUnknown } = namesOf(one, to, coming, original, namespaces);
  const next = nextFile(one, original);
  const edited = editedSince(one, old);
  if (edited !== undefined) return { why: edited, findings: [] };
  const before = fileOf(old, from);
  const unread = newUnknown ?? oldUnknown;
  if (unread !== undefined && !readAlike(one, original)) return { why: unread, findings: [] };
  if (next === undefined || before === undefined) return unreadChange(one, old, original, oldNames, newNames);
  const polledBefore = effectivePollsters(oldNames, before);
  const polledAfter = effectivePollsters([...newNames, ...(listed ?? [])], next.file);
  const byMates = polledByMates(one, old, namespaces);
  const isNew = (name: string): boolean =>
    !byMates.names.has(name) && (listed === undefined ? !polledBefore.has(name) : listed.includes(name));
  // A list says what is new beside what the old release has, so that has to be known.
  const unsure = unread ?? unknownNamespace(one, namespaces, [from])?.message ?? byMates.why;
  const after = [...polledAfter].toSorted();
  const added = after.filter(isNew);
  // Agents beside an isolated group get a file of names: what has no known name would be polled by nobody (I7).
  if (unsure !== undefined && added.length > 0) return { why: unsure, findings: [] };
  const kept = after.filter((name) => !isNew(name));
  const removed = [...polledBefore].filter((name) => !polledAfter.has(name)).toSorted();
  return { added, kept, removed, next, findings: [] };
}

/** What people say is new, if they do. */
const listOf = ({ upgrade }: World): readonly string[] | undefined =>
  upgrade.spec.components.polling?.newPollsters?.names;

/** Other workloads with agents for the same polling namespaces, which is the name of their group. */
export function matesOf(one: Case, namespaces: readonly string[]): readonly Agent[] {
  const group = (of: readonly string[]): string => of.toSorted().join("-");
  return one.agents.filter((agent) => {
    if (agent === one.agent || (agent.workload.kind !== "DaemonSet" && replicasBefore(agent) === 0)) return false;
    return group(namespacesOf({ ...one, agent }, configurationOf(one.world, agent, one.from))) === group(namespaces);
  });
}

/**
 * What others of its coordination group poll already: a group of its own would poll that a second time (I7). So it is where another
 * attempt was given up between the first agents that got the whole file and the last. Where people say what is new, that is not
 * polled by those that do not run the target.
 */
function polledByMates(
  one: Case,
  old: AgentConfiguration,
  namespaces: readonly string[],
): { readonly names: ReadonlySet<string>; readonly why?: string } {
  const { world, agent, from, to } = one;
  const isOneGroup = old.coordinated.kind === "known" && old.coordinated.value;
  if (!isOneGroup || !sharesAcrossHosts(agent.workload, namespaces, from, to)) return { names: new Set() };
  const names = new Set<string>();
  for (const mate of matesOf(one, namespaces)) {
    const release = releaseOf(mate, world) ?? from;
    if (listOf(world) !== undefined && release.major !== to.major) continue;
    const theirs = { ...one, agent: mate };
    const configuration = configurationOf(world, mate, release);
    const edited = editedSince(theirs, configuration);
    const file = fileOf(configuration, release);
    if (edited !== undefined || file === undefined) return { names, why: edited ?? whyUnread(configuration, mate) };
    const known = namesOf(theirs, release, configuration, renderedNow(mate), namespaces).names;
    for (const name of effectivePollsters(known, file)) names.add(name);
  }
  return { names };
}

/** Both sides read the same of what is not known, unless only one of them reads it, or another file selects from it. A list says what is new. */
function readAlike(one: Case, original: Rendered): boolean {
  const isListed = listOf(one.world) !== undefined;
  const same = hasDynamicPollsters(one.from) === hasDynamicPollsters(one.to);
  return isListed || (same && inputsFile(one, original) === undefined);
}

/**
 * Agents read their files when they start: what to poll, their options, the pollsters that people define. What was written to one
 * since is not what they have, and what it was before nobody can say: only of an immutable object, and of pods that were born with
 * what is in it, the content is known.
 */
function editedSince({ world, agent }: Case, configuration: AgentConfiguration): string | undefined {
  for (const name of objectsRead(world, agent, configuration)) {
    const seen = world.files.get(name);
    if (seen?.seen !== "present" || seen.value.immutable) continue;
    const { changedAt } = seen.value;
    const older = agent.pods.find((pod) => pod.metadata.createdAt < changedAt);
    if (older === undefined) continue;
    return `${name} was written to after Pod/${older.metadata.name} started, so what that one polls is not known`;
  }
  return undefined;
}

/** The objects whose files decide what an agent polls, and with whom it shares that; mounts of other things say nothing of it. */
function objectsRead(
  world: World,
  agent: Agent,
  { polling, command, pollstersDefinitionsDirs: dirs }: AgentConfiguration,
): ReadonlySet<string> {
  const { template, container } = renderedNow(agent);
  const inFolder = (folder: string, reads: (file: DirectoryFile) => boolean): readonly FileSource[] =>
    filesIn(template, container, folder, (object) => keysOf(object, world.files))
      .files.filter(reads)
      .map(({ source }) => source);
  const options = command.sources.flatMap(({ kind, path }) =>
    kind === "file" ? [fileAt(template, container, path)] : inFolder(path, (file) => file.path.endsWith(".conf")),
  );
  const defined = dirs.kind === "known" ? dirs.value.flatMap((folder) => inFolder(folder, definesPollsters)) : [];
  const sources = [polling.source, ...options, ...defined];
  return new Set(sources.flatMap((source) => (source.kind === "object" ? `${source.object}/${source.name}` : [])));
}

/** The same file on both sides, whatever is in it, lets no new pollster in where the release has no new name. */
function unreadChange(
  one: Case,
  old: AgentConfiguration,
  original: Rendered,
  oldNames: readonly string[],
  newNames: readonly string[],
): Change {
  // One that no volume brings may be the image's own, and the other image's is another.
  const same = inputsFile(one, original) === undefined && old.polling.state !== "missing";
  if (same && newNames.every((name) => oldNames.includes(name))) return { added: [], findings: [] };
  const why = old.polling.state === "read" ? "the polling file cannot be parsed" : whyUnread(old, one.agent);
  return { why, findings: [] };
}

const whyUnread = ({ polling }: AgentConfiguration, agent: Agent): string =>
  `the polling file of ${agentText(agent)} cannot be read${"why" in polling ? `: ${polling.why}` : ""}`;

/** Agents look for `*.yaml`, which no hidden file is to Python's glob. What else lies there they do not read. */
const definesPollsters = ({ path }: DirectoryFile): boolean => /\/[^./][^/]*\.yaml$/.test(path);

/** Names that a release has for the agents of the workload, with those that its pollsters.d adds. */
function namesOf(
  { world, agent, overrides, from, to, images }: Case,
  release: Release,
  configuration: AgentConfiguration,
  rendered: Rendered,
  namespaces: readonly string[],
): { readonly names: readonly string[]; readonly unknown?: string } {
  const image = images?.get(release === to ? agent.wanted.image : agent.container.image);
  const built = namespaces.flatMap((namespace) => {
    // Of a release that nobody knows: what is not listed as new is what there was.
    const names =
      cataloguedPollsters(release, namespace, overrides) ?? cataloguedPollsters(from, namespace, overrides) ?? [];
    return asInImage(names, namespace, image);
  });
  if (!hasDynamicPollsters(release)) return { names: built };
  const directories = configuration.pollstersDefinitionsDirs;
  if (directories.kind !== "known")
    return { names: built, unknown: "where dynamic pollsters are defined is not known" };
  const unknowns: string[] = [];
  const { template, container } = rendered;
  const dynamic = directories.value.flatMap((directory) => {
    const { files, unknown } = filesIn(template, container, directory, (object) => keysOf(object, world.files));
    if (unknown !== undefined) unknowns.push(unknown);
    return files.filter(definesPollsters).flatMap(({ path }) => {
      const text = textOf(fileAt(template, container, path), world.files);
      const pollsters = text.kind === "text" ? parseDynamicPollsters(text.text) : undefined;
      if (text.kind === "unknown" || pollsters?.kind === "broken") unknowns.push(`which pollsters ${path} defines`);
      if (pollsters?.kind !== "parsed") return [];
      return namespaces.flatMap((namespace) => dynamicPollsterNames(pollsters.file, namespace));
    });
  });
  const [unknown] = unknowns;
  return {
    names: [...new Set([...built, ...dynamic])],
    ...(unknown === undefined ? {} : { unknown: `dynamic pollsters cannot be read: ${unknown}` }),
  };
}

export const fileOf = ({ polling }: AgentConfiguration, release: Release): PollingFile | undefined =>
  polling.state === "read" ? parsed(polling.text, release) : undefined;

function parsed(text: string, release: Release): PollingFile | undefined {
  if (pollingFiles(release)[0] === "pipeline") {
    const file = parsePipeline(text, "meters", release);
    return file.kind === "parsed" ? pollingOf(file.file) : undefined;
  }
  const file = parsePolling(text);
  return file.kind === "parsed" ? file.file : undefined;
}

/**
 * The file that the resource gives to the new agents, if it gives one. In Ocata and Pike a pipeline.yaml that is given tells
 * agents without a polling.yaml what to poll.
 */
function inputsFile({ world, agent, inputs, to }: Look, original: Rendered): Inputs["texts"][keyof Inputs["texts"]] {
  const [first = "polling", ...others] = pollingFiles(to);
  const given = inputs.texts[first];
  if (given !== undefined || !others.includes("pipeline")) return given;
  const { polling, pipeline } = configurationOf(world, agent, to, original);
  return polling === pipeline ? inputs.texts.pipeline : undefined;
}

/** What the new agents of a workload poll: the file that the resource gives, else what they would read in its container. */
export function nextFile(one: Look, original: Rendered): Change["next"] {
  const given = inputsFile(one, original);
  if (given !== undefined) {
    const file = given.text === undefined ? undefined : parsed(given.text, one.to);
    if (file === undefined || given.text === undefined) return undefined;
    return { text: given.text, file, fromSecret: given.object.startsWith("Secret/") };
  }
  const { polling } = configurationOf(one.world, one.agent, one.to, original);
  if (polling.state !== "read") return undefined;
  const file = parsed(polling.text, one.to);
  const fromSecret = polling.source.kind === "object" && polling.source.object === "Secret";
  return file === undefined ? undefined : { text: polling.text, file, fromSecret };
}

export function namespacesOf({ world, agent }: Case, configuration: AgentConfiguration): readonly string[] {
  const targets = world.upgrade.spec.components.polling?.targets ?? [];
  // By its labels, too: a target that is given by them has no name.
  const own = targets.find((target) => workloadsOf(target, [agent.workload]).length > 0);
  if (own?.pollingNamespaces !== undefined) return own.pollingNamespaces;
  const read = configuration.pollingNamespaces;
  return read.kind === "known" ? read.value : ["central", "compute"];
}

function unknownNamespace(
  { agent, from, to, overrides }: Case,
  namespaces: readonly string[],
  releases: readonly Release[],
): Violation | undefined {
  const unknown = namespaces.find((each) =>
    releases.some((release) => cataloguedPollsters(release, each, overrides) === undefined),
  );
  if (unknown === undefined) return undefined;
  return {
    gate: GATE,
    object: agentText(agent),
    reason: "PollstersUnknown",
    message: `which pollsters ${from.name} and ${to.name} have in the polling namespace ${unknown} is not known`,
    remedy: "name them in spec.components.polling.newPollsters.catalogue, or list what is new with source: List",
    severity: "Error",
  };
}
