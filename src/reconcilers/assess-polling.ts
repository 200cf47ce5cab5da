/**
 * The partition gate (clause P4), asked before the first write: which pollsters only the new agents of each workload poll,
 * which both poll, and how the workload gets from old to new. The answer goes into the attempt record, because it cannot be
 * found again once agents have been replaced.
 */

import { releaseOf } from "../gates/release-pair.ts";
import type { Agent } from "../model/agent.ts";
import { agentText } from "../model/agent.ts";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import { fileAt, filesIn } from "../model/agent-files.ts";
import { keysOf, textOf } from "../model/agent-settings.ts";
import type { RecordedFile, RecordedPolling } from "../model/attempt.ts";
import type { CatalogueOverride } from "../model/catalogue/overrides.ts";
import { parseCatalogueOverrides } from "../model/catalogue/overrides.ts";
import { derivedPipeline, derivedPolling, isolationProblems } from "../model/derived-polling.ts";
import { digestText, nameFor, shortDigest } from "../model/digest.ts";
import { dynamicPollsterNames, parseDynamicPollsters } from "../model/dynamic-pollsters.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { parsePipeline, pollingOf } from "../model/pipeline.ts";
import { type PollingFile, parsePolling } from "../model/polling-file.ts";
import { cataloguedPollsters, effectivePollsters } from "../model/pollsters.ts";
import { hasDynamicPollsters, pollingFiles, type Release, readsOptionsFromEnvironment } from "../model/release.ts";
import { configurationOf, type Rendered, renderedNow, withMount } from "./configuration-of.ts";
import { configurationCopy } from "./desired/configuration-copy.ts";
import type { Inputs, WantedCopy } from "./inputs.ts";
import { type PollingPath, pathOf } from "./polling-path.ts";
import { PATHS, VOLUMES } from "./targets.ts";

export interface PollingAssessment {
  /** By the workload's uid. */
  readonly plans: ReadonlyMap<string, RecordedPolling>;
  readonly findings: readonly Violation[];
  /** Derived files that have to be there before agents can mount them. */
  readonly copies: readonly WantedCopy[];
}

const GATE = "PartitionGroup";

/** What the assessment of one workload is made of. */
interface Case {
  readonly world: World;
  readonly agent: Agent;
  readonly inputs: Inputs;
  readonly from: Release;
  readonly to: Release;
  readonly overrides: readonly CatalogueOverride[];
}

export function assessPolling(
  world: World,
  agents: readonly Agent[],
  target: Release,
  inputs: Inputs,
): PollingAssessment {
  const overrides = readOverrides(world);
  const assessed = agents.map((agent) => {
    const from = releaseOf(agent, world.upgrade.spec.from?.release);
    // The pair of releases is another gate's: where it is not known, that one says so.
    if (from === undefined) return { uid: agent.workload.metadata.uid, findings: [], copies: [] };
    const one = assess({ world, agent, inputs, from, to: target, overrides: overrides.found });
    return { uid: agent.workload.metadata.uid, ...one };
  });
  return {
    plans: new Map(assessed.flatMap(({ uid, plan }) => (plan === undefined ? [] : [[uid, plan]]))),
    findings: [...overrides.findings, ...assessed.flatMap(({ findings }) => findings)],
    copies: assessed.flatMap(({ copies }) => copies),
  };
}

interface Assessed {
  readonly plan?: RecordedPolling;
  readonly findings: readonly Violation[];
  readonly copies: readonly WantedCopy[];
}

function assess(one: Case): Assessed {
  const { world, agent, from, to } = one;
  const { polling } = world.upgrade.spec.components;
  const which = pollingFiles(to)[0] ?? "polling";
  const file = { path: PATHS[which], volume: VOLUMES[which] };
  const before = mountBefore(world, agent, file);
  const original = withMount(renderedNow(agent), file.path, file.volume, before);
  const old = configurationOf(world, agent, from, original);
  const namespaces = namespacesOf(one, old);
  const change = changeOf(one, old, original, namespaces);
  const path = pathOf({
    workload: agent.workload,
    namespaces,
    coordinated: old.coordinated.kind === "known" ? old.coordinated.value : undefined,
    from,
    to,
    added: change.added,
    when: polling?.isolatedGroup?.when ?? "Auto",
  });
  const base: RecordedPolling = {
    namespaces: [...namespaces],
    path: path.path,
    why: path.why,
    overlap: path.overlap,
    file,
    before,
    ...(change.added === undefined ? {} : { added: [...change.added] }),
    ...(change.kept === undefined ? {} : { kept: [...change.kept] }),
    ...(change.removed === undefined ? {} : { removed: [...change.removed] }),
  };
  if (path.path !== "Isolate")
    return { plan: base, findings: [...change.findings, ...unknownFile(one, change, path)], copies: [] };
  return isolate(one, base, change, old);
}

