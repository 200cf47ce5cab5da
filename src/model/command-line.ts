/**
 * How an agent's container starts its agent, and which options of oslo.config stand on the command line. Charts write the
 * command itself, a shell with one line, or a script of a mounted ConfigMap; kolla's images read theirs from config.json.
 */

import { variablesOf } from "./environment.ts";
import type { Container } from "./pod-template.ts";
import { shellCommand } from "./shell-words.ts";

/** Where options are read from, in the order in which they are: of one option the last counts. */
export interface ConfigSource {
  readonly kind: "file" | "directory";
  readonly path: string;
  /** Read although nobody names it; it need not exist. */
  readonly isDefault: boolean;
}

export interface CommandLine {
  /** `direct`: the container's own command. `image`: the image's entry point. */
  readonly form: "direct" | "shell" | "script" | "kolla" | "image";
  /** No option can be appended to it. */
  readonly wrapper: boolean;
  /** The options are not known, and those that an agent has without any are assumed. */
  readonly assumed: boolean;
  readonly sources: readonly ConfigSource[];
  /** Of `--polling-namespaces`. */
  readonly pollingNamespaces: readonly string[] | undefined;
}

const DEFAULT_FILE = "/etc/ceilometer/ceilometer.conf";
/** oslo.config reads the first of these directories that exists, unless --config-dir is given (find_config_dirs). */
const DEFAULT_DIRECTORY = "/etc/ceilometer/ceilometer.conf.d";

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const isAgentCommand = (word: string): boolean =>
  /^ceilometer-(polling|collector|api|agent-(notification|central|compute|ipmi))$/.test(baseName(word));
const isShell = (word: string): boolean => /^(ba|da|a|k)?sh$/.test(baseName(word));
const isKolla = (word: string): boolean => baseName(word) === "kolla_start";

/** In characters, of all variables together: a megabyte of $(A) with a megabyte in A would be a terabyte. */
const MOST_EXPANDED = 64 * 1024;

/** A kernel takes more, but nobody writes more, and each is looked at in several ways. */
const MOST_WORDS = 4096;

const hasTooManyWords = ({ command = [], args = [] }: Container): boolean => command.length + args.length > MOST_WORDS;

/** A look asks several times for those of each container, which are thousands in the worst case. Containers never change. */
const known = new WeakMap<Container, readonly string[]>();

/** Command and arguments, with $(NAME) put in from the container's environment as the kubelet does. */
function wordsOf(container: Container): readonly string[] {
  const before = known.get(container);
  if (before !== undefined) return before;
  const words = expandedOf(container);
  known.set(container, words);
  return words;
}

function expandedOf(container: Container): readonly string[] {
  const variables = variablesOf(container);
  let room = MOST_EXPANDED;
  const expand = (word: string): string =>
    word.replace(/\$\(([\w.-]+)\)/g, (whole, name: string) => {
      const value = variables.get(name)?.value ?? whole;
      // Left as it is written, which makes it a value that only the container knows.
      if (value.length > room) return whole;
      room -= value.length;
      return value;
    });
  return [...(container.command ?? []), ...(container.args ?? [])].map(expand);
}

/** The path of the script that the container runs in place of the agent, if it does. */
export function scriptOf(container: Container): string | undefined {
  if (hasTooManyWords(container)) return undefined;
  const words = wordsOf(container);
  if (container.command === undefined || words.some((word) => isAgentCommand(word) || isKolla(word))) return undefined;
  const [first, second] = words;
  const script = first !== undefined && isShell(first) ? second : first;
  return script?.startsWith("/") === true ? script : undefined;
}

/** `script` is the text of {@link scriptOf}, where it could be read. */
export function commandLineOf(container: Container, script?: string): CommandLine {
  if (hasTooManyWords(container)) return assumedFlags("direct");
  const words = wordsOf(container);
  const shell = words.findIndex(isShell);
  const option = words.findIndex((word, index) => index > shell && /^-[a-z]*c$/.test(word));
  const line = shell >= 0 && option >= 0 ? words[option + 1] : undefined;
  const at = words.findIndex(isAgentCommand);
  if (at >= 0 && (line === undefined || at !== option + 1)) return withFlags("direct", words.slice(at + 1));
  if (words.some(isKolla) || (line !== undefined && /\bkolla_start\b/.test(line))) return assumedFlags("kolla");
  if (line !== undefined) return withShellText("shell", line);
  if (container.command === undefined) return assumedFlags("image");
  return script === undefined ? assumedFlags("script") : withShellText("script", script);
}

function withShellText(form: "shell" | "script", text: string): CommandLine {
  const command = shellCommand(text, isAgentCommand);
  return command === undefined ? assumedFlags(form) : withFlags(form, command);
}

const assumedFlags = (form: CommandLine["form"]): CommandLine => ({ ...withFlags(form, []), assumed: true });

/** `--name value`, `--name=value`, or neither. */
function valueOf(words: readonly string[], index: number, name: string): string | undefined {
  const word = words[index];
  if (word === name) return words[index + 1];
  return word?.startsWith(`${name}=`) === true ? word.slice(name.length + 1) : undefined;
}

/** Each is read with all its options. */
const MOST_SOURCES = 32;

function withFlags(form: CommandLine["form"], words: readonly string[]): CommandLine {
  const given: ConfigSource[] = [];
  let namespaces: readonly string[] | undefined;
  for (const [index, word] of words.entries()) {
    const file = valueOf(words, index, "--config-file");
    if (file !== undefined) given.push({ kind: "file", path: file, isDefault: false });
    const directory = valueOf(words, index, "--config-dir");
    if (directory !== undefined) given.push({ kind: "directory", path: directory, isDefault: false });
    if (word === "--polling-namespaces") namespaces = untilNextFlag(words, index + 1);
    else namespaces = valueOf(words, index, "--polling-namespaces")?.split(" ") ?? namespaces;
  }
  if (given.length > MOST_SOURCES) return assumedFlags(form);
  const defaults: ConfigSource[] = [];
  if (given.every(({ kind }) => kind !== "file")) defaults.push({ kind: "file", path: DEFAULT_FILE, isDefault: true });
  if (given.every(({ kind }) => kind !== "directory")) {
    defaults.push({ kind: "directory", path: DEFAULT_DIRECTORY, isDefault: true });
  }
  return {
    form,
    wrapper: form !== "direct",
    // A variable that only the container knows.
    assumed: [...given.map(({ path }) => path), ...(namespaces ?? [])].some((value) => /[$`]/.test(value)),
    sources: [...defaults, ...given],
    pollingNamespaces: namespaces,
  };
}

function untilNextFlag(words: readonly string[], start: number): readonly string[] {
  let end = start;
  while (end < words.length && words[end]?.startsWith("-") !== true) end += 1;
  return words.slice(start, end);
}

/** The namespace that a wrapper or container is named for, where it is. */
export function namespaceByName(names: readonly string[]): readonly string[] | undefined {
  for (const name of names) {
    const found = ["central", "compute", "ipmi"].find((namespace) => new RegExp(`\\b${namespace}\\b`).test(name));
    if (found !== undefined) return [found];
  }
  return undefined;
}
