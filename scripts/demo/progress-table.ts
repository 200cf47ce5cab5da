/** The upgrade as it stands: a row for each component and one for each of its workloads. */

import { STEP_TONES, workloadState } from "../../src/cli/status/workload-state.ts";
import { cell, type Line, piece, type Tone } from "../../src/cli/terminal/text.ts";
import { castOf, isolatedGroups, troupeOf } from "./cast.ts";
import type { JobRecord, PodRecord, Story } from "./story.ts";
import type { UpgradeView } from "./views.ts";

export interface ProgressRow {
  readonly what: string;
  readonly isComponent: boolean;
  readonly state: string;
  readonly tone: Tone;
  /** Pods of the old release, those that are stopping included; empty where pods are not counted. */
  readonly old: string;
  /** Pods of the new release that are ready, of those there are. */
  readonly fresh: string;
  readonly waitsFor: string;
}

export function progressRows(story: Story): readonly ProgressRow[] {
  const { upgrade } = story;
  if (upgrade === undefined) return [];
  const groups = isolatedGroups(story).filter((group) =>
    story.pods.some((pod) => pod.object === group && isThere(pod)),
  );
  return castOf(upgrade).flatMap(({ name, objects }) => [
    componentRow(name, upgrade),
    ...(name === "database" ? story.jobs.map(jobRow) : objects.map((object) => workloadRow(story, object))),
    ...(name === "polling" ? groups.map((object) => workloadRow(story, object)) : []),
  ]);
}

function componentRow(name: string, { status }: UpgradeView): ProgressRow {
  const step = status.steps?.find((each) => each.name === name);
  const state = step?.state ?? "Pending";
  const waits = state === "Succeeded" || state === "Pending" ? "" : (step?.message ?? "");
  return {
    what: name,
    isComponent: true,
    state,
    tone: STEP_TONES[state] ?? "plain",
    old: "",
    fresh: "",
    waitsFor: waits,
  };
}

function jobRow({ object, state }: JobRecord): ProgressRow {
  const tone = state === "failed" ? "bad" : state === "complete" ? "good" : "busy";
  const waitsFor = state === "running" ? "the Job's pod" : "";
  return { what: object, isComponent: false, state, tone, old: "", fresh: "", waitsFor };
}

const isThere = (pod: PodRecord): boolean => pod.goneAt === undefined;
const isReady = (pod: PodRecord): boolean => pod.readyAt !== undefined && pod.stoppingAt === undefined;

function workloadRow(story: Story, object: string): ProgressRow {
  const troupe = troupeOf(story, object);
  const old = troupe.old.filter(isThere);
  const fresh = troupe.fresh.filter(isThere);
  const stopping = [...old, ...fresh].filter((pod) => pod.stoppingAt !== undefined).length;
  const starting = [...old, ...fresh].filter((pod) => !isReady(pod) && pod.stoppingAt === undefined).length;
  const [state, tone] = workloadState({ old: old.length, fresh: fresh.length, stopping, starting });
  const waits = [
    ...(stopping > 0 ? [`${plural(stopping, "pod")} to stop`] : []),
    ...(starting > 0 ? [`${plural(starting, "pod")} to become ready`] : []),
  ];
  return {
    what: object,
    isComponent: false,
    state,
    tone,
    old: String(old.length),
    fresh: fresh.length === 0 ? "0" : `${fresh.filter(isReady).length}/${fresh.length}`,
    waitsFor: waits.join(", "),
  };
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

const STATE_WIDTH = 10;
const COUNT_WIDTH = 5;

/** `width` is that of the terminal, in columns: what is waited for gets what the others leave. */
export function tableLines(rows: readonly ProgressRow[], width: number): readonly Line[] {
  const names = rows.map((row) => row.what.length + (row.isComponent ? 0 : 2));
  const nameWidth = Math.max(9, ...names) + 1;
  const rest = Math.max(0, width - nameWidth - STATE_WIDTH - 2 * COUNT_WIDTH - 1);
  const line = (name: string, tones: readonly [Tone, Tone, Tone], row: Omit<ProgressRow, "what" | "tone">): Line => [
    cell(name, nameWidth, tones[0]),
    cell(row.state, STATE_WIDTH, tones[1]),
    cell(row.old.padStart(COUNT_WIDTH - 1), COUNT_WIDTH, tones[2]),
    cell(row.fresh.padStart(COUNT_WIDTH - 1), COUNT_WIDTH, tones[2]),
    piece(" "),
    cell(row.waitsFor, rest, tones[2]),
  ];
  const head = { isComponent: true, state: "STATE", old: "OLD", fresh: "NEW", waitsFor: "WAITS FOR" };
  return [
    line("COMPONENT", ["quiet", "quiet", "quiet"], head),
    ...rows.map((row) =>
      row.isComponent
        ? line(row.what, ["strong", row.tone, "plain"], row)
        : line(`  ${row.what}`, ["plain", row.tone, "plain"], row),
    ),
  ];
}

/** What has changed since the last look, for output that cannot be redrawn. */
export function changedRows(before: readonly ProgressRow[], now: readonly ProgressRow[]): readonly string[] {
  const known = new Map(before.map((row) => [row.what, sentence(row)]));
  return now
    .map((row) => [row.what, sentence(row)] as const)
    .flatMap(([what, said]) => (known.get(what) === said ? [] : [said]));
}

function sentence({ what, isComponent, state, old, fresh, waitsFor }: ProgressRow): string {
  const counts = old === "" && fresh === "" ? "" : `, old ${old}, new ${fresh}`;
  const waits = waitsFor === "" ? "" : ` (waits for: ${waitsFor})`;
  return `${isComponent ? "" : "  "}${what}: ${state}${counts}${isComponent && waitsFor !== "" ? ` (${waitsFor})` : waits}`;
}
