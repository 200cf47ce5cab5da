/** What an upgrade did to each workload, in the order in which it began. */

import { cell, cut, type Line, offset, piece } from "../../src/cli/terminal/text.ts";
import { castOf, type Generation, generationsOf, isolatedGroups, tagOf } from "./cast.ts";
import type { EventRecord, PodRecord, Story } from "./story.ts";

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
  /** Where the image stays, with the files that are new. */
  readonly fresh: string;
  /** From the first old pod that was told to stop to the last that was gone. */
  readonly down: Span | undefined;
  /** From the first new pod that was created to the last that was ready; of a Job, from its start to its end. */
  readonly up: Span | undefined;
  /** How long none of its pods was ready, in milliseconds. */
  readonly none: number;
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
  const entries = castOf(upgrade).flatMap(({ name, objects }): readonly TimelineEntry[] => {
    if (name === "database") return databaseEntries(story);
    const own = objects.flatMap((object) => workloadEntries(story, name, object, since));
    return name === "polling" ? [...own, ...isolatedGroups(story).map((object) => groupEntry(story, object))] : own;
  });
  // A database that is skipped settles at once; a workload that nothing has happened to comes last.
  const untouched = (component: string): number => (component === "database" ? since : Number.POSITIVE_INFINITY);
  const began = ({ component, down, up }: TimelineEntry): number =>
    Math.min(down?.from ?? untouched(component), up?.from ?? untouched(component));
  return entries.toSorted((a, b) => (began(a) === began(b) ? 0 : began(a) - began(b)));
}

/** A line for each time that other agents came: other images, or the same ones with other files. */
function workloadEntries(story: Story, component: string, object: string, since: number): readonly TimelineEntry[] {
  const target = story.upgrade?.spec.target.image ?? "";
  const pods = story.pods.filter((pod) => pod.object === object && (pod.goneAt === undefined || pod.goneAt > since));
  const [first, ...later] = generationsOf(pods, target);
  if (first === undefined) return [];
  const isBefore = first.pods.every(({ seenAt }) => seenAt <= since);
  const all = isBefore ? [first, ...later] : [undefined, first, ...later];
  const changes = all.slice(1).map((after, at) => ({ before: all[at], after }));
  const pairs = changes.length === 0 ? [{ before: first, after: undefined }] : changes;
  return pairs.map(({ before, after }, index) => {
    const old = before?.pods ?? [];
    const isLast = index === pairs.length - 1;
    const fresh = after?.pods ?? [];
    // A new pod that was replaced by its like, as the first one of a DaemonSet may be, is not counted.
    const lasting = isLast ? fresh.filter((pod) => pod.stoppingAt === undefined) : fresh;
    return {
      component,
      object,
      old: before === undefined ? "" : crowd(before, old),
      fresh: after === undefined ? "" : crowd(after, lasting, before),
      down: spanOf(
        old.filter((pod) => pod.stoppingAt !== undefined),
        "stoppingAt",
        "goneAt",
      ),
      up: spanOf(fresh, "seenAt", "readyAt"),
      none: noneReady([...old, ...fresh]),
      why: whyOf(story, object, Math.min(...fresh.map(({ seenAt }) => seenAt))),
    };
  });
}

/** It comes and goes within the upgrade. */
function groupEntry(story: Story, object: string): TimelineEntry {
  const pods = story.pods.filter((pod) => pod.object === object);
  const [generation] = generationsOf(pods, story.upgrade?.spec.target.image ?? "");
  return {
    component: "polling",
    object,
    old: "",
    fresh: generation === undefined ? "" : `${crowd(generation, generation.pods)}, for a while`,
    down: spanOf(
      pods.filter((pod) => pod.stoppingAt !== undefined),
      "stoppingAt",
      "goneAt",
    ),
    up: spanOf(pods, "seenAt", "readyAt"),
    none: 0,
    why: "P4: new pollsters in a group of their own until no old agent is left",
  };
}

function databaseEntries(story: Story): TimelineEntry[] {
  const { jobs, upgrade } = story;
  if (jobs.length === 0) {
    const step = upgrade?.status.steps?.find(({ name }) => name === "database");
    if (step?.state !== "Skipped") return [];
    const why = `F1: ${step.message ?? "skipped"}`;
    return [{ component: "database", object: "-", old: "", fresh: "", down: undefined, up: undefined, none: 0, why }];
  }
  return jobs.map(({ object, image, seenAt, endedAt }) => ({
    component: "database",
    object,
    old: "",
    fresh: tagOf(image),
    down: undefined,
    up: { from: seenAt, to: endedAt },
    none: 0,
    why: `F1: ${RULES["F1"]}`,
  }));
}

