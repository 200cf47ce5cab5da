/** Shows an upgrade while it happens, until it has ended one way or the other. */
import { setTimeout as pause } from "node:timers/promises";
import type { Observation } from "./observation.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { changedRows, type ProgressRow, progressRows, tableLines } from "./progress-table.ts";
import type { Screen } from "./screen.ts";
import type { Story } from "./story.ts";
import { type Line, offset, piece } from "./text.ts";
import { eventLines } from "./timeline.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

export interface Following {
  readonly observation: Observation;
  readonly operator: OperatorProcess;
  readonly screen: Screen;
  /** When the resource was applied, in milliseconds since the epoch. */
  readonly since: number;
}

/** Milliseconds. What is in the way often goes away by itself, so it is waited for a while. */
const STALLED_PATIENCE = 20_000;
const WHOLE_DEADLINE = 900_000;
const FRAME = 100;
const SHOWN_EVENTS = 6;

export async function followUpgrade({ observation, operator, screen, since }: Following): Promise<Verdict> {
  let operatorEnded: string | undefined;
  void operator.ended.then((how) => {
    operatorEnded = how;
  });
  let rows: readonly ProgressRow[] = [];
  let eventsTold = 0;
  let stalledSince: number | undefined;
  for (;;) {
    const story = observation.story();
    const now = Date.now();
    const next = progressRows(story);
    if (screen.isTerminal) screen.show(frame(story, next, since, screen.width));
    else {
      for (const line of eventLines(story.events.slice(eventsTold), since)) screen.say(line);
      for (const line of changedRows(rows, next)) screen.say(`${offset(since, now).padStart(9)}  ${line}`);
    }
    eventsTold = story.events.length;
    rows = next;

    const verdict = verdictOf(story.upgrade);
    if (verdict.kind === "succeeded" || verdict.kind === "failed") return verdict;
    stalledSince = verdict.kind === "stalled" ? (stalledSince ?? now) : undefined;
    if (stalledSince !== undefined && now - stalledSince > STALLED_PATIENCE) return verdict;
    if (operatorEnded !== undefined) return operatorDied(operatorEnded, operator);
    if (now - since > WHOLE_DEADLINE) {
      return { kind: "failed", reason: "DemoDeadline", message: "it has not ended within 15 minutes" };
    }
    await pause(FRAME);
  }
}

function operatorDied(how: string, operator: OperatorProcess): Verdict {
  const message = `it ended with ${how}; its last words:\n${operator.lastWords().join("\n")}\nMore in ${operator.log}`;
  return { kind: "failed", reason: "OperatorEnded", message };
}

function frame(story: Story, rows: readonly ProgressRow[], since: number, width: number): readonly Line[] {
  const { upgrade, events } = story;
  if (upgrade === undefined) return [[piece("waiting for the resource to appear", "quiet")]];
  const { metadata, spec, status } = upgrade;
  const title: Line = [
    piece(`${metadata.namespace}/${metadata.name}`, "strong"),
    piece(`  ${spec.strategy}  ${spec.from?.release ?? status.release?.current ?? "?"} -> ${spec.target.release}`),
    piece(`  ${offset(since, Date.now())}`, "quiet"),
  ];
  const recent = eventLines(events.slice(-SHOWN_EVENTS), since);
  return [title, ...tableLines(rows, width), [], ...recent];
}
