/** From which release to which: known on both sides, forwards, and with the components that both of them have. */
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import { type Agent, agentText } from "../model/agent.ts";
import { type AttemptRecord, foremostFirst, type RecordedTarget } from "../model/attempt.ts";
import { COMPONENT_WORDS } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { hasComponent, parseRelease, type Release, releaseOfImage } from "../model/release.ts";

const GATE = "ReleasePair";

/**
 * The release that a workload runs: its annotation, else its image's tag, else what the resource says. Before all of these what an
 * attempt has brought it to by the image that it has: an annotation and `from` may be older than that, and a digest says nothing.
 */
export function releaseOf(agent: Agent, { upgrade, records }: Pick<World, "upgrade" | "records">): Release | undefined {
  const annotated = agent.workload.metadata.annotations[ANNOTATION.release];
  const brought = broughtTo(agent, records);
  // An annotation that is still what it was then says what ran before.
  const isOld = annotated === undefined || annotated === brought?.before;
  if (brought !== undefined && isOld) return parseRelease(brought.now);
  if (annotated !== undefined) return parseRelease(annotated);
  const from = upgrade.spec.from?.release;
  return releaseOfImage(agent.container.image) ?? (from === undefined ? undefined : parseRelease(from));
}

interface Brought {
  readonly now: string;
  readonly before: string | undefined;
}

/** A way back speaks of all its targets as one, and of each it is known better what it ran. */
function broughtTo({ workload, container }: Agent, records: readonly AttemptRecord[]): Brought | undefined {
  for (const { to, target } of attemptsOn(workload.metadata.uid, records)) {
    if (target.container === container.name && target.targetImage === container.image)
      return { now: to, before: target.release };
  }
  return undefined;
}

interface Attempted {
  readonly to: string;
  readonly target: RecordedTarget;
}

/** By workload, the foremost first: a look asks for each agent, and there may be thousands of records. */
const attempted = new WeakMap<readonly AttemptRecord[], ReadonlyMap<string, readonly Attempted[]>>();

function attemptsOn(uid: string, records: readonly AttemptRecord[]): readonly Attempted[] {
  const known =
    attempted.get(records) ??
    Map.groupBy(
      foremostFirst(records).flatMap(({ to, targets, back }) =>
        back === undefined ? targets.map((target) => ({ to, target })) : [],
      ),
      ({ target }) => target.uid,
    );
  attempted.set(records, known);
  return known.get(uid) ?? [];
}

export function releasePair(agents: readonly Agent[], world: World, target: Release): readonly Violation[] {
  const { from, components } = world.upgrade.spec;
  const stated = from === undefined ? undefined : parseRelease(from.release);
  return agents.flatMap((agent) => {
    const section = components[agent.component];
    const retires = section !== undefined && "retire" in section && section.retire;
    return [...direction(agent, world, stated, target), ...presence(agent, target, retires)];
  });
}

/**
 * Where no agent is asked for, the database is all that is: its migration must not be older than what the other agents run, nor
 * than what an attempt has brought them to (I10).
 */
export function databaseDirection(left: readonly Agent[], world: World, target: Release): readonly Violation[] {
  if (world.upgrade.spec.components.database.action === "Skip") return [];
  const isOlder = (release: Release | undefined): release is Release =>
    release !== undefined && release.major > target.major;
  const agents = left.flatMap((agent) => {
    const current = releaseOf(agent, world);
    return isOlder(current) ? [downgrade(agentText(agent), `it runs ${current.name}`, target)] : [];
  });
  const attempts = world.records.flatMap(({ to, back, ended, metadata }) => {
    const reached = back === undefined && ended?.state === "Completed" ? parseRelease(to) : undefined;
    const object = `ConfigMap/${metadata.name}`;
    return isOlder(reached) ? [downgrade(object, `this attempt upgraded the database to ${reached.name}`, target)] : [];
  });
  return [...agents, ...attempts];
}

/**
 * Agents that run again what they ran before an attempt are older than the database that it has upgraded: they understand its schema,
 * and so do those of a release in between, but the migration of such a release may not, and there is nothing for it to do.
 *
 * `hasMigrated`: whether a migration of an attempt has succeeded.
 */
export function schemaDirection(
  { upgrade, records }: World,
  target: Release,
  hasMigrated: (record: AttemptRecord) => boolean,
): readonly Violation[] {
  if (upgrade.spec.components.database.action === "Skip") return [];
  const isDone = (record: AttemptRecord): boolean => record.ended?.state === "Completed" || hasMigrated(record);
  return records.flatMap((record) => {
    const { back, databaseJob, from, metadata, to } = record;
    if (back !== undefined || databaseJob === undefined) return [];
    const [before, reached] = [from, to].map((name = "") => parseRelease(name));
    if (before === undefined || before.major > target.major) return [];
    if (reached === undefined || reached.major <= target.major || !isDone(record)) return [];
    const message = `this attempt upgraded the database to ${reached.name}`;
    const older = downgrade(`ConfigMap/${metadata.name}`, message, target);
    return [{ ...older, remedy: `leave the database as it is: set spec.components.database.action to Skip` }];
  });
}

const downgrade = (object: string, what: string, target: Release): Violation =>
  violation(
    object,
    "Downgrade",
    `${what}, and the target ${target.name} is older`,
    "set a target that is not older; Ceilometer's database cannot be downgraded",
  );

const violation = (object: string, reason: string, message: string, remedy: string): Violation => ({
  gate: GATE,
  object,
  reason,
  message,
  remedy,
  severity: "Error",
});

/** From a release that is known, to one that is not older. */
function direction(agent: Agent, world: World, stated: Release | undefined, target: Release): readonly Violation[] {
  const object = agentText(agent);
  const current = releaseOf(agent, world);
  if (current === undefined) {
    const { kind, metadata } = agent.workload;
    const annotate = `kubectl annotate ${kind.toLowerCase()} ${metadata.name} ${ANNOTATION.release}=RELEASE`;
    const message = `the image ${agent.container.image} does not say its release`;
    return [violation(object, "ReleaseUnknown", message, `annotate it: ${annotate}, or set spec.from.release`)];
  }
  if (current.major > target.major) {
    return [downgrade(object, `it runs ${current.name}`, target)];
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
