/** What the sources of pipeline and polling files have in common: entries of a list, names, intervals, lists of texts. */
import type { FilePath, FileProblems } from "./file-problem.ts";
import { checkSourceFiltering } from "./matching.ts";

export type Mapping = Readonly<Record<string, unknown>>;

/** A mapping of one of our YAML files: those have no prototype and hold no class instances. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Entry {
  readonly entry: Mapping;
  readonly path: FilePath;
}

/** The mappings of a list, each with its place. Anything else in their stead makes Ceilometer crash. */
export function entriesOf(file: Mapping, key: string, problems: FileProblems): readonly Entry[] {
  const list = file[key];
  if (!Array.isArray(list)) {
    problems.error([key], `${key} should be a list`, `write a list of ${key}: each entry begins with "- name:"`);
    return [];
  }
  const found: Entry[] = [];
  for (const [index, entry] of list.entries()) {
    const path = [key, index];
    if (isMapping(entry)) found.push({ entry, path });
    else problems.error(path, "the entry is no mapping", 'write it as a mapping: "- name: …"');
  }
  return found;
}

/** Names are compared as text. A name that is missing is told once, and the entry goes on without. */
export function nameOf({ entry, path }: Entry, problems: FileProblems): string {
  const { name } = entry;
  if (typeof name === "string" || typeof name === "number" || typeof name === "boolean") return String(name);
  if (name === undefined) problems.error(path, "Required field name not specified", "give the entry a name");
  else problems.error([...path, "name"], "the name is no text", "write a word as name");
  return "";
}

/** As Python's `int()` takes it: a number loses its fraction, a text may have blanks and a sign. */
function asPythonInteger(value: unknown): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return Number.isSafeInteger(Math.trunc(value)) ? Math.trunc(value) : undefined;
  if (typeof value !== "string" || !/^[-+]?\d+(_\d+)*$/.test(value.trim())) return undefined;
  const parsed = Number(value.trim().replaceAll("_", ""));
  return Number.isSafeInteger(parsed) ? parsed : undefined;
}

/** In seconds. `otherwise` is what a missing one means; without it a missing one is an error. */
export function intervalOf({ entry, path }: Entry, problems: FileProblems, otherwise?: number): number {
  const { interval } = entry;
  if (interval === undefined) {
    if (otherwise === undefined) problems.error(path, "Missing interval value", 'add "interval: 300" (seconds)');
    return otherwise ?? 0;
  }
  const seconds = asPythonInteger(interval);
  const here = [...path, "interval"];
  const remedy = "write a whole number of seconds, at least 1";
  if (seconds === undefined) problems.error(here, "Invalid interval value", remedy);
  else if (seconds <= 0) problems.error(here, "Interval value should > 0", remedy);
  return seconds ?? 0;
}

/** `resources` and `discovery`: absent, null and every other empty value mean none. */
export function optionalList({ entry, path }: Entry, key: "resources" | "discovery", problems: FileProblems) {
  const value = entry[key];
  const word = key === "resources" ? "Resources" : "Discovery";
  if (value === undefined || value === null || value === "" || value === false || value === 0) return [];
  if (!Array.isArray(value)) {
    if (isMapping(value) && Object.keys(value).length === 0) return [];
    problems.error([...path, key], `${word} should be a list`, "write it as a list, even for one entry");
    return [];
  }
  return textsOf(value, [...path, key], problems);
}

/** The texts of a list; numbers are taken as written. */
export function textsOf(list: readonly unknown[], path: FilePath, problems: FileProblems): readonly string[] {
  const texts: string[] = [];
  for (const [index, value] of list.entries()) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") texts.push(String(value));
    else problems.error([...path, index], "the entry is no text", "write a text");
  }
  return texts;
}

const FILTER_REMEDY = new Map([
  ["Both included", "keep either names to include or names to exclude (!name); only * goes with exclusions"],
  ["Included", "keep either * or the names"],
  ["No", 'list what the source takes; ["*"] takes everything'],
]);

/** The patterns of `meters` or `events`, checked by Ceilometer's rules. */
export function filterOf(source: Entry, what: "meters" | "events", value: unknown, problems: FileProblems) {
  const path = [...source.path, what];
  const rule = checkSourceFiltering(value, what);
  if (rule !== undefined) {
    const known = [...FILTER_REMEDY].find(([start]) => rule.startsWith(start));
    problems.error(path, rule, known?.[1] ?? "write a list of names or patterns, each in quotes");
    return [];
  }
  if (typeof value === "string") {
    const letters = "a text in place of a list is read letter by letter";
    problems.warning(path, letters, `write a list: ${what}: ["*"] for everything`);
    return Array.from(value);
  }
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
