/**
 * A rollback: an attempt of its own that takes workloads back to what they ran before another one, in the reverse order of the
 * components. The old configuration comes back with the old image, by value, from that attempt's record. The database never is
 * taken back: its new schema only adds, so that old agents understand it (clause F1, I10). What cannot be undone is refused
 * before anything is written.
 */
import { acceptedRisk } from "../gates/accepted-risk.ts";
import { targetClaimed } from "../gates/target-claimed.ts";
import { autoscaled, startsOldPods } from "../gates/workload-fits.ts";
import { type Agent, atTarget, makeAgent, oldPods, type Wanted } from "../model/agent.ts";
import {
  type AttemptRecord,
  type Back,
  type RecordBody,
  type RecordedPolling,
  type RecordedTarget,
} from "../model/attempt.ts";
import type { AgentComponent } from "../model/component.ts";
import type { Decision } from "../model/decision.ts";
import type { World } from "../model/observation.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import { parseRelease } from "../model/release.ts";
import { fromOf, originalsOf, parityOf, type Undone } from "./attempt-chain.ts";
import { firstWrites } from "./attempt-writes.ts";
import { digestNow } from "./inputs.ts";
import { intervalBack } from "./polling-interval.ts";
import { neverMet } from "./polling-path.ts";
import { type Agents, allAgents, isRetired } from "./scene.ts";
import { type Resolved, resolveTargets } from "./targets.ts";
import { held, steps, unreadable, waiting } from "./tell.ts";

/** What is undone: the newest attempt, and what each of its workloads was before it and those that it took the place of. */
export interface Undoing {
  readonly of: AttemptRecord;
  /** The parts of the same upgrade that had ended before. */
  readonly parts?: readonly AttemptRecord[];
  readonly by: Back["by"];
  readonly why: string;
}

/** The workloads of a way back, and what each should be again. They are known by the attempt, whatever the resource says now. */
export function resolveBack(world: World, record: Pick<AttemptRecord, "targets">): Resolved {
  const violations: Violation[] = [];
  const agents: Record<AgentComponent, Agent[]> = {
    collector: [],
    notification: [],
    polling: [],
    api: [],
  };
  for (const recorded of record.targets) {
    const workload = world.workloads.find(({ metadata }) => metadata.uid === recorded.uid);
    const { containers = [] } = workload?.template.spec ?? {};
    const containerIndex = containers.findIndex(({ name }) => name === recorded.container);
    const container = containers[containerIndex];
    if (workload === undefined && isBackByHand(world, recorded, recorded.targetImage)) continue;
    if (workload === undefined || container === undefined) {
      violations.push(missing(recorded, workload === undefined));
      continue;
    }
    const wanted = wantedBack(recorded);
    const { component } = recorded;
    agents[component].push(makeAgent({ component, workload, container, containerIndex, wanted, recorded }, world.pods));
  }
  return { agents, left: { collector: [], notification: [], polling: [], api: [] }, violations };
}

/** One that was made anew under its name runs what this one did before: there is nothing left to take back. */
function isBackByHand({ workloads }: World, { kind, name, uid, container }: RecordedTarget, image: string): boolean {
  return workloads.some(
    (each) =>
      each.kind === kind &&
      each.metadata.name === name &&
      each.metadata.uid !== uid &&
      each.template.spec.containers.some((its) => its.name === container && its.image === image),
  );
}

/**
 * Workloads of the resource that are not what it asks for, and not of this way back of a target that is the release of before: what
 * no attempt that is undone has touched stays where it is. Any other way back is of the attempt alone, whatever the resource says.
 */
export function leftBehind(world: World, { back, targets, to }: AttemptRecord): Agents | undefined {
  const target = parseRelease(to);
  if (back?.by !== "Revert" || target === undefined) return undefined;
  const { agents, left } = resolveTargets(world, target, {}, undefined);
  const undone = new Set(targets.map(({ uid }) => uid));
  const stays = (component: AgentComponent): readonly Agent[] =>
    [...agents[component], ...left[component]].filter(
      (agent) => !undone.has(agent.workload.metadata.uid) && !isRetired(agent) && !atTarget(agent),
    );
  return {
    collector: stays("collector"),
    notification: stays("notification"),
    polling: stays("polling"),
    api: stays("api"),
  };
}

