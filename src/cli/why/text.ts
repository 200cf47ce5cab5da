/** Why an upgrade does not go on, for people. */
import { KIND } from "../../api/v1alpha1/names.ts";
import type { Meta } from "../../model/meta.ts";
import { formatDuration, parseTime } from "../../model/time.ts";
import { TONES } from "../status/verdict.ts";
import { type Line, piece } from "../terminal/text.ts";
import type { Block, Why } from "./blocks.ts";

export function whyLines(
  { namespace, name }: Pick<Meta, "namespace" | "name">,
  why: Why,
  now: number,
): readonly Line[] {
  const { verdict, blocks, warnings } = why;
  const what = piece(`${KIND}/${name} in ${namespace}: `);
  const state = piece(verdict.state, TONES[verdict.state]);
  if (blocks.length === 0) {
    const message = verdict.message === "" ? "" : `: ${verdict.message}`;
    return [[what, state, piece(`; nothing blocks it${message}`)], ...section("warnings", warnings, now)];
  }
  const count = blocks.length === 1 ? "one thing blocks it" : `${blocks.length} things block it`;
  return [
    [what, state, piece(`; ${count}`)],
    ...blocks.flatMap((block) => blockLines(block, now)),
    ...section("warnings", warnings, now),
  ];
}

const section = (title: string, blocks: readonly Block[], now: number): readonly Line[] =>
  blocks.length === 0 ? [] : [[], [piece(title, "strong")], ...blocks.flatMap((block) => blockLines(block, now))];

function blockLines(block: Block, now: number): readonly Line[] {
  const { reason, at, object, gate, message, remedy, since, nextCheckTime, runbook } = block;
  const began = parseTime(since);
  const next = parseTime(nextCheckTime);
  const times = [
    ...(began === undefined ? [] : [`since ${since ?? ""} (${formatDuration(now - began)})`]),
    ...(next === undefined ? [] : [`looks again at ${nextCheckTime ?? ""}`]),
  ];
  const rows: readonly (readonly [string, string])[] = [
    ["at", [at, ...(gate === undefined ? [] : [`gate ${gate}`])].join(", ")],
    ["what", message],
    ["do", remedy],
    ["when", times.join(", ")],
    ["more", runbook ?? ""],
  ];
  return [
    [],
    [piece(reason, "strong"), piece(object === undefined ? "" : `  ${object}`)],
    ...rows.flatMap(([name, text]): readonly Line[] =>
      text === "" ? [] : [[piece(`  ${name.padEnd(5)} `, "quiet"), piece(text.replaceAll("\n", `\n${" ".repeat(8)}`))]],
    ),
  ];
}
