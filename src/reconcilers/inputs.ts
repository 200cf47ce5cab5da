/**
 * The wish as it counts: the resource without what only steers it, and the content of the files it names. Another wish is
 * another attempt; a longer time-out or a pause is not.
 */
import type { ConfigFileRef, Spec } from "../api/v1alpha1/schema.ts";
import { configurationProblems } from "../gates/configuration.ts";
import type { RecordedBefore, RecordedFile, RecordedFiles } from "../model/attempt.ts";
import { digest, digestText, nameFor } from "../model/digest.ts";
import type { World } from "../model/observation.ts";
import type { ObjectBody, Violation } from "../model/outcome.ts";
import type { Release } from "../model/release.ts";
import { configurationCopy } from "./desired/configuration-copy.ts";

const FILES = ["pipeline", "eventPipeline", "polling"] as const;
type FileName = (typeof FILES)[number];

export interface Inputs {
  /** Undefined where a file could not be read. */
  readonly digest: string | undefined;
  readonly files: RecordedFiles;
  /** Pieces of ceilometer.conf that are appended to a command line for a while. */
  readonly snippets: Snippets;
  /** Definition files, in the order of the resource. */
  readonly definitions: readonly GivenDefinitions[];
  /** Immutable copies, named by content, that the agents will mount. */
  readonly copies: readonly WantedCopy[];
  /** The files' content, not parsed yet: that is only done before an attempt. */
  readonly texts: Texts;
  /** Why a file could not be looked at, if that is so: nothing is known of it, which is not the same as a fault in it. */
  readonly unreadable: string | undefined;
  /** Files that are not there, or must not be read. */
  readonly violations: readonly Violation[];
}

export interface WantedCopy {
  readonly name: string;
  readonly key: string;
  readonly digest: string;
  readonly text: string;
  readonly object: ObjectBody;
}

/** A definition file that the resource gives to the new agents. */
export interface GivenDefinitions {
  readonly object: string;
  readonly key: string;
  readonly text: string;
  readonly file: RecordedFile;
}

export type Snippets = Partial<Record<SnippetName, RecordedFile>>;
type SnippetName = "drain" | "isolatedGroup";

type Texts = Partial<Record<FileName, { object: string; key: string; text: string | undefined }>>;

type Named = Pick<Inputs, "files" | "snippets" | "definitions">;

/** The last hash of each version of a spec: the same at every look, until one of the files has another content. */
const digests = new WeakMap<Spec, { readonly of: string; readonly is: string }>();

function wishDigest({ upgrade }: World, named: Named): string {
  const { uid } = upgrade.metadata;
  const of = JSON.stringify([uid, named.files, named.snippets, named.definitions.map(({ file }) => file)]);
  const known = digests.get(upgrade.spec);
  if (known?.of === of) return known.is;
  const is = digestOf(uid, upgrade.spec, named);
  digests.set(upgrade.spec, { of, is });
  return is;
}

/** The hash of the wish: spec without its verbs and time-outs, and the files' content. */
function digestOf(uid: string, spec: Spec, { files, snippets, definitions }: Named): string {
  const { strategy, from, target, components, only, gates = [] } = spec;
  const { database, collector, notification, polling, api } = components;
  const untimed = <T extends object>(section: T | undefined) =>
    section === undefined ? undefined : { ...section, progressDeadlineSeconds: undefined };
  const verification = { ...polling?.verification, timeoutSeconds: undefined };
  // A person's word on a plan is no part of the plan, and neither is a time-out.
  const drain = notification?.drain === undefined ? undefined : { ...notification.drain, acknowledged: undefined };
  return digest({
    uid,
    strategy,
    from,
    target,
    ...(only === undefined || only.length === 0 ? {} : { only: only.toSorted() }),
    files,
    ...(Object.keys(snippets).length === 0 ? {} : { snippets }),
    ...(gates.length === 0 ? {} : { gates: gates.map((gate) => ({ ...gate, timeoutSeconds: undefined })) }),
    ...(definitions.length === 0 ? {} : { definitions: definitions.map(({ file }) => file) }),
    database: { ...database, deadlineSeconds: undefined },
    collector: untimed(collector),
    notification: untimed(
      notification === undefined ? undefined : { ...notification, drain, memberTimeoutSeconds: undefined },
    ),
    polling: polling === undefined ? undefined : untimed({ ...polling, verification }),
    api: untimed(api),
  });
}

type Read =
  | { readonly kind: "text"; readonly text: string | undefined; readonly immutable: boolean }
  | { readonly kind: "not"; readonly violation: Violation }
  | { readonly kind: "unreadable"; readonly why: string };

function readFile(world: World, field: string, ref: ConfigFileRef): Read {
  const object = `${ref.kind}/${ref.name}`;
  const seen = world.files.get(object) ?? { seen: "unreadable", why: "not read yet" };
  const refuse = (reason: string, message: string, remedy: string): Read => ({
    kind: "not",
    violation: { gate: "Configuration", object, reason, message, remedy, severity: "Error" },
  });
  if (ref.kind === "Secret" && !world.operator.secrets.includes(ref.name)) {
    return refuse(
      "SecretNotReadable",
      `the operator may not read it (${field})`,
      "add its name to secrets in the operator's chart",
    );
  }
  if (seen.seen === "absent")
    return refuse("ConfigurationMissing", `${object}, named in ${field}, does not exist`, "create it");
  if (seen.seen === "unreadable") return { kind: "unreadable", why: `${object}: ${seen.why}` };
  const { data, immutable } = seen.value;
  if (data.has(ref.key) && data.get(ref.key) === undefined) {
    const message = `${object}, key ${ref.key}, is larger than 64 KiB`;
    return refuse("ConfigurationInvalid", message, "shorten it: no file that Ceilometer reads needs as much");
  }
  return { kind: "text", text: data.get(ref.key), immutable };
}