/** Milliseconds by which the watch on pods may be ahead of an Event. */
const AHEAD = 100;

/**
 * Why agents came at that moment. In one pass it is the rule of the clause that the operator named; old beside new it is what
 * the operator itself said last of the workload.
 */
function whyOf({ events, upgrade }: Story, object: string, at: number): string {
  const naming = events.flatMap((event) => {
    const said = saidOf(event.note, object);
    return said === undefined ? [] : [{ ...said, at: event.at }];
  });
  const isPartial = upgrade?.spec.strategy === "Partial";
  const told = isPartial ? naming.findLast((each) => each.at <= at + AHEAD) : naming[0];
  if (told === undefined) return "";
  const rule = RULES[told.clause] ?? (isPartial ? told.what : undefined);
  return rule === undefined ? told.clause : `${told.clause}: ${rule}`;
}

/** What an Event says of an object, without the object's name, which stands in front of the line already. */
function saidOf(note: string, object: string): { readonly clause: string; readonly what: string } | undefined {
  const [, text = "", clause] = /^(.*) \(([FPM]\d)\)$/.exec(note) ?? [];
  if (clause === undefined || !text.split(/[\s,:;]+/).includes(object)) return undefined;
  const own = text.startsWith(`${object}: `) ? text.slice(object.length + 2) : text;
  return { clause, what: own.replace(` of ${object}`, "") };
}

/** Where the image is the same, what is told is the first file that is new; or else that has gone. */
function crowd({ tag, files }: Generation, pods: readonly PodRecord[], before?: Generation): string {
  if (pods.length === 0) return "";
  const changes =
    before?.tag === tag
      ? [
          ...files.filter((file) => !before.files.includes(file)).map((file) => ` with ${file}`),
          ...before.files.filter((file) => !files.includes(file)).map((file) => ` without ${file}`),
        ]
      : [];
  return `${tag} x${pods.length}${changes[0] ?? ""}`;
}

/** The longest time between two pods that were ready. */
function noneReady(pods: readonly PodRecord[]): number {
  const ready = pods.flatMap(({ readyAt, stoppingAt, goneAt }) =>
    readyAt === undefined ? [] : [{ from: readyAt, to: stoppingAt ?? goneAt ?? Number.POSITIVE_INFINITY }],
  );
  let longest = 0;
  let until = Number.POSITIVE_INFINITY;
  for (const { from, to } of ready.toSorted((a, b) => a.from - b.from)) {
    longest = Math.max(longest, from - until);
    until = until === Number.POSITIVE_INFINITY ? to : Math.max(until, to);
  }
  return longest;
}

function spanOf(pods: readonly PodRecord[], from: "stoppingAt" | "seenAt", to: "goneAt" | "readyAt"): Span | undefined {
  const starts = pods.flatMap((pod) => pod[from] ?? []);
  if (starts.length === 0) return undefined;
  const counts = (pod: PodRecord): boolean => to === "goneAt" || pod.stoppingAt === undefined || pod[to] !== undefined;
  const ends = pods.filter(counts).map((pod) => pod[to]);
  const known = ends.filter((at) => at !== undefined);
  return { from: Math.min(...starts), to: known.length < ends.length ? undefined : Math.max(...known) };
}

const HEADS = {
  Full: ["COMPONENT", "OBJECT", "OLD -> NEW", "DOWN (s)", "UP (s)", "WHY"],
  Partial: ["COMPONENT", "OBJECT", "OLD -> NEW", "OLD WENT (s)", "NEW CAME (s)", "NONE (s)", "WHY"],
} as const;

/** Times count from `since`, in milliseconds since the epoch. */
export function timelineLines(
  entries: readonly TimelineEntry[],
  since: number,
  strategy: keyof typeof HEADS = "Full",
): readonly Line[] {
  const span = (value: Span | undefined): string => {
    if (value === undefined) return "-";
    const end = value.to === undefined ? "" : offset(since, value.to);
    return `${offset(since, value.from)} .. ${end}`.replaceAll(" s", "");
  };
  const rows = entries.map((entry) => [
    entry.component,
    entry.object,
    [entry.old, entry.fresh === "" && entry.down !== undefined ? "none" : entry.fresh].filter(Boolean).join(" -> "),
    span(entry.down),
    span(entry.up),
    ...(strategy === "Partial" ? [entry.none === 0 ? "-" : (entry.none / 1000).toFixed(1)] : []),
    entry.why,
  ]);
  const head: readonly string[] = HEADS[strategy];
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
