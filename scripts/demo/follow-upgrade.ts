/** Shows an upgrade while it happens, until it has ended one way or the other. */
import { setTimeout as pause } from "node:timers/promises";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import { type Line, offset, piece } from "../../src/cli/terminal/text.ts";
import type { Observation } from "./observation.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { changedRows, type ProgressRow, progressRows, tableLines } from "./progress-table.ts";
import type { Story } from "./story.ts";
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
const ERRORS_PATIENCE = 30_000;
const WHOLE_DEADLINE = 900_000;
const FRAME = 100;
const SHOWN_EVENTS = 6;

export async function followUpgrade(following: Following): Promise<Verdict> {
  const { observation } = following;
  const tell = createTeller(following);
  const judge = createJudge(following);
  for (;;) {
    const story = observation.story();
    const hasChanged = tell(story);
    const verdict = judge(story, hasChanged);
    if (verdict.kind !== "running") return verdict;
    await pause(FRAME);
  }
}

/** Says what is new since its last call, and whether anything has moved. */
function createTeller({ operator, screen, since }: Following): (story: Story) => boolean {
  let rows: readonly ProgressRow[] = [];
  let events = 0;
  let errors = 0;
  return (story) => {
    const next = progressRows(story);
    const changes = changedRows(rows, next);
    for (const error of operator.errors().slice(errors)) {
      screen.say([piece("the operator logged an error: ", "bad"), piece(error)]);
    }
    if (screen.isTerminal) screen.show(frame(story, next, since, screen.width));
    else {
      for (const line of eventLines(story.events.slice(events), since)) screen.say(line);
      for (const line of changes) screen.say(`${offset(since, Date.now()).padStart(9)}  ${line}`);
    }
    rows = next;
    events = story.events.length;
    errors = operator.errors().length;
    return changes.length > 0;
  };
}

/** What the resource says of itself, with patience for what goes away by itself, and with none for a dead operator. */
function createJudge({ operator, since }: Following): (story: Story, hasChanged: boolean) => Verdict {
  let operatorEnded: string | undefined;
  void operator.ended.then((how) => {
    operatorEnded = how;
  });
  let stalledSince: number | undefined;
  let movedAt = since;
  return (story, hasChanged) => {
    const now = Date.now();
    if (hasChanged) movedAt = now;
    const verdict = verdictOf(story.upgrade);
    stalledSince = verdict.kind === "stalled" ? (stalledSince ?? now) : undefined;
    if (verdict.kind === "succeeded" || verdict.kind === "failed") return verdict;
    if (stalledSince !== undefined && now - stalledSince > STALLED_PATIENCE) return verdict;
    if (operatorEnded !== undefined) return operatorDied(operatorEnded, operator);
    const error = now - movedAt > ERRORS_PATIENCE ? operator.errors().at(-1) : undefined;
    if (error !== undefined) {
      return { kind: "failed", reason: "OperatorErrors", message: `${error}\nMore in ${operator.log}` };
    }
    if (now - since < WHOLE_DEADLINE) return { kind: "running" };
    return { kind: "failed", reason: "DemoDeadline", message: "it has not ended within 15 minutes" };
  };
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
