/** What ends a command, and the exit code that says so. */
import { KubeApiError } from "../kube/errors.ts";

export const EXIT = {
  ok: 0,
  /** The command could not do it, or found what it is told to report. */
  failure: 1,
  /** The command was not understood, or has nothing to work on: nothing was done. */
  usage: 2,
  /** The upgrade has not ended yet: only where the exit code tells of the upgrade. */
  underWay: 3,
  /** The cluster could not be read, so nothing is known of the upgrade: only where the exit code tells of it. */
  unread: 4,
  /** Somebody interrupted: by convention 128 and the signal's number (POSIX shells). */
  interrupted: 130,
  /** Nobody reads any more what is written: as if by SIGPIPE, which Node does not let end it. */
  unheard: 141,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A flag that cannot be understood, something that cannot be read, or nothing to work on: the message says which and why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something that somebody can mend: its message is the whole of what is shown. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The cluster cannot be read by a command whose exit code tells of an upgrade: that it failed is not what this says. */
export class UnreadError extends Error {
  override readonly name = "UnreadError";
}

/** Who reads the exit code must not take a cluster that does not answer for an upgrade that is held. */
export function asUnread(error: unknown): never {
  if (error instanceof KubeApiError) throw new UnreadError(error.message, { cause: error });
  throw error;
}

/** Text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
