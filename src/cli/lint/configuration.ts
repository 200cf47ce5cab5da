/** The configuration files that a resource names, where they are among the files, through the same gate as before an upgrade. */
import type { ConfigFileRef, Spec } from "../../api/v1alpha1/schema.ts";
import { answeredPlugins } from "../../gates/accepted-risk.ts";
import { type ConfigurationFile, configurationProblems } from "../../gates/configuration.ts";
import { isRecord, type KubeObject } from "../../kube/object.ts";
import { parseDefinitions } from "../../model/definitions.ts";
import { parseRelease } from "../../model/release.ts";
import type { Located } from "./located.ts";
import { optional } from "./located.ts";
import type { Problem } from "./problem.ts";

export interface CheckedConfiguration {
  readonly problems: readonly Problem[];
  readonly checked: number;
  /** Objects that are not among the files: what they hold is not known. */
  readonly unseen: readonly string[];
}

const text = ({ kind, name }: ConfigFileRef): string => `${kind}/${name}`;

/** `resource` is where the names stand, for problems of the naming itself. */
export function checkConfiguration(
  spec: Spec,
  resource: Located,
  all: readonly Located[],
  now: number,
): CheckedConfiguration {
  const { target } = spec;
  const { definitions = [], ...files } = target.config ?? {};
  const release = parseRelease(target.release);
  const refs = [...Object.values(files).flatMap((ref) => ref ?? []), ...definitions];
  const find = (ref: ConfigFileRef): Located | undefined => findObject(all, ref);
  const unseen = [...new Set(refs.filter((ref) => find(ref) === undefined).map(text))];
  const seen = (ref: ConfigFileRef | undefined): ConfigurationFile | undefined =>
    ref === undefined || find(ref) === undefined ? undefined : fileOf(find(ref)?.object, ref);
  const at = (object: string): Pick<Problem, "file" | "line"> => {
    const found = all.find((each) => `${each.object.kind ?? ""}/${each.object.metadata.name}` === object) ?? resource;
    return { file: found.file, ...optional(found.lineOf(["data"])) };
  };
  const given = {
    ...named("pipeline", seen(files.pipeline)),
    ...named("eventPipeline", seen(files.eventPipeline)),
    ...named("polling", seen(files.polling)),
  };
  const found = release === undefined ? [] : configurationProblems({ ...given, release });
  const { findings } = answeredPlugins({ upgrade: { spec }, now }, found);
  const problems = findings.map(({ object, message, remedy, severity }) => ({
    ...at(object),
    object,
    severity,
    message,
    remedy,
  }));
  return {
    problems: [...problems, ...definitions.flatMap((ref) => definitionProblems(ref, seen(ref), at))],
    checked: refs.length - refs.filter((ref) => find(ref) === undefined).length,
    unseen,
  };
}

function named<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const member: { [key in K]?: V } = {};
  if (value !== undefined) member[key] = value;
  return member;
}

const findObject = (all: readonly Located[], { kind, name }: ConfigFileRef): Located | undefined =>
  all.find(({ object }) => object.kind === kind && object.metadata.name === name);

function fileOf(object: KubeObject | undefined, { kind, name, key }: ConfigFileRef): ConfigurationFile {
  return { object: `${kind}/${name}`, key, text: object === undefined ? undefined : textOf(object, key) };
}

/** Of a Secret either form counts: what kubectl takes as text, and what the API server stores. */
function textOf(object: KubeObject, key: string): string | undefined {
  const { data, stringData } = object;
  const plain = isRecord(stringData) ? stringData[key] : undefined;
  if (typeof plain === "string") return plain;
  const stored = isRecord(data) ? data[key] : undefined;
  if (typeof stored !== "string") return undefined;
  return object.kind === "Secret" ? Buffer.from(stored, "base64").toString("utf8") : stored;
}

function definitionProblems(
  ref: ConfigFileRef,
  file: ConfigurationFile | undefined,
  at: (object: string) => Pick<Problem, "file" | "line">,
): readonly Problem[] {
  if (file === undefined) return [];
  const place = { ...at(file.object), object: file.object, field: ref.key };
  if (file.text === undefined) {
    const remedy = "add the key, or correct spec.target.config.definitions";
    return [{ ...place, severity: "Error", message: `it has no key ${ref.key}`, remedy }];
  }
  return parseDefinitions(file.text, ref.key).problems.map(({ line, place: within, rule, remedy, severity }) => {
    const where = [...(line === undefined ? [] : [`line ${line}`]), ...(within === "" ? [] : [within])].join(", ");
    return { ...place, severity, message: where === "" ? rule : `${where}: ${rule}`, remedy };
  });
}
