/**
 * The end of a log. A kubelet that is asked for so many lines and so many bytes looks for the first of these lines and stops after these
 * bytes: of long lines it answers the oldest, and the newest are cut off. So fewer lines are asked for until all of them come.
 */
import type { CallOptions, KubeClient } from "./client.ts";

export interface TailOptions extends CallOptions {
  readonly container?: string;
  readonly lines: number;
  readonly bytes: number;
}

export interface LogTail {
  /** Where not all of these lines were answered: what came of them, the last one cut. */
  readonly oldest?: string;
  /** Whole, to the end of the log; undefined where even few lines are longer than what is read. */
  readonly newest?: string;
}

/** Halved that often, four thousand lines are few. */
const MOST_TRIES = 8;

export async function tailOf(
  client: Pick<KubeClient, "logs">,
  pod: { readonly namespace: string; readonly name: string },
  { lines, bytes, ...rest }: TailOptions,
): Promise<LogTail> {
  const ask = (tailLines: number): Promise<string> => client.logs(pod, { ...rest, tailLines, limitBytes: bytes });
  const isCut = (text: string): boolean => Buffer.byteLength(text) >= bytes;
  const oldest = await ask(lines);
  if (!isCut(oldest)) return { newest: oldest };
  let last = oldest;
  for (let tries = 1; tries < MOST_TRIES; tries += 1) {
    last = await ask(Math.max(1, Math.floor((last.split("\n").length - 1) / 2)));
    if (!isCut(last)) return { oldest, newest: last };
  }
  return { oldest };
}
