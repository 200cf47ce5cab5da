/**
 * The options of one agent: from its environment (Stein and later), from the files on its command line, else the default. An
 * option is unknown, and not default, where a file that could hold it cannot be read; it is known all the same if a file that
 * is read after that one sets it.
 */
import { type FileSource, fileAt, filesIn, type ObjectName } from "./agent-files.ts";
import type { CommandLine } from "./command-line.ts";
import { variablesOf } from "./environment.ts";
import type { ConfigObject, Seen } from "./observation.ts";
import { literalOf, type OptionName, type OsloConfig, type OsloText, parseOsloConfig } from "./oslo-config.ts";
import type { Container, PodTemplate } from "./pod-template.ts";
import { type Release, readsOptionsFromEnvironment } from "./release.ts";

export type Setting<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "unknown"; readonly why: string };

export const known = <T>(value: T): Setting<T> => ({ kind: "known", value });
export const unknown = (why: string): { readonly kind: "unknown"; readonly why: string } => ({ kind: "unknown", why });

/** The ConfigMaps and Secrets that were looked at, by "Kind/name". */
export type Objects = ReadonlyMap<string, Seen<ConfigObject>>;

/** What an agent runs as: its container in its template, its command line and its release. */
export interface AgentView {
  readonly template: PodTemplate;
  readonly container: Container;
  readonly command: CommandLine;
  readonly release: Release;
  readonly objects: Objects;
}