/** How an immutable, content-named object with a file comes about, for a file that agents will mount. */
export function asMounted(
  world: World,
  name: string,
  ref: ConfigFileRef,
  text: string,
): { readonly file: RecordedFile; readonly copy?: WantedCopy } {
  const hash = digestText(text);
  if (ref.kind === "Secret") return { file: { kind: "Secret", object: ref.name, key: ref.key, digest: hash } };
  const object = nameFor(`${world.upgrade.metadata.name}-${name.toLowerCase()}`, hash.slice(0, 8));
  return {
    file: { kind: "ConfigMap", object, key: ref.key, digest: hash },
    copy: {
      name: object,
      key: ref.key,
      digest: hash,
      text,
      object: configurationCopy(world.upgrade, object, ref.key, text),
    },
  };
}

/** Everything that the resource names and agents will mount, with the field that names it. */
function namedFiles({ spec }: World["upgrade"]): readonly (readonly [NamedFile, string, ConfigFileRef])[] {
  const config = spec.target.config ?? {};
  const { notification, polling } = spec.components;
  const files = FILES.map((name) => [name, `spec.target.config.${name}`, config[name]] as const);
  const snippets = [
    ["drain", "spec.components.notification.drain.config", notification?.drain?.config],
    ["isolatedGroup", "spec.components.polling.isolatedGroup.config", polling?.isolatedGroup?.config],
  ] as const;
  const definitions = (config.definitions ?? []).map(
    (ref, index) => ["definitions", `spec.target.config.definitions[${index}]`, ref] as const,
  );
  return [...files, ...snippets, ...definitions].flatMap(([name, field, ref]) =>
    ref === undefined ? [] : [[name, field, ref] as const],
  );
}

type NamedFile = FileName | SnippetName | "definitions";
const isFile = (name: NamedFile): name is FileName => FILES.some((file) => file === name);

export function readInputs(world: World): Inputs {
  const violations: Violation[] = [];
  const files: Partial<Record<FileName, RecordedFile>> = {};
  const snippets: Partial<Record<SnippetName, RecordedFile>> = {};
  const definitions: GivenDefinitions[] = [];
  const copies: WantedCopy[] = [];
  const texts: Texts = {};
  let known = true;
  let unreadable: string | undefined;
  for (const [name, field, ref] of namedFiles(world.upgrade)) {
    const read = readFile(world, field, ref);
    if (read.kind === "unreadable") {
      unreadable ??= read.why;
      continue;
    }
    if (read.kind === "not") {
      known = false;
      violations.push(read.violation);
      continue;
    }
    if (isFile(name)) texts[name] = { object: `${ref.kind}/${ref.name}`, key: ref.key, text: read.text };
    if (read.text === undefined) {
      known = false;
      if (!isFile(name)) violations.push(missingSnippet(ref, field));
      continue;
    }
    if (ref.kind === "Secret" && !read.immutable) violations.push(mutableSecret(ref));
    const { file, copy } = asMounted(world, name, ref, read.text);
    if (isFile(name)) files[name] = file;
    else if (name === "definitions") {
      definitions.push({ object: `${ref.kind}/${ref.name}`, key: ref.key, text: read.text, file });
    } else snippets[name] = file;
    if (copy !== undefined) copies.push(copy);
  }
  const complete = known && unreadable === undefined;
  const digest = complete ? wishDigest(world, { files, snippets, definitions }) : undefined;
  return { digest, files, snippets, definitions, copies, texts, unreadable, violations };
}

const missingSnippet = ({ kind, name, key }: ConfigFileRef, field: string): Violation => ({
  gate: "Configuration",
  object: `${kind}/${name}`,
  reason: "ConfigurationMissing",
  message: `it has no key ${key}, named in ${field}`,
  remedy: `add the key, or correct ${field}`,
  severity: "Error",
});

/** Whether Ceilometer would take the files. */
export const checkInputs = (inputs: Inputs, target: Release): readonly Violation[] => [
  ...inputs.violations,
  ...configurationProblems({ ...inputs.texts, release: target }),
];

/** A restarted container reads a mutable Secret again, so nobody can say what it has loaded. */
function mutableSecret(ref: ConfigFileRef): Violation {
  return {
    gate: "Configuration",
    object: `Secret/${ref.name}`,
    reason: "SecretMutable",
    message: "it is not immutable, so an edit would split the agents into two configurations",
    remedy: "set immutable: true on the Secret, under a name of its own for each content",
    severity: "Warning",
  };
}

/** The digest of a file as it is: `absent` where the object or its key is surely gone, undefined where nobody can tell. */
export function digestNow(world: World, file: NonNullable<RecordedBefore["file"]>): string | undefined {
  const copy = world.copies.find(({ name }) => file.kind === "ConfigMap" && name === file.object);
  if (copy !== undefined) return copy.digests.get(file.key) ?? "absent";
  const seen = world.files.get(`${file.kind}/${file.object}`);
  if (seen?.seen === "absent") return "absent";
  if (seen?.seen !== "present") return undefined;
  const text = seen.value.data.get(file.key);
  return text === undefined ? (seen.value.data.has(file.key) ? undefined : "absent") : digestText(text);
}