/** What a workload should be again, as the record of a way back has it. */
export function wantedBack({ kind, targetImage, before = [], replicasAfter, nodeSelector }: RecordedTarget): Wanted {
  return {
    image: targetImage,
    mounts: [],
    undone: before,
    appended: undefined,
    replicas: replicasAfter,
    ...(kind !== "DaemonSet" || replicasAfter === undefined ? {} : { hosts: nodeSelector }),
  };
}

function missing({ kind, name, container }: RecordedTarget, gone: boolean): Violation {
  const message = gone
    ? "it is not the workload any more that the attempt has upgraded: it is gone, or was made anew"
    : `it has no container ${container} any more`;
  const byHand = gone ? "bring one of its name to the old release by hand" : "bring it to the old release by hand";
  const remedy = `${byHand}, with a container ${container}; or set a target that is not older, and spec.rollback to false`;
  return {
    gate: "WayBack",
    object: `${kind}/${name}`,
    reason: "RollbackImpossible",
    message,
    remedy,
    severity: "Error",
  };
}

/** Nothing was begun that could be undone. */
export function nothingToUndo(world: World, resolved: Resolved): Decision {
  const violation: Violation = {
    gate: "WayBack",
    object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
    reason: "NothingToRollBack",
    message: "a rollback is asked for, and no attempt of this resource has begun",
    remedy: "set spec.rollback to false",
    severity: "Error",
  };
  return held(world, [violation], { steps: steps(world, resolved) });
}

/** The way back before its first write: everything that could stop it is looked at, then its record is written. */
export function beginBack(world: World, { of, parts = [], by, why }: Undoing, inputs: string): Decision {
  const undone = [...parts, of] as const;
  const originals = originalsOf(world.records, ...undone);
  const unread = originals.flatMap((original) => unreadOf(world, original));
  if (unread.length > 0) return unreadable(unread);
  const targets = originals.flatMap((original) => target(world, original));
  const gone = originals.filter(
    (original) =>
      !world.workloads.some(({ metadata }) => metadata.uid === original.uid) &&
      !isBackByHand(world, original, original.image),
  );
  const resolved = resolveBack(world, { targets });
  const all = allAgents(resolved.agents);
  const violations = [
    ...gone.map((each) => missing(each, true)),
    ...resolved.violations,
    ...all.flatMap(startsOldPods),
    ...startsSecond(world, all),
    ...imageProblems(world, all),
    ...originals.flatMap((original) => configurationProblems(world, original)),
  ];
  const told = { steps: steps(world, resolved), findings: violations, record: of, from: of.to };
  const errors = violations.filter(({ severity }) => severity === "Error");
  if (errors.length > 0) return held(world, errors, told);
  const taken = targetClaimed(all, world);
  if (taken !== undefined) {
    const message = `${taken.object}: ${taken.message}; ${taken.remedy}`;
    return waiting("Preflight", { reason: taken.reason, message, object: taken.object }, told);
  }
  if (world.upgrade.spec.paused) {
    return waiting("Paused", { reason: "Paused", message: "paused before the way back, as spec.paused says" }, told);
  }
  const parity = parityOf(world.records, ...undone);
  const body: Omit<RecordBody, "plan" | "startedAt"> = {
    back: { of: of.plan, by, why },
    inputs,
    from: of.to,
    to: fromOf(world.records, ...undone) ?? of.to,
    files: {},
    longestIntervalSeconds: intervalBack(world, resolved.agents.polling, originals, of.longestIntervalSeconds),
    ...(parity === undefined ? {} : { parity }),
    ...onlyOf(undone),
    targets,
  };
  const effect = firstWrites(world, [], body);
  return { ...waiting("Progressing", effect.why, told), effect };
}

/** The components that it is about, where each of these was about some. */
function onlyOf(undone: Undone): Pick<RecordBody, "only"> {
  const all = undone.map(({ only }) => only);
  return all.includes(undefined) ? {} : { only: [...new Set(all.flatMap((only) => only ?? []))].toSorted() };
}

/** The workload as it is now, with what it was as what is wanted of it. */
function target(world: World, original: RecordedTarget): readonly RecordedTarget[] {
  const workload = world.workloads.find(({ metadata }) => metadata.uid === original.uid);
  const container = workload?.template.spec.containers.find(({ name }) => name === original.container);
  if (workload === undefined || container === undefined) return [];
  const { replicas, replicasAfter, polling, release: _release, ...same } = original;
  // A number that somebody else has set since is left to them.
  const isOurs = replicasAfter !== undefined && (workload.replicas ?? 0) === replicasAfter;
  return [
    {
      ...same,
      image: container.image,
      targetImage: original.image,
      ...(replicas === undefined ? {} : { replicas }),
      ...(isOurs ? { replicasAfter: replicas ?? 0 } : {}),
      ...(polling === undefined ? {} : { polling: wayBack(polling) }),
    },
  ];
}

