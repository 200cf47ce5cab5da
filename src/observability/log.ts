/** Logs: one JSON object a line, or lines for people on a terminal. What could be a secret never gets in. */
import pino from "pino";
import type { Log } from "../runtime/logger.ts";
import { lineForPeople } from "./log-lines.ts";

export interface LogOptions {
  readonly level: string;
  readonly pretty: boolean;
  readonly version: string;
  /** Default: the process's standard output. */
  readonly destination?: { write(line: string): unknown };
}

/** Header and field names whose values must not be logged, wherever an error object carries them. */
const SECRETS = [
  "authorization",
  "token",
  "password",
  "client-key-data",
  "*.authorization",
  "*.token",
  "*.password",
  "err.options",
  "err.config",
];
/** user:password@ in any URL; a password may itself hold an @. Nothing is tried but behind `://`, so that a long word costs nothing. */
const CREDENTIALS = /(?<=:\/\/)[^\s/"']*@/g;

export function redactText(text: string): string {
  return text.replace(CREDENTIALS, "[redacted]@");
}

export function createLog({ level, pretty, version, destination }: LogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { version },
    redact: { paths: SECRETS, censor: "[redacted]" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      streamWrite: redactText,
    },
  };
  const out = destination ?? pino.destination();
  if (!pretty) return pino(options, out);
  // Made here and not by a package of pino's, which works in a thread of its own: the image has none, and did not start.
  return pino(options, { write: (line: string) => void out.write(lineForPeople(line)) });
}
