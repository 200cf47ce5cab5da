/**
 * ceilometer.conf and its snippets, as oslo.config reads them (oslo_config/iniparser.py and cfg.py, 9.7.0): sections, `key =
 * value` or `key: value`, comments, continuation by indentation, the same key repeated. Nothing here throws, whatever the
 * text; what oslo.config would refuse is a problem with its line, never the text itself, as it may be a password.
 */

import { MOST_TEXTS, Remembered } from "./remembered.ts";

/** Section and name of an option. */
export type OptionName = readonly [section: string, name: string];

export interface OsloText {
  /** "Secret/ceilometer-etc, key ceilometer.conf". */
  readonly name: string;
  readonly text: string;
}

export interface OsloProblem {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** In oslo.config's own words. */
  readonly rule: string;
}

type Sections = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** In UTF-16 units. A whole sample configuration with all its comments has some 120 KiB. */
const LARGEST = 512 * 1024;
const MOST_PROBLEMS = 32;

/** Section names are compared without case, but for DEFAULT. */
const sectionKey = (section: string): string => (section === "DEFAULT" ? section : section.toLowerCase());
/** An option may be asked for as on a command line; a file that writes it with dashes is not read that way. */
const optionKey = (name: string): string => name.replaceAll("-", "_");

/** One text, line by line. */
class OsloReader {
  readonly sections = new Map<string, Map<string, string[]>>();
  readonly problems: Omit<OsloProblem, "text">[] = [];
  #section: Map<string, string[]> | undefined;
  #key: string | undefined;
  #value: string[] = [];
  #keyLine = 0;

  problem(line: number, rule: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ line, rule });
  }

  read(text: string): void {
    if (text.length > LARGEST) {
      this.problem(1, `larger than ${LARGEST / 1024} KiB`);
      return;
    }
    for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) this.#line(line.trimEnd(), index + 1);
    this.#flush();
  }

  #line(line: string, number: number): void {
    if (line === "") return this.#flush();
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (this.#key === undefined) this.problem(number, "Unexpected continuation line");
      else this.#value.push(line.trimStart());
      return;
    }
    this.#flush();
    if (line.startsWith("[")) this.#open(line, number);
    else if (!line.startsWith("#") && !line.startsWith(";")) this.#assign(line, number);
  }

  #open(line: string, number: number): void {
    // What follows a section that is not understood belongs to no section, rather than to the wrong one.
    this.#section = undefined;
    if (!line.endsWith("]")) return this.problem(number, "Invalid section (must end with ])");
    if (line.length <= 2) return this.problem(number, "Empty section name");
    const name = sectionKey(line.slice(1, -1));
    this.#section = this.sections.get(name) ?? new Map<string, string[]>();
    this.sections.set(name, this.#section);
  }

  #assign(line: string, number: number): void {
    const at = line.search(/[=:]/);
    if (at < 0) return this.problem(number, "No ':' or '=' found in assignment");
    const key = line.slice(0, at).trim();
    if (key === "") return this.problem(number, "Key cannot be empty");
    this.#key = key;
    this.#value = [unquoted(line.slice(at + 1).trim())];
    this.#keyLine = number;
  }

  /** Ends an assignment, which a blank line does and the next line that is not indented. */
  #flush(): void {
    if (this.#key === undefined) return;
    const value = this.#value.join("\n");
    if (this.#section === undefined) this.problem(this.#keyLine, "Section must be started before assignment");
    else {
      const values = this.#section.get(this.#key);
      if (values === undefined) this.#section.set(this.#key, [value]);
      else values.push(value);
    }
    this.#key = undefined;
  }
}

/** oslo.config takes off one pair of quotes; a single quote character is left with nothing. */
function unquoted(value: string): string {
  const first = value[0];
  const quoted = (first === '"' || first === "'") && value.endsWith(first);
  return quoted ? value.slice(1, -1) : value;
}

interface ReadText {
  readonly sections: Sections;
  readonly problems: readonly Omit<OsloProblem, "text">[];
}

/** Agents of a cloud usually have the same file, which each look reads of each of them. */
const remembered = new Remembered<ReadText>(MOST_TEXTS);

/** Whether it costs nothing to read it now. */
export const isOsloRemembered = (text: string): boolean => remembered.has(text);

const readText = (text: string): ReadText =>
  remembered.of(text, () => {
    const reader = new OsloReader();
    reader.read(text);
    return reader;
  });

/** Several texts as one configuration: of one option the last text that has it counts, and in it the last value. */
export class OsloConfig {
  readonly problems: readonly OsloProblem[];
  /** The last text first, as oslo.config looks. */
  readonly #files: readonly Sections[];

  constructor(texts: readonly OsloText[]) {
    const read = texts.map(({ name, text }) => ({ name, ...readText(text) }));
    this.problems = read.flatMap(({ name, problems }) => problems.map((problem) => ({ text: name, ...problem })));
    this.#files = read.map(({ sections }) => sections).toReversed();
  }

  /** The value of an option, as written. Within one text the option's own name counts before older ones. */
  option(section: string, name: string, older: readonly OptionName[] = []): string | undefined {
    const names: readonly OptionName[] = [[section, name], ...older];
    for (const file of this.#files) {
      for (const each of names) {
        const value = valuesOf(file, each).at(-1);
        if (value !== undefined) return value;
      }
    }
    return undefined;
  }

  /** Every value of an option that may be repeated (MultiStrOpt), in the order of the texts. */
  options(section: string, name: string): readonly string[] {
    return this.#files.toReversed().flatMap((file) => valuesOf(file, [section, name]));
  }
}

const valuesOf = (file: Sections, [section, name]: OptionName): readonly string[] =>
  file.get(sectionKey(section))?.get(optionKey(name)) ?? [];

export const parseOsloConfig = (texts: readonly OsloText[]): OsloConfig => new OsloConfig(texts);

/** The value with its escapes resolved, or undefined where it refers to other options ($name), which are not followed. */
export function literalOf(value: string): string | undefined {
  const escaped = value.replaceAll("\\$", "$$$$");
  let refers = false;
  const literal = escaped.replace(/\$(?:(\$)|\{?[_a-z][._a-z0-9]*\}?)/gi, (_match, dollar: string | undefined) => {
    if (dollar === undefined) refers = true;
    return "$";
  });
  return refers ? undefined : literal;
}

const TRUE_WORDS = new Set(["true", "1", "on", "yes"]);
const FALSE_WORDS = new Set(["false", "0", "off", "no"]);

/** Undefined for every other word, with which the agent does not start. */
export function booleanOf(value: string): boolean | undefined {
  const word = value.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : undefined;
}

/** Undefined for what is no integer in Python's eyes. */
export function integerOf(value: string): number | undefined {
  const text = value.trim();
  if (!/^[-+]?\d+(_\d+)*$/.test(text)) return undefined;
  const number = Number(text.replaceAll("_", ""));
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A list in one line, split at commas. */
export function listOf(value: string): readonly string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
