/**
 * Clauses M1 and M2, asked before the first write: what the definition files that the resource gives would drop or alter of
 * those that the agents have now. The new files go where the old ones are, as far as the target reads them there.
 */
import { type AdditiveSchema, additiveSchema } from "../gates/additive-schema.ts";
import type { Agent } from "../model/agent.ts";
import { agentText } from "../model/agent.ts";
import { fileAt } from "../model/agent-files.ts";
import { type FileText, textOf } from "../model/agent-settings.ts";
import type { RecordedFiles } from "../model/attempt.ts";
import { changesBetween, givenDefinitions } from "../model/compared-definitions.ts";
import type { DefinitionChange } from "../model/definition-changes.ts";
import type { FileProblem } from "../model/file-problem.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import { shownName } from "../model/shown-name.ts";
import type { GivenDefinitions, Inputs } from "./inputs.ts";
import { type Agents, isRetired } from "./scene.ts";

export interface DefinitionsAssessment extends Omit<AdditiveSchema, "violations"> {
  readonly findings: readonly Violation[];
  readonly files: NonNullable<RecordedFiles["definitions"]>;
}

const DIRECTORY = "/etc/ceilometer";
/**
 * Meters are read from a directory from Pike on; from a file of its own to Ocata, and to Rocky only where an option names it
 * (meter/notifications.py).
 */
const METERS_DIRECTORY = `${DIRECTORY}/meters.d`;
const PIKE = 9;

export function assessDefinitions(
  world: World,
  agents: Pick<Agents, "notification" | "collector">,
  target: Release,
  inputs: Inputs,
): DefinitionsAssessment {
  const looks = inputs.definitions.map((given) => look(world, readersOf(agents, given), given));
  const gate = additiveSchema(
    looks.flatMap(({ changes }) => changes),
    world.upgrade.spec.acceptedRisks ?? [],
    world.now,
  );
  return {
    ...gate,
    findings: [...twice(inputs.definitions), ...looks.flatMap(({ findings }) => findings), ...gate.violations],
    files: definitionFiles(world, agents, target, inputs),
  };
}

/** A file goes where one of its name is: of two, agents would get one, and the other would be missed for ever. */
function twice(definitions: readonly GivenDefinitions[]): readonly Violation[] {
  const others = definitions.filter(({ key }, index) => definitions.findIndex((each) => each.key === key) < index);
  return others.map(({ object, key }) => ({
    gate: "Configuration",
    object,
    reason: "ConfigurationInvalid",
    message: `spec.target.config.definitions gives ${key} twice, and there is one place for it`,
    remedy: "give each file a name (key) of its own, or give one of them",
    severity: "Error",
  }));
}

/** The files with the path of each, whatever is in them. */
export const definitionFiles = (
  world: World,
  agents: Pick<Agents, "notification" | "collector">,
  target: Release,
  { definitions }: Inputs,
): NonNullable<RecordedFiles["definitions"]> =>
  definitions.map((given) => ({ path: pathOf(world, readersOf(agents, given), target, given), ...given.file }));

/** Definitions are read by notification agents; those of Gnocchi's resources, to Pike, by collectors too. */
function readersOf({ notification, collector }: Pick<Agents, "notification" | "collector">, { key }: GivenDefinitions) {
  const staying = collector.filter((agent) => !isRetired(agent));
  return key.includes("gnocchi_resources") ? [...notification, ...staying] : notification;
}

interface Look {
  readonly changes: readonly DefinitionChange[];
  readonly findings: readonly Violation[];
}

/**
 * Where the agents have the file now, and what is in it. A directory that is mounted as a whole has it only where a file of that name
 * is there; what cannot be seen may have it anywhere, and comes after what can.
 */
function mountedNow(
  world: World,
  reader: Agent,
  key: string,
): { readonly path?: string; readonly text: FileText } | undefined {
  let hidden: FileText | undefined;
  for (const path of [`${METERS_DIRECTORY}/${key}`, `${DIRECTORY}/${key}`]) {
    const source = fileAt(reader.workload.template, reader.container, path);
    const text = textOf(source, world.files);
    if (source.kind === "object" && text.kind !== "absent") return { path, text };
    if (source.kind === "unknown") hidden ??= text;
  }
  return hidden === undefined ? undefined : { text: hidden };
}

function isOfMeters({ text, key }: GivenDefinitions): boolean {
  const next = givenDefinitions(text, key);
  return next.kind === "parsed" ? next.file.kind === "meters" : key.includes("meters");
}

/**
 * Where the first of its readers that has it is seen to have it, else where the release reads it. Meters from Pike on go where it reads
 * them, wherever agents of before have theirs: in a file of its own they would be read by nobody.
 */
function pathOf(world: World, readers: readonly Agent[], target: Release, given: GivenDefinitions): string {
  if (target.major >= PIKE && isOfMeters(given)) return `${METERS_DIRECTORY}/${given.key}`;
  const [there] = readers.flatMap((reader) => mountedNow(world, reader, given.key)?.path ?? []);
  return there ?? `${DIRECTORY}/${given.key}`;
}

function look(world: World, readers: readonly Agent[], given: GivenDefinitions): Look {
  const { key, object } = given;
  const mounts = readers.flatMap((reader) => {
    const now = mountedNow(world, reader, key);
    return now === undefined ? [] : [{ reader, ...now }];
  });
  const next = givenDefinitions(given.text, key);
  if (next.kind === "broken")
    return { changes: [], findings: next.problems.map((problem) => invalid(object, key, problem)) };
  const changes = mounts.flatMap(({ reader, path: where = key, text }): readonly DefinitionChange[] => {
    if (text.kind === "absent") return [];
    const unknown = (why: string): readonly DefinitionChange[] => {
      const message = `${where} of the old agents of ${agentText(reader)} cannot be compared with ${object}: ${why}`;
      return [{ kind: "unknown", object: shownName(key), message }];
    };
    if (text.kind === "unknown") return unknown(text.why);
    return changesBetween(text.text, given.text, key) ?? unknown("Ceilometer would not take it as it is");
  });
  const findings = next.problems.map((problem) => invalid(object, key, problem));
  return { changes: unique(changes), findings };
}

/** Several workloads usually have the same file. */
const unique = (changes: readonly DefinitionChange[]): readonly DefinitionChange[] => [
  ...new Map(changes.map((change) => [`${change.kind} ${change.object}`, change])).values(),
];

function invalid(object: string, key: string, problem: FileProblem): Violation {
  const where = [key, ...(problem.line === undefined ? [] : [`line ${problem.line}`]), problem.place].filter(Boolean);
  return {
    gate: "Configuration",
    object,
    reason: "ConfigurationInvalid",
    message: `${where.join(", ")}: ${problem.rule}`,
    remedy: problem.remedy,
    severity: problem.severity,
  };
}
