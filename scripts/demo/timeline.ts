/** What an upgrade did to each workload, in the order in which it began. */
import { agentImage, castOf, tagOf, troupeOf } from "./cast.ts";
import type { EventRecord, PodRecord, Story } from "./story.ts";
import { cell, cut, type Line, offset, piece } from "./text.ts";

/** Milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  /** Undefined while it has not ended. */
  readonly to: number | undefined;
}

export interface TimelineEntry {
  readonly component: string;
  readonly object: string;
  /** The image tags, with the number of pods: "newton x3". */
  readonly old: string;
  readonly fresh: string;
  /** From the first old pod that was told to stop to the last that was gone. */
  readonly down: Span | undefined;
  /** From the first new pod that was created to the last that was ready; of a Job, from its start to its end. */
  readonly up: Span | undefined;
  readonly why: string;
}

/** The rule of each clause in a few words; what the operator says names the clause. */
const RULES: Readonly<Record<string, string>> = {
  F1: "the database first, while the agents keep running",
  F2: "every old collector gone before the first new one",
  F3: "every old agent gone before the first new one",
  F4: "down on all hosts; one starts, is seen to poll, the rest follow",
  F5: "never two API versions at once",
  P5: "never two API versions at once",
};

/** `since`: what had ended by then (milliseconds since the epoch) is no part of it. */
export function timelineOf(story: Story, since: number): readonly TimelineEntry[] {
  const { upgrade } = story;
  if (upgrade === undefined) return [];
  const target = upgrade.spec.target.image;
  const entries = castOf(upgrade).flatMap(({ name, objects }): TimelineEntry[] => {
    if (name === "database") return databaseEntries(story);
    return objects.map((object) => {
      const all = troupeOf(story, object);
      const old = all.old.filter((pod) => pod.goneAt === undefined || pod.goneAt > since);
      return {
        component: name,
        object,
        old: crowd(
          old.filter((pod) => pod.seenAt <= since),
          target,
        ),
        fresh: crowd(
          all.fresh.filter((pod) => pod.stoppingAt === undefined),
          target,
        ),
        down: spanOf(
          old.filter((pod) => pod.stoppingAt !== undefined),
          "stoppingAt",
          "goneAt",
        ),
        up: spanOf(all.fresh, "seenAt", "readyAt"),
        why: whyOf(story.events, object),
      };
    });
  });
  // A database that is skipped settles at once; a workload that nothing has happened to comes last.
  const untouched = (component: string): number => (component === "database" ? since : Number.POSITIVE_INFINITY);
  const began = ({ component, down, up }: TimelineEntry): number => down?.from ?? up?.from ?? untouched(component);
  return entries.toSorted((a, b) => (began(a) === began(b) ? 0 : began(a) - began(b)));
}

function databaseEntries({ jobs, upgrade, events }: Story): TimelineEntry[] {
  if (jobs.length === 0) {
    const step = upgrade?.status.steps?.find(({ name }) => name === "database");
    if (step?.state !== "Skipped") return [];
    const why = `F1: ${step.message ?? "skipped"}`;
    return [{ component: "database", object: "-", old: "", fresh: "", down: undefined, up: undefined, why }];
  }
  return jobs.map(({ object, image, seenAt, endedAt }) => ({
    component: "database",
    object,
    old: "",
    fresh: tagOf(image),
    down: undefined,
    up: { from: seenAt, to: endedAt },
    why: whyOf(events, object, "F1"),
  }));
}

/** The clause that the operator named first when it spoke of the object. */
function whyOf(events: readonly EventRecord[], object: string, otherwise?: string): string {
  const naming = events.filter(({ note }) => note.split(/[\s,:;]+/).includes(object));
  const clause = naming.map(({ note }) => clauseOf(note)).find((each) => each !== undefined) ?? otherwise;
  if (clause === undefined) return "";
  const rule = RULES[clause];
  return rule === undefined ? clause : `${clause}: ${rule}`;
}

const clauseOf = (note: string): string | undefined => /\(([FPM]\d)\)$/.exec(note)?.[1];

function crowd(pods: readonly PodRecord[], target: string): string {
  const tags = Map.groupBy(pods, ({ images }) => tagOf(agentImage(images, target)));
  return [...tags].map(([tag, each]) => `${tag} x${each.length}`).join(", ");
}

function spanOf(pods: readonly PodRecord[], from: "stoppingAt" | "seenAt", to: "goneAt" | "readyAt"): Span | undefined {
  const starts = pods.flatMap((pod) => pod[from] ?? []);
  if (starts.length === 0) return undefined;
  const ends = pods.filter((pod) => to === "goneAt" || pod.stoppingAt === undefined).map((pod) => pod[to]);
  const known = ends.filter((at) => at !== undefined);
  return { from: Math.min(...starts), to: known.length < ends.length ? undefined : Math.max(...known) };
}

/** Times count from `since`, in milliseconds since the epoch. */
export function timelineLines(entries: readonly TimelineEntry[], since: number): readonly Line[] {
  const span = (value: Span | undefined): string => {
    if (value === undefined) return "-";
    const end = value.to === undefined ? "" : offset(since, value.to);
    return `${offset(since, value.from)} .. ${end}`.replaceAll(" s", "");
  };
  const rows = entries.map((entry) => [
    entry.component,
    entry.object,
    entry.old === "" ? entry.fresh : `${entry.old} -> ${entry.fresh}`,
    span(entry.down),
    span(entry.up),
    entry.why,
  ]);
  const head = ["COMPONENT", "OBJECT", "OLD -> NEW", "DOWN (s)", "UP (s)", "WHY"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], isHead: boolean): Line =>
    row.map((text, column) =>
      column === head.length - 1
        ? piece(text, "quiet")
        : cell(text, (widths[column] ?? 0) + 2, isHead ? "quiet" : column === 0 ? "strong" : "plain"),
    );
  return [line(head, true), ...rows.map((row) => line(row, false))];
}

/** What the operator said, in its own words. */
export function eventLines(events: readonly EventRecord[], since: number): readonly Line[] {
  return events.map(({ at, type, reason, note }) => [
    cell(offset(since, at).padStart(9), 11, "quiet"),
    cell(reason, 22, type === "Warning" ? "bad" : "good"),
    piece(cut(note, Number.POSITIVE_INFINITY)),
  ]);
}
