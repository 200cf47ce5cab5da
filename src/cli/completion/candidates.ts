/** What may stand in the place of the last word, by commander's own list of commands, options and arguments. */
import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What only the cluster knows. */
export type LiveKind = "upgrade" | "namespace" | "gate";

export interface Candidates {
  readonly values: readonly Candidate[];
  readonly live: LiveKind | undefined;
  /** Whether the name of a file may stand there. */
  readonly files: boolean;
  /** The namespace that the words name. */
  readonly namespace: string | undefined;
  /** The words for a kubeconfig and a context. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** What the word begins with, that a value must begin with, too. */
  readonly prefix: string;
}

type Suggestion = Pick<Candidates, "values" | "live" | "files">;
const NOTHING: Suggestion = { values: [], live: undefined, files: false };

/** Options whose value is a file or folder. */
const FILES = ["kubeconfig", "file", "manifests", "to", "checkout"];
const LIVE: Readonly<Record<string, LiveKind>> = {
  namespace: "namespace",
  "operator-namespace": "namespace",
  name: "upgrade",
  gate: "gate",
};

interface Read {
  command: CommandUnknownOpts;
  /** Arguments that stand there already. */
  arguments: number;
  /** The option whose value the next word is. */
  pending: Option | undefined;
  readonly given: Map<string, string>;
  onlyArguments: boolean;
}

export function candidates(root: CommandUnknownOpts, words: readonly string[]): Candidates {
  const whole = joined(words);
  const last = whole.at(-1) ?? "";
  const read = readWords(root, whole.slice(0, -1));
  const [option, value] = splitOption(last);
  const isValue = read.pending === undefined && !read.onlyArguments && value !== undefined;
  const prefix = isValue ? (value ?? "") : last;
  const suggested = isValue ? ofOption(findOption(read.command, option)) : suggestion(read, last);
  return {
    ...suggested,
    values: suggested.values.filter((each) => each.value.startsWith(prefix)),
    prefix,
    namespace: read.given.get("namespace"),
    kubeconfig: read.given.get("kubeconfig"),
    context: read.given.get("context"),
  };
}

/** bash takes `--output=json` apart, into three words. */
function joined(words: readonly string[]): readonly string[] {
  const result: string[] = [];
  for (const [index, word] of words.entries()) {
    const before = result.at(-1);
    const belongs = word === "=" || words[index - 1] === "=";
    if (belongs && before?.startsWith("-") === true) result[result.length - 1] = before + word;
    else result.push(word);
  }
  return result;
}

function readWords(root: CommandUnknownOpts, words: readonly string[]): Read {
  const read: Read = { command: root, arguments: 0, pending: undefined, given: new Map(), onlyArguments: false };
  for (const word of words) {
    if (read.pending !== undefined) {
      read.given.set(read.pending.name(), word);
      read.pending = undefined;
    } else if (word === "--") read.onlyArguments = true;
    else if (word.startsWith("-") && !read.onlyArguments) readOption(read, word);
    else readArgument(read, word);
  }
  return read;
}

function readOption(read: Read, word: string): void {
  const [name, value] = splitOption(word);
  const option = findOption(read.command, name);
  if (option === undefined) return;
  if (value !== undefined) read.given.set(option.name(), value);
  else if (option.required) read.pending = option;
  else read.given.set(option.name(), "");
}

function readArgument(read: Read, word: string): void {
  const child = read.command.commands.find((each) => each.name() === word);
  if (child === undefined) read.arguments += 1;
  else read.command = child;
}

function splitOption(word: string): readonly [string, string | undefined] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** Its own, and those of the commands above it. */
const optionsOf = (command: CommandUnknownOpts): readonly Option[] => [
  ...command.options,
  ...(command.parent === null ? [] : optionsOf(command.parent)),
];

const findOption = (command: CommandUnknownOpts, name: string): Option | undefined =>
  optionsOf(command).find(({ long, short }) => long === name || short === name);

function suggestion(read: Read, last: string): Suggestion {
  if (read.pending !== undefined) return ofOption(read.pending);
  if (last.startsWith("-") && !read.onlyArguments) return { ...NOTHING, values: optionNames(read) };
  const children = read.command.commands.filter((each) => !HIDDEN.has(each.name()));
  if (children.length > 0) {
    return { ...NOTHING, values: children.map((each) => ({ value: each.name(), description: each.description() })) };
  }
  const all = read.command.registeredArguments;
  const next = all[read.arguments] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
  return next === undefined ? NOTHING : ofArgument(next);
}

/** Asked by shells, not by people. */
const HIDDEN: ReadonlySet<string> = new Set(["complete"]);

function optionNames({ command, given }: Read): readonly Candidate[] {
  const left = optionsOf(command).filter((option) => !option.hidden && !given.has(option.name()));
  const help = { value: "--help", description: "show this" };
  return [...left.map(({ long, description }) => ({ value: long ?? "", description })), help];
}

const plain = (choices: readonly string[] = []): readonly Candidate[] =>
  choices.map((value) => ({ value, description: "" }));

function ofOption(option: Option | undefined): Suggestion {
  if (option === undefined) return NOTHING;
  return { values: plain(option.argChoices), live: LIVE[option.name()], files: FILES.includes(option.name()) };
}

function ofArgument(argument: Argument): Suggestion {
  const name = argument.name();
  return { values: plain(argument.argChoices), live: LIVE[name], files: name === "files" };
}
