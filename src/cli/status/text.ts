/** The status for people: where it stands, then the tree. */
import { KIND } from "../../api/v1alpha1/names.ts";
import type { Status } from "../../api/v1alpha1/schema.ts";
import { cell, type Line, piece } from "../terminal/text.ts";
import type { Sight } from "./sight.ts";
import { stepsOf, type TreeNode } from "./tree.ts";
import { TONES, verdictOf } from "./verdict.ts";

export function statusLines(sight: Sight): readonly Line[] {
  return [...headLines(sight), [], ...treeLines(sight)];
}

function headLines({ upgrade }: Sight): readonly Line[] {
  const { metadata, spec, status, invalid } = upgrade;
  const { state, reason, message } = verdictOf(upgrade);
  const from = status.release?.current ?? spec?.from?.release ?? "?";
  const to = spec?.target.release ?? "?";
  const because = reason === state || reason === "" ? "" : `${reason}: `;
  const rows: readonly (readonly [string, Line])[] = [
    [KIND, [piece(`${metadata.namespace}/${metadata.name}`, "strong")]],
    ["Upgrade", [piece(`${from === to ? to : `${from} -> ${to}`}${spec === undefined ? "" : `, ${spec.strategy}`}`)]],
    ["State", [piece(state, TONES[state]), piece(message === "" ? "" : `  ${because}${message}`)]],
    ["Plan", [piece(planText(status))]],
    ...windowRow(status),
    ...(invalid === undefined ? [] : [["Invalid", [piece(invalid, "bad")]] as const]),
    ...findingRows(status),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, line]) => [cell(name, width, "quiet"), ...line]);
}

function planText({ plan, step }: Status): string {
  if (plan?.hash === undefined) return "none yet";
  const writes = plan.steps === undefined ? "" : `, ${plan.steps.length} writes`;
  return `${plan.hash}${writes}${step === undefined ? "" : `, at ${step}`}`;
}

function windowRow({ maintenance }: Status): readonly (readonly [string, Line])[] {
  if (maintenance === undefined) return [];
  const { open, closesAt, nextOpening } = maintenance;
  const text = open ? `open until ${closesAt ?? "?"}` : `closed, opens ${nextOpening ?? "at no known time"}`;
  return [["Window", [piece(text, open ? "plain" : "busy")]]];
}

const findingRows = ({ preflight = [] }: Status): readonly (readonly [string, Line])[] =>
  preflight.map(({ severity, check, object, message }) => [
    severity,
    [piece(check, severity === "Error" ? "bad" : "busy"), piece(`  ${object}: ${message}`)],
  ]);

const HEAD = { name: "NAME", state: "STATE", release: "RELEASE", ready: "READY", age: "AGE", info: "INFO" } as const;
const COLUMNS = ["name", "state", "release", "ready", "age"] as const;

interface Row {
  readonly indent: string;
  readonly node: TreeNode;
}

function treeLines(sight: Sight): readonly Line[] {
  const rows = stepsOf(sight).flatMap((node) => rowsOf(node, "", ""));
  const shown = rows.map(({ indent, node }) => ({ ...node, name: `${indent}${node.name}` }));
  const widths = COLUMNS.map((column) => Math.max(...[HEAD, ...shown].map((row) => row[column].length)) + 2);
  const line = (row: typeof HEAD | (typeof shown)[number], isHead: boolean, isStep: boolean): Line => [
    ...COLUMNS.map((column, index) => {
      const tone = isHead ? "quiet" : column === "state" && "tone" in row ? row.tone : isStep ? "strong" : "plain";
      return cell(row[column], widths[index] ?? 0, tone);
    }),
    piece(row.info, isHead ? "quiet" : "plain"),
  ];
  return [line(HEAD, true, false), ...shown.map((row, index) => line(row, false, rows[index]?.indent === ""))];
}

function rowsOf(node: TreeNode, own: string, below: string): readonly Row[] {
  const last = node.children.length - 1;
  return [
    { indent: own, node },
    ...node.children.flatMap((child, index) =>
      rowsOf(child, `${below}${index === last ? "└─ " : "├─ "}`, `${below}${index === last ? "   " : "│  "}`),
    ),
  ];
}

/** A sentence for each part that has changed since `before`, for output that cannot be redrawn. What ages does not change. */
export function changes(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  const news = [...now].filter(([key, said]) => before.get(key) !== said).map(([, said]) => said);
  const gone = [...before.keys()].filter((key) => !now.has(key)).map((key) => `${key}: gone`);
  return [...news, ...gone];
}

export function sentences(sight: Sight): ReadonlyMap<string, string> {
  const { state, reason, message } = verdictOf(sight.upgrade);
  const flat = (node: TreeNode): readonly TreeNode[] => [node, ...node.children.flatMap(flat)];
  const nodes = stepsOf(sight).flatMap(flat);
  const whole = [state, ...(reason === state ? [] : [reason]), ...(message === "" ? [] : [message])].join(": ");
  return new Map([
    ["upgrade", `upgrade: ${whole}`],
    ...nodes.map(({ name, state: is, release, ready, info }): [string, string] => {
      const parts = [is, release, ready === "" ? "" : `${ready} ready`, info].filter(Boolean);
      return [name, `${name}: ${parts.join(", ")}`];
    }),
  ]);
}
