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
  /** What is not Ceilometer's own, as in `Publisher/acme`: right where a package in the image brings it, which only people know. */
  readonly plugin?: string;
}

export type ParsedFile<T> =
  /** Nothing that takes its meaning from the file: warnings, and plugins. */
  | { readonly kind: "parsed"; readonly file: T; readonly problems: readonly FileProblem[] }
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
    this.#add(path, { rule, remedy, severity: "Error" });
  }

  warning(path: FilePath, rule: string, remedy: string): void {
    this.#add(path, { rule, remedy, severity: "Warning" });
  }

  /** One that there is no room for is an error like any other: nobody could give his word for it. */
  plugin(path: FilePath, plugin: string, rule: string, remedy: string): void {
    if (!this.#add(path, { rule, remedy, severity: "Error", plugin })) this.#errors += 1;
  }

  /** Errors first. A file with an error has no meaning, whatever could be read of it. */
  outcome<T>(file: T): ParsedFile<T> {
    const errors = this.#found.filter((problem) => problem.severity === "Error");
    const warnings = this.#found.filter((problem) => problem.severity === "Warning");
    const [first, ...others] = [...errors, ...warnings, ...this.#rest()];
    if (this.#errors === 0 || first === undefined) return { kind: "parsed", file, problems: [...errors, ...warnings] };
    return { kind: "broken", problems: [first, ...others] };
  }

  /** Whether there was room for it. */
  #add(path: FilePath, problem: Omit<FileProblem, "place" | "line">): boolean {
    if (this.#found.length >= MOST_PROBLEMS) {
      // An error must not be lost behind warnings: it takes the place of one.
      const isError = problem.severity === "Error";
      const replaced = isError ? this.#found.findLastIndex((known) => known.severity === "Warning") : -1;
      this.#leftOut += 1;
      if (replaced < 0) return false;
      this.#found.splice(replaced, 1);
    }
    const line = this.#lineOf(path);
    this.#found.push({ place: placeText(path), ...(line === undefined ? {} : { line }), ...problem });
    return true;
  }

  #rest(): readonly FileProblem[] {
    if (this.#leftOut === 0) return [];
    const rule = `${this.#leftOut} more problems`;
    return [{ place: "", rule, remedy: "correct these first", severity: "Error" }];
  }
}