/** What old and new agents poll. Undefined where it cannot be known, and why. */
interface Change {
  readonly added?: readonly string[];
  readonly kept?: readonly string[];
  readonly removed?: readonly string[];
  readonly why?: string;
  /** The file of the new agents, where it could be read. */
  readonly next?: { readonly text: string; readonly file: PollingFile; readonly fromSecret: boolean };
  readonly findings: readonly Violation[];
}

function changeOf(one: Case, old: AgentConfiguration, original: Rendered, namespaces: readonly string[]): Change {
  const { world, agent, from, to } = one;
  const source = world.upgrade.spec.components.polling?.newPollsters;
  const unknown = unknownNamespace(one, namespaces);
  if (unknown !== undefined && source?.source !== "List") return { findings: [unknown], why: unknown.message };
  const oldNames = namesOf(one, from, old, original, namespaces);
  const newNames = namesOf(one, to, old, original, namespaces);
  const next = nextFile(one, original);
  const before = old.polling.state === "read" ? parsed(old.polling.text, from) : undefined;
  if (next === undefined || before === undefined) {
    // The same file on both sides: without a new name in the release it cannot let a new one in.
    const same = inputsFile(one) === undefined;
    const brings = newNames.filter((name) => !oldNames.includes(name));
    const why = old.polling.state === "read" ? "the polling file cannot be parsed" : whyUnread(old, agent);
    return same && brings.length === 0 ? { added: [], findings: [] } : { why, findings: [] };
  }
  const polledBefore = effectivePollsters(oldNames, before);
  const polledAfter = effectivePollsters(
    source?.source === "List" ? [...newNames, ...(source.names ?? [])] : newNames,
    next.file,
  );
  const listed = source?.source === "List" ? new Set(source.names) : undefined;
  const isNew = (name: string): boolean => (listed === undefined ? !polledBefore.has(name) : listed.has(name));
  const after = [...polledAfter].toSorted();
  return {
    added: after.filter(isNew),
    kept: after.filter((name) => !isNew(name)),
    removed: [...polledBefore].filter((name) => !polledAfter.has(name)).toSorted(),
    next,
    findings: [],
  };
}

const whyUnread = ({ polling }: AgentConfiguration, agent: Agent): string =>
  `the polling file of ${agentText(agent)} cannot be read${"why" in polling ? `: ${polling.why}` : ""}`;

/** Names that a release has for the agents of the workload, with those that its pollsters.d adds. */
function namesOf(
  { world, overrides }: Case,
  release: Release,
  configuration: AgentConfiguration,
  rendered: Rendered,
  namespaces: readonly string[],
): readonly string[] {
  const built = namespaces.flatMap((namespace) => cataloguedPollsters(release, namespace, overrides) ?? []);
  if (!hasDynamicPollsters(release) || configuration.pollstersDefinitionsDirs.kind !== "known") return built;
  const { template, container } = rendered;
  const dynamic = configuration.pollstersDefinitionsDirs.value.flatMap((directory) => {
    const { files } = filesIn(template, container, directory, (object) => keysOf(object, world.files));
    return files.flatMap(({ path }) => {
      const text = textOf(fileAt(template, container, path), world.files);
      const pollsters = text.kind === "text" ? parseDynamicPollsters(text.text) : undefined;
      if (pollsters?.kind !== "parsed") return [];
      return namespaces.flatMap((namespace) => dynamicPollsterNames(pollsters.file, namespace));
    });
  });
  return [...new Set([...built, ...dynamic])];
}

function parsed(text: string, release: Release): PollingFile | undefined {
  if (pollingFiles(release)[0] === "pipeline") {
    const file = parsePipeline(text, "meters", release);
    return file.kind === "parsed" ? pollingOf(file.file) : undefined;
  }
  const file = parsePolling(text);
  return file.kind === "parsed" ? file.file : undefined;
}

/** The file that the resource gives to the new agents, if it gives one. */
function inputsFile({ inputs, to }: Case): Inputs["texts"][keyof Inputs["texts"]] {
  const which = pollingFiles(to)[0] ?? "polling";
  return inputs.texts[which];
}

