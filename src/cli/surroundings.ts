/** What a command knows of the process that it runs in. `main.ts` alone makes one of the real process. */
import type { Output } from "./terminal/screen.ts";

export interface Surroundings {
  readonly out: Output;
  readonly err: Output;
  /** Where a person answers; undefined where none is there to be asked. */
  readonly answers: NodeJS.ReadableStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: () => number;
  /** Aborted when somebody interrupts. */
  readonly signal: AbortSignal;
  /** Folder of the project's checkout, or of the package that the plugin was installed from. */
  readonly home: string;
  /** The program that runs this one. */
  readonly node: string;
}

/** As much of it as a connection takes: what the environment says, and when somebody interrupts. */
export type Connecting = Pick<Surroundings, "env"> & Partial<Pick<Surroundings, "signal">>;
