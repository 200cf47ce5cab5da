/** What is wrong with a configuration file, and where. */
import type { NonEmpty } from "./outcome.ts";
import { shownName } from "./shown-name.ts";

/** Where in a file: `["sources", 0, "meters"]`. */
export type FilePath = readonly (string | number)[];

export interface FileProblem {
  /** `sources[0].meters`, or empty for the file as a whole. */
  readonly place: string;
  /** Counted from 1. */
  readonly line?: number;
  /** In Ceilometer's own words where it has some. */
  readonly rule: string;
  readonly remedy: string;
  readonly severity: "Error" | "Warning";
}

export type ParsedFile<T> =
  | { readonly kind: "parsed"; readonly file: T; readonly warnings: readonly FileProblem[] }
  | { readonly kind: "broken"; readonly problems: NonEmpty<FileProblem> };

/** A file can be wrong in thousands of places; a status has room for 64 findings. */
const MOST_PROBLEMS = 32;

export function placeText(path: FilePath): string {
  const parts = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${shownName(step)}`));
  return parts.join("").replace(/^\./, "");
}

/** Collects all problems of one file, so that they are told at once and not one per attempt. */
export class FileProblems {
  readonly #lineOf: (path: FilePath) => number | undefined;
  readonly #found: FileProblem[] = [];
  #errors = 0;
  #leftOut = 0;

  constructor(lineOf: (path: FilePath) => number | undefined) {
    this.#lineOf = lineOf;
  }

  error(path: FilePath, rule: string, remedy: string): void {
    this.#errors += 1;
    this.#add(path, rule, remedy, "Error");
  }

  warning(path: FilePath, rule: string, remedy: string): void {
    this.#add(path, rule, remedy, "Warning");
  }

  /** Errors first. A file with an error has no meaning, whatever could be read of it. */
  outcome<T>(file: T): ParsedFile<T> {
    const errors = this.#found.filter((problem) => problem.severity === "Error");
    const warnings = this.#found.filter((problem) => problem.severity === "Warning");
    const [first, ...others] = [...errors, ...warnings, ...this.#rest()];
    if (this.#errors === 0 || first === undefined) return { kind: "parsed", file, warnings };
    return { kind: "broken", problems: [first, ...others] };
  }

  #add(path: FilePath, rule: string, remedy: string, severity: "Error" | "Warning"): void {
    if (this.#found.length >= MOST_PROBLEMS) {
      // An error must not be lost behind warnings: it takes the place of one.
      const replaced = severity === "Error" ? this.#found.findLastIndex((known) => known.severity === "Warning") : -1;
      this.#leftOut += 1;
      if (replaced < 0) return;
      this.#found.splice(replaced, 1);
    }
    const line = this.#lineOf(path);
    const where = line === undefined ? {} : { line };
    this.#found.push({ place: placeText(path), ...where, rule, remedy, severity });
  }

  #rest(): readonly FileProblem[] {
    if (this.#leftOut === 0) return [];
    const rule = `${this.#leftOut} more problems`;
    return [{ place: "", rule, remedy: "correct these first", severity: "Error" }];
  }
}
