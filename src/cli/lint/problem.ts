/** What is wrong with a file, where, and what to do. */
export interface Problem {
  readonly file: string;
  /** Of the file, from 1. */
  readonly line?: number;
  /** "CeilometerUpgrade/ceilometer". */
  readonly object: string;
  /** "spec.target.release"; of a configuration file its key and place. */
  readonly field?: string;
  readonly severity: "Error" | "Warning";
  readonly message: string;
  readonly remedy?: string;
}