/** Old beside new only where they had stood side by side on the way there without a group of their own (I7). */
function wayBack(there: RecordedPolling): RecordedPolling {
  const { path, overlap, together, namespaces, file } = there;
  const rolls = path === "Roll";
  const beside = neverMet(there) ? there.why : "they ran side by side on the way there";
  return {
    namespaces,
    path: rolls ? "Roll" : "Replace",
    why: rolls ? beside : "the new agents poll what old ones must not share",
    overlap: rolls && overlap,
    together: rolls ? together === true : true,
    file,
    before: {},
  };
}

/** An autoscaler that was set since would make two of the one agent that has to start alone (I3). What stays up is none of its. */
function startsSecond(world: World, agents: readonly Agent[]): readonly Violation[] {
  if (world.upgrade.spec.strategy !== "Full") return [];
  return agents
    .filter((agent) => !atTarget(agent) || oldPods(agent).length > 0)
    .flatMap((agent) => autoscaled(agent, world));
}

/** It ran before; but who configures the operator may have forbidden it since. */
function imageProblems({ operator: { imagesAllowed } }: World, agents: readonly Agent[]): readonly Violation[] {
  const images = new Set(agents.map(({ wanted }) => wanted.image));
  return [...images]
    .filter((image) => imagesAllowed.length > 0 && !imagesAllowed.some((prefix) => image.startsWith(prefix)))
    .map((image) => ({
      gate: "ImageAllowed",
      object: image,
      reason: "ImageNotAllowed",
      message: `the operator may run images of: ${imagesAllowed.join(", ")}`,
      remedy: "let the operator's administrator add a prefix (images.allowed in the chart)",
      severity: "Error",
    }));
}

/** What could not be looked at yet. A Secret that the operator may not read is no such thing: that will not change. */
function unreadOf({ files, operator, copies }: World, { before = [] }: RecordedTarget): readonly string[] {
  return before.flatMap(({ file }) => {
    if (file === undefined || copies.some(({ name }) => name === file.object)) return [];
    if (file.kind === "Secret" && !operator.secrets.includes(file.object)) return [];
    const seen = files.get(`${file.kind}/${file.object}`);
    if (seen !== undefined && seen.seen !== "unreadable") return [];
    return [`${file.kind}/${file.object}: ${seen?.why ?? "not read yet"}`];
  });
}

/** The old configuration has to be what it was: agents that come back on another one would be neither old nor new. */
function configurationProblems(world: World, { before = [], kind, name }: RecordedTarget): readonly Violation[] {
  return before.flatMap(({ path, file }): readonly Violation[] => {
    if (file === undefined) return [];
    const object = `${file.kind}/${file.object}`;
    const now = digestNow(world, file);
    if (file.digest !== undefined && now === file.digest) return [];
    const base = { gate: "WayBack", object, severity: "Error" } as const;
    const where = `${path} of ${kind}/${name} came from its key ${file.key}`;
    if (file.digest !== undefined && now !== undefined) {
      const message = `${where}, which is not what it was`;
      const remedy = "put the old content back, or set a target that is not older";
      return [{ ...base, reason: "OldConfigurationChanged", message, remedy }];
    }
    if (acceptedRisk(world, UNKNOWN, object) !== undefined) return [];
    const message = `${where}, and it cannot be known whether that is what it was`;
    const remedy = `look yourself and accept it: spec.acceptedRisks with check ${UNKNOWN} and object ${object}`;
    return [{ ...base, reason: UNKNOWN, message, remedy }];
  });
}

const UNKNOWN = "OldConfigurationUnknown";

/** Reasons of a hold that are failures of the upgrade itself: what somebody has to decide or to give is none. */
const FAILURES: ReadonlySet<string> = new Set([
  "ProgressDeadlineExceeded",
  "VerificationFailed",
  "VerificationInconclusive",
  "GateFailed",
  "NotLoaded",
]);

/** Why the upgrade has failed, for spec.onFailure; undefined where it has not. */
export function failureOf(outcome: Outcome): Violation | undefined {
  if (outcome.kind === "failed") return outcome.violation;
  return outcome.kind === "held" ? outcome.violations.find(({ reason }) => FAILURES.has(reason)) : undefined;
}