export type FileText =
  | { readonly kind: "text"; readonly text: string; readonly immutable: boolean }
  | { readonly kind: "absent"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/** The text of the file that a source stands for. */
export function textOf(source: FileSource, objects: Objects): FileText {
  if (source.kind !== "object") {
    if (source.kind === "image") return { kind: "absent", why: "no volume brings it" };
    return source;
  }
  const object = `${source.object}/${source.name}`;
  const seen = objects.get(object);
  if (seen === undefined) return unknown(`${object} was not read`);
  if (seen.seen === "unreadable") return unknown(`${object} could not be read: ${seen.why}`);
  if (seen.seen === "absent") return unknown(`${object} does not exist`);
  const { data, immutable } = seen.value;
  const text = data.get(source.key);
  if (text !== undefined) return { kind: "text", text, immutable };
  if (data.has(source.key)) return unknown(`the key ${source.key} of ${object} is too large to be read`);
  const why = `${object} has no key ${source.key}`;
  // A missing key by subPath leaves a directory in the file's place, or the file as it was when the container started.
  return source.subPath ? unknown(why) : { kind: "absent", why };
}

export function keysOf({ kind, name }: ObjectName, objects: Objects): readonly string[] | undefined {
  const seen = objects.get(`${kind}/${name}`);
  return seen?.seen === "present" ? [...seen.value.data.keys()] : undefined;
}

type Layer = OsloText | { readonly unknown: string };

function fileLayer(view: AgentView, path: string, isDefault: boolean): readonly Layer[] {
  const source = fileAt(view.template, view.container, path);
  const where = source.kind === "object" ? `${source.object}/${source.name}, key ${source.key}` : path;
  const file = textOf(source, view.objects);
  if (file.kind === "text") return [{ name: where, text: file.text }];
  if (file.kind === "unknown") return [{ unknown: `${path}: ${file.why}` }];
  if (source.kind === "image") return [{ unknown: `${path} is the image's own file, if it has one` }];
  return isDefault ? [] : [{ unknown: `${path} is missing, with which the agent does not start: ${file.why}` }];
}

function directoryLayers(view: AgentView, path: string): readonly Layer[] {
  const { template, container, objects } = view;
  const directory = filesIn(template, container, path, (object) => keysOf(object, objects));
  const layers = directory.files
    .filter((file) => file.path.endsWith(".conf"))
    .flatMap((file) => fileLayer(view, file.path, false));
  return directory.unknown === undefined ? layers : [...layers, { unknown: `${path}: ${directory.unknown}` }];
}

/** Texts that oslo.config refuses: the agent does not start with them, so what it has loaded is not this. */
function refused(layer: OsloText): Layer {
  const [problem] = parseOsloConfig([layer]).problems;
  if (problem === undefined) return layer;
  return { unknown: `${layer.name}, line ${problem.line}: ${problem.rule}; no agent starts with it` };
}

function layersOf(view: AgentView): readonly Layer[] {
  const { form, assumed } = view.command;
  if (form === "kolla") return [{ unknown: "kolla_start copies the configuration in when the container starts" }];
  const layers = view.command.sources.flatMap(({ kind, path, isDefault }) =>
    kind === "file" ? fileLayer(view, path, isDefault) : directoryLayers(view, path),
  );
  const checked = layers.map((layer) => ("unknown" in layer ? layer : refused(layer)));
  if (!assumed) return checked;
  const start = form === "image" ? "the image's entry point" : "its start script";
  return [...checked, { unknown: `the options that ${start} gives its agent are not known` }];
}

/** An option as one agent has it. Values are as written, but without references to other options. */
export class AgentSettings {
  /** Each file that cannot be read, and why. */
  readonly unread: readonly string[];
  readonly #view: AgentView;
  /** The files that are read after the last one that could not be. */
  readonly #certain: OsloConfig;

  constructor(view: AgentView) {
    this.#view = view;
    const layers = layersOf(view);
    this.unread = [...new Set(layers.flatMap((layer) => ("unknown" in layer ? [layer.unknown] : [])))];
    const last = layers.findLastIndex((layer) => "unknown" in layer);
    const certain = layers.slice(last + 1).filter((layer) => "text" in layer);
    this.#certain = parseOsloConfig(certain);
  }

  /** Undefined where nothing sets it. */
  text(section: string, name: string, older: readonly OptionName[] = []): Setting<string | undefined> {
    const fromEnvironment = this.#environment(section, name);
    if (fromEnvironment !== undefined) return fromEnvironment;
    const written = this.#certain.option(section, name, older);
    if (written === undefined) {
      const [why] = this.unread;
      return why === undefined ? known(undefined) : unknown(why);
    }
    const literal = literalOf(written);
    return literal === undefined ? unknown(`[${section}] ${name} refers to another option`) : known(literal);
  }

  /** `otherwise` is the default; a value that `read` refuses stops the agent. */
  value<T>(option: OptionName, otherwise: T, read: (text: string) => T | undefined): Setting<T> {
    const text = this.text(...option);
    if (text.kind === "unknown") return text;
    if (text.value === undefined) return known(otherwise);
    const value = read(text.value);
    if (value !== undefined) return known(value);
    return unknown(`[${option[0]}] ${option[1]} has a value with which no agent starts`);
  }

  /** Every value of an option that may be repeated. */
  values(section: string, name: string): Setting<readonly string[]> {
    const fromEnvironment = this.#environment(section, name);
    if (fromEnvironment?.kind === "unknown") return fromEnvironment;
    if (fromEnvironment?.value !== undefined) return known([fromEnvironment.value]);
    const [why] = this.unread;
    if (why !== undefined) return unknown(why);
    const literals = this.#certain.options(section, name).map(literalOf);
    const all = literals.filter((literal) => literal !== undefined);
    return all.length < literals.length ? unknown(`[${section}] ${name} refers to another option`) : known(all);
  }

  #environment(section: string, name: string): Setting<string> | undefined {
    if (!readsOptionsFromEnvironment(this.#view.release)) return undefined;
    const variable = `OS_${section.toUpperCase()}__${name.toUpperCase()}`;
    const { container } = this.#view;
    const { envFrom } = container;
    const entry = variablesOf(container).get(variable);
    if (entry === undefined) {
      const imports = Array.isArray(envFrom) && envFrom.length > 0;
      return imports ? unknown(`${variable} may come from envFrom`) : undefined;
    }
    if (entry.valueFrom !== undefined) return unknown(`${variable} is taken from elsewhere (valueFrom)`);
    const value = entry.value ?? "";
    return value.includes("$(") ? unknown(`${variable} refers to another variable`) : known(value);
  }
}
