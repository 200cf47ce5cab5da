/**
 * Clauses M1 and M2, asked before the first write: what the definition files that the resource gives would drop or alter of
 * those that the agents have now. The new files go where the old ones are.
 */
import { type AdditiveSchema, additiveSchema } from "../gates/additive-schema.ts";
import { releaseOf } from "../gates/release-pair.ts";
import type { Agent } from "../model/agent.ts";
import { agentText } from "../model/agent.ts";
import { fileAt } from "../model/agent-files.ts";
import { type FileText, textOf } from "../model/agent-settings.ts";
import type { RecordedFiles } from "../model/attempt.ts";
import { compareDefinitions, type DefinitionChange } from "../model/definition-changes.ts";
import { parseDefinitions } from "../model/definitions.ts";
import type { FileProblem } from "../model/file-problem.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import type { GivenDefinitions, Inputs } from "./inputs.ts";

export interface DefinitionsAssessment extends Omit<AdditiveSchema, "violations"> {
  readonly findings: readonly Violation[];
  readonly files: NonNullable<RecordedFiles["definitions"]>;
}

const GATE = "AdditiveSchema";
const DIRECTORY = "/etc/ceilometer";
/** Meters are read from a directory from Pike on, and from a file of its own to Rocky (meter/notifications.py). */
const METERS_DIRECTORY = `${DIRECTORY}/meters.d`;
const PIKE = 9;

export function assessDefinitions(
  world: World,
  agents: readonly Agent[],
  target: Release,
  inputs: Inputs,
): DefinitionsAssessment {
  const [reader] = agents;
  const looks = inputs.definitions.map((given) => look(world, reader, target, given));
  const gate = additiveSchema(
    looks.flatMap(({ changes }) => changes),
    world.upgrade.spec.acceptedRisks ?? [],
    world.now,
  );
  return {
    ...gate,
    findings: [...looks.flatMap(({ findings }) => findings), ...gate.violations],
    files: looks.map(({ path }, index) => ({ path, ...fileOf(inputs.definitions, index) })),
  };
}

function fileOf(definitions: readonly GivenDefinitions[], index: number): GivenDefinitions["file"] {
  const given = definitions[index];
  if (given === undefined) throw new Error("a look at no file");
  return given.file;
}

interface Look {
  readonly path: string;
  readonly changes: readonly DefinitionChange[];
  readonly findings: readonly Violation[];
}

/** Where the agents have the file now, and what is in it. */
function mountedNow(
  world: World,
  reader: Agent | undefined,
  key: string,
): { path: string; text: FileText } | undefined {
  if (reader === undefined) return undefined;
  for (const path of [`${METERS_DIRECTORY}/${key}`, `${DIRECTORY}/${key}`]) {
    const source = fileAt(reader.workload.template, reader.container, path);
    if (source.kind === "image" || source.kind === "absent") continue;
    return { path, text: textOf(source, world.files) };
  }
  return undefined;
}

function defaultPath(key: string, reader: Agent | undefined, target: Release): string {
  const release = reader === undefined ? undefined : releaseOf(reader, undefined);
  const inDirectory = key.includes("meters") && (release ?? target).major >= PIKE;
  return inDirectory ? `${METERS_DIRECTORY}/${key}` : `${DIRECTORY}/${key}`;
}

function look(world: World, reader: Agent | undefined, target: Release, given: GivenDefinitions): Look {
  const { key, object } = given;
  const now = mountedNow(world, reader, key);
  const path = now?.path ?? defaultPath(key, reader, target);
  const next = parseDefinitions(given.text, key);
  if (next.kind === "broken")
    return { path, changes: [], findings: next.problems.map((problem) => invalid(object, key, problem)) };
  const findings = next.warnings.map((problem) => invalid(object, key, problem));
  if (now === undefined || reader === undefined || now.text.kind === "absent") return { path, changes: [], findings };
  if (now.text.kind === "unknown") {
    const message = `${path} of the old agents cannot be read, so nothing is compared with ${object}: ${now.text.why}`;
    const remedy = "let the operator read it (secrets of the chart)";
    const finding: Violation = {
      gate: GATE,
      object: agentText(reader),
      reason: "ConfigurationUnknown",
      message,
      remedy,
      severity: "Warning",
    };
    return { path, changes: [], findings: [...findings, finding] };
  }
  const before = parseDefinitions(now.text.text, key);
  if (before.kind === "broken") return { path, changes: [], findings };
  return { path, changes: compareDefinitions(key, before.file, next.file), findings };
}

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