function nextFile(one: Case, original: Rendered): Change["next"] {
  const given = inputsFile(one);
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

function namespacesOf({ world, agent }: Case, configuration: AgentConfiguration): readonly string[] {
  const targets = world.upgrade.spec.components.polling?.targets ?? [];
  const own = targets.find(({ kind, name }) => kind === agent.workload.kind && name === agent.workload.metadata.name);
  if (own?.pollingNamespaces !== undefined) return own.pollingNamespaces;
  const read = configuration.pollingNamespaces;
  return read.kind === "known" ? read.value : ["central", "compute"];
}

function unknownNamespace({ agent, from, to, overrides }: Case, namespaces: readonly string[]): Violation | undefined {
  const unknown = namespaces.find((each) =>
    [from, to].some((release) => cataloguedPollsters(release, each, overrides) === undefined),
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

function isolate(one: Case, base: RecordedPolling, change: Change, old: AgentConfiguration): Assessed {
  const { world, agent, inputs, to } = one;
  const { next, added = [], kept = [] } = change;
  const { upgrade } = world;
  const group = upgrade.spec.components.polling?.isolatedGroup;
  const object = agentText(agent);
  const problem = (message: string, remedy: string, severity: Violation["severity"] = "Error"): Violation => ({
    gate: GATE,
    object,
    reason: "OverlayImpossible",
    message,
    remedy,
    severity,
  });
  if (next === undefined)
    return { findings: [problem("its polling file cannot be read", "let the operator read it")], copies: [] };
  const findings = isolationProblems(next.file, { release: to, polled: new Set(added) }).map(
    ({ rule, remedy, severity, place }) => problem(`${place}: ${rule}`, remedy, severity),
  );
  if (next.fromSecret && next.file.sources.some(({ resources }) => resources.length > 0)) {
    const message = "its polling file is in a Secret and lists resources, which must not be copied into a ConfigMap";
    findings.push(problem(message, "give the polling file in a ConfigMap (spec.target.config.polling)"));
  }
  const config = group?.config === undefined ? undefined : inputs.snippets.isolatedGroup;
  if (!readsOptionsFromEnvironment(to) && group?.config === undefined) {
    const message = `agents of ${to.name} do not read the group's prefix from the environment`;
    findings.push(problem(message, "give it in a file: spec.components.polling.isolatedGroup.config"));
  }
  if (!readsOptionsFromEnvironment(to) && old.command.wrapper) {
    const message = "its container starts the agent by a script, to whose command line no file can be appended";
    findings.push(
      problem(message, "start ceilometer-polling by the container's own command, or set strategy: Recreate"),
    );
  }
  const suffix = shortDigest([inputs.digest, agent.workload.metadata.uid]);
  const prefix = group?.prefix ?? `upgrade-${suffix}`;
  if (old.groupPrefix.kind === "known" && old.groupPrefix.value === prefix) {
    const message = `the old agents' own partitioning_group_prefix is ${prefix}`;
    findings.push(problem(message, "choose another spec.components.polling.isolatedGroup.prefix"));
  }
  const derive = (names: readonly string[]): string =>
    pollingFiles(to)[0] === "pipeline"
      ? derivedPipeline(next.text, new Set(names), to)
      : derivedPolling(next.file, new Set(names));
  const narrow = derivedCopy(one, "shared", derive(kept));
  const fresh = derivedCopy(one, "new", derive(added));
  const isolated = {
    kind: agent.workload.kind === "DaemonSet" ? ("DaemonSet" as const) : ("Deployment" as const),
    name: nameFor(`${agent.workload.metadata.name}-new`, suffix),
    prefix,
    file: fresh.file,
    ...(config === undefined ? {} : { config }),
  };
  return { plan: { ...base, narrow: narrow.file, isolated }, findings, copies: [narrow.copy, fresh.copy] };
}

function derivedCopy({ world, agent, to }: Case, what: string, text: string): { file: RecordedFile; copy: WantedCopy } {
  const hash = digestText(text);
  const key = pollingFiles(to)[0] === "pipeline" ? "pipeline.yaml" : "polling.yaml";
  const name = nameFor(`${agent.workload.metadata.name}-${what}`, hash.slice(0, 8));
  const object = configurationCopy(world.upgrade, name, key, text, "derived");
  return {
    file: { kind: "ConfigMap", object: name, key, digest: hash },
    copy: { name, key, digest: hash, text, object },
  };
}

/**
 * What is mounted where new agents read their polling file. A file that an abandoned attempt derived is not what people gave
 * their agents: that attempt knows what was there before it.
 */
function mountBefore(world: World, agent: Agent, file: RecordedPolling["file"]): RecordedPolling["before"] {
  const mount = agent.container.volumeMounts?.find(({ mountPath }) => mountPath === file.path);
  const volume = agent.workload.template.spec.volumes?.find(({ name }) => name === file.volume);
  const object = volume?.configMap?.name;
  const derived = world.records
    .flatMap((record) => record.targets)
    .find(({ uid, polling }) => uid === agent.workload.metadata.uid && polling?.narrow?.object === object);
  if (object !== undefined && derived?.polling !== undefined) return derived.polling.before;
  return { ...(mount === undefined ? {} : { mount }), ...(volume === undefined ? {} : { volume }) };
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
