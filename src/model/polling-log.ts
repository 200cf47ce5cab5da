/**
 * Has a polling agent polled? Told from its log. Up to 2023.1 an agent writes a line only when a poll begins, and one more if
 * it failed; from 2023.2 on it also writes one when a poll has ended well, and only that one proves that data was sent.
 */
import { shownName } from "./shown-name.ts";

export interface PollingQuestion {
  /** The release writes a line when a poll has ended well. */
  readonly finished: boolean;
  /** A literal text that proves a poll, in place of the release's own line. */
  readonly text?: string;
}

export interface LogVerdict {
  readonly verdict: "pass" | "fail" | "inconclusive";
  readonly reason: string;
}

const MOST_NAMES = 5;

/** What is between two marks of a line. */
function between(line: string, before: string, after: string): string | undefined {
  const start = line.indexOf(before);
  if (start < 0) return undefined;
  const rest = line.slice(start + before.length);
  const end = rest.indexOf(after);
  return end < 0 ? undefined : rest.slice(0, end);
}

/** The pollster whose poll failed, or was given up for good. */
const failedPollster = (line: string): string | undefined =>
  between(line, "Continue after error from ", ":") ?? between(line, "Prevent pollster ", " from polling");

/** Why nothing was polled, from the most telling to the least; none of it is final. */
const EMPTY_REASONS = [
  ["keystone issue", "Keystone did not answer when resources were looked for"],
  ["should be processed by other node", "the agent's pollsters belong to other members of its group"],
  ["Skip pollster ", "no resources found yet"],
] as const;

/** Lines that say that no poll will ever come from this process. */
const HOPELESS = [
  [
    / exited with status [1-9]/,
    "its worker keeps exiting: its polling file is missing or not valid, or it cannot start",
  ],
  [/No valid pollsters can be loaded from /, "none of its polling namespaces has a pollster"],
] as const;

interface Reading {
  readonly finished: Set<string>;
  readonly begun: Set<string>;
  readonly failed: Set<string>;
}

/**
 * A poll that began counts as good when it is not followed by the same pollster's error. After an error a beginning alone is
 * no longer good enough: the next one must not be followed by an error either, which shows when the one after begins.
 */
function readLine(line: string, { finished, begun, failed }: Reading): void {
  const done = between(line, "Finished polling pollster ", " in the context of");
  if (done !== undefined) finished.add(done);
  const begins = between(line, "Polling pollster ", " in the context of");
  if (begins !== undefined) {
    if (begun.has(begins)) failed.delete(begins);
    begun.add(begins);
  }
  const fails = failedPollster(line);
  if (fails !== undefined) {
    failed.add(fails);
    begun.delete(fails);
  }
}

function namesText(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, MOST_NAMES).map(shownName).join(", ");
  return names.size > MOST_NAMES ? `${shown} and ${names.size - MOST_NAMES} more` : shown;
}

function unproved(lines: readonly string[], reading: Reading): LogVerdict {
  if (reading.failed.size > 0) {
    return { verdict: "fail", reason: `these pollsters failed: ${namesText(reading.failed)}` };
  }
  const hopeless = HOPELESS.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (hopeless !== undefined) return { verdict: "fail", reason: hopeless[1] };
  if (reading.begun.size > 0) {
    return { verdict: "inconclusive", reason: "a poll has begun, and no line says that it ended well" };
  }
  const empty = EMPTY_REASONS.find(([mark]) => lines.some((line) => line.includes(mark)));
  return { verdict: "inconclusive", reason: empty?.[1] ?? "no line of a poll in the log" };
}

export function readPollingLog(log: string, question: PollingQuestion): LogVerdict {
  const lines = log.split("\n");
  const reading: Reading = { finished: new Set(), begun: new Set(), failed: new Set() };
  for (const line of lines) readLine(line, reading);
  const { text } = question;
  if (text !== undefined) {
    return lines.some((line) => line.includes(text))
      ? { verdict: "pass", reason: "the log has the text that was asked for" }
      : unproved(lines, reading);
  }
  const good = question.finished
    ? reading.finished
    : new Set([...reading.begun].filter((name) => !reading.failed.has(name)));
  if (good.size === 0) return unproved(lines, reading);
  const failing = new Set([...reading.failed].filter((name) => !good.has(name)));
  const besides = failing.size === 0 ? "" : `; these failed: ${namesText(failing)}`;
  return { verdict: "pass", reason: `${good.size === 1 ? "1 pollster" : `${good.size} pollsters`} polled${besides}` };
}
