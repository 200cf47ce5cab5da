/**
 * Files of definitions that a resource gives, and what each changes of those that are there: of the latter only that is remembered,
 * as there may be more than a hundred, and their definitions take five times what their texts do.
 */
import type { DefinitionsFile } from "./definition.ts";
import { compareDefinitions, type DefinitionChange } from "./definition-changes.ts";
import { parseDefinitions } from "./definitions.ts";
import type { ParsedFile } from "./file-problem.ts";
import { Remembered } from "./remembered.ts";

/** Undefined where Ceilometer would not take the one that is there now. */
export type Changes = readonly DefinitionChange[] | undefined;

/** A resource gives eight files at the most, and each of 32 workloads may have another one there. */
const MOST_GIVEN = 16;
const MOST_THERE = 32;

interface Given {
  readonly file: ParsedFile<DefinitionsFile>;
  readonly changes: Remembered<Changes>;
}

const known = new Remembered<Given>(MOST_GIVEN);
const keyOf = (text: string, key: string): string => `${key}\n${text}`;

const given = (text: string, key: string): Given =>
  known.of(keyOf(text, key), () => ({
    file: parseDefinitions(text, key),
    changes: new Remembered<Changes>(MOST_THERE),
  }));

/** `key` is the file's name. */
export const givenDefinitions = (text: string, key: string): ParsedFile<DefinitionsFile> => given(text, key).file;

/** What `next` would drop or alter of what is there now; nothing, where it is the same, or cannot be read itself. */
export function changesBetween(before: string, next: string, key: string): Changes {
  if (before === next) return [];
  const { file, changes } = given(next, key);
  return changes.of(before, () => {
    const there = parseDefinitions(before, key);
    if (there.kind === "broken") return undefined;
    return file.kind === "broken" ? [] : compareDefinitions(key, there.file, file.file);
  });
}

/** Whether it costs nothing to ask for it now. */
export const areGivenRead = (text: string, key: string): boolean => known.has(keyOf(text, key));
export const areCompared = (before: string, next: string, key: string): boolean =>
  areGivenRead(next, key) && given(next, key).changes.has(before);
