/**
 * What a file of definitions says, and what it changes of another one, without the definitions themselves: those of a hundred files
 * would take a hundred megabytes, and what follows from them is a few words.
 */
import { compareDefinitions, type DefinitionChange } from "./definition-changes.ts";
import { parseDefinitions } from "./definitions.ts";
import type { FileProblem } from "./file-problem.ts";
import type { NonEmpty } from "./outcome.ts";
import { Remembered } from "./remembered.ts";

export type Judged =
  | { readonly kind: "read"; readonly warnings: readonly FileProblem[] }
  | { readonly kind: "broken"; readonly problems: NonEmpty<FileProblem> };

/** Undefined where Ceilometer would not take the one that is there now. */
export type Changes = readonly DefinitionChange[] | undefined;

/** A resource gives eight files at the most, and each of 32 workloads may have another one there. */
const MOST_GIVEN = 32;
const MOST_THERE = 32;

interface Given {
  readonly judged: Judged;
  readonly changes: Remembered<Changes>;
}

const known = new Remembered<Given>(MOST_GIVEN);
/** Each of these is compared with many, one after the other. */
const read = new Remembered<ReturnType<typeof parseDefinitions>>(16);
const readGiven = (text: string, key: string) => read.of(`${key}\n${text}`, () => parseDefinitions(text, key));

function given(text: string, key: string): Given {
  return known.of(`${key}\n${text}`, () => {
    const file = readGiven(text, key);
    const judged: Judged =
      file.kind === "broken" ? { kind: "broken", problems: file.problems } : { kind: "read", warnings: file.warnings };
    return { judged, changes: new Remembered<Changes>(MOST_THERE) };
  });
}

/** `key` is the file's name. */
export const judgeDefinitions = (text: string, key: string): Judged => given(text, key).judged;

/** What `next` would drop or alter of what is there now; nothing, where `next` cannot be read itself. */
export function changesBetween(before: string, next: string, key: string): Changes {
  return given(next, key).changes.of(before, () => {
    const [then, now] = [parseDefinitions(before, key), readGiven(next, key)];
    if (then.kind === "broken") return undefined;
    return now.kind === "broken" ? [] : compareDefinitions(key, then.file, now.file);
  });
}

/** Whether it costs nothing to ask for it now. */
export const areJudged = (text: string, key: string): boolean => known.has(`${key}\n${text}`);
export const areCompared = (before: string, next: string, key: string): boolean =>
  areJudged(next, key) && given(next, key).changes.has(before);
