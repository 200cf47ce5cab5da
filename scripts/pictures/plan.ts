/** A plan as a picture: a row for each object, a column for each write, and which agents run after it. */
import type { PlannedStep } from "../../src/api/v1alpha1/schema.ts";
import { planOf } from "../../src/plan/plan.ts";
import { exampleAsSeen } from "./example.ts";
import { line, rect, svg, text } from "./svg.ts";

type Running = "nothing" | "old" | "both" | "none" | "first" | "new" | "group";

const LABELS = 270;
const COLUMN = 68;
const ROW = 34;
const HEAD = 138;
const BAR = 20;
const SAYS: readonly (readonly [Running | "job", string])[] = [
  ["old", "old agents"],
  ["both", "old beside new"],
  ["none", "none"],
  ["first", "one new agent"],
  ["new", "new agents"],
  ["group", "new agents in a group of their own"],
  ["job", "a Job"],
];

export function planPicture(folder: string, namespace: string, title: string): string {
  const seen = exampleAsSeen(folder, namespace);
  const { steps, from = "", end } = planOf(seen);
  if (end !== "Complete") throw new Error(`examples/${folder} has no plan that leads to its target: ${end}`);
  // Files that are made for a while run nothing.
  const objects = [...new Set(steps.map(({ object }) => object))].filter((object) => !object.startsWith("ConfigMap/"));
  const shown = steps.filter(({ object }) => objects.includes(object));
  const rows = objects.map((object) => ({ object, states: states(object, shown, seen.upgrade.spec.target.image) }));
  const width = LABELS + (shown.length + 1) * COLUMN + 24;
  const bottom = HEAD + objects.length * ROW;
  return svg({
    width,
    height: bottom + 46,
    says: `${title}, from ${from}: ${shown.map(({ action, object }) => `${action} ${object}`).join("; ")}`,
    shapes: [
      text(12, 24, title, { class: "title" }),
      ...columnHeads(shown, bottom),
      ...rows.flatMap((row, index) => rowOf(row, shown, HEAD + index * ROW)),
      ...legend(bottom + 28, new Set(rows.flatMap((row) => row.states))),
    ],
  });
}

const columnAt = (column: number): number => LABELS + column * COLUMN;
const clauseOf = ({ why }: PlannedStep): string => why.split(":")[0] ?? "";

function columnHeads(steps: readonly PlannedStep[], bottom: number): readonly string[] {
  const heads = steps.flatMap((step, index) => {
    const x = columnAt(index + 1);
    const isFirst = index === 0 || clauseOf(step) !== clauseOf(steps[index - 1] ?? step);
    const slanted = { transform: `rotate(-38 ${x + 8} ${HEAD - 10})`, class: "small" };
    return [
      text(x + 8, HEAD - 10, step.action, slanted),
      ...(isFirst ? [line(x, 40, x, bottom), text(x + 6, 50, clauseOf(step), { class: "strong" })] : []),
    ];
  });
  return [text(columnAt(0) + 8, HEAD - 10, "before", { class: "small quiet" }), ...heads];
}

/** The objects' own names, without what is made of their content. */
const named = (object: string): string => object.replace(/-[0-9a-f]{8}$/, "");

interface Row {
  readonly object: string;
  readonly states: readonly Running[];
}

function rowOf({ object, states: all }: Row, steps: readonly PlannedStep[], top: number): readonly string[] {
  const y = top + (ROW - BAR) / 2;
  const label = text(12, y + 15, named(object), { class: "code" });
  const rule = line(12, top, columnAt(steps.length + 1), top);
  if (object.startsWith("Job/")) {
    const column = steps.findIndex((step) => step.object === object) + 1;
    return [rule, label, rect({ x: columnAt(column) + 6, y, width: COLUMN - 12, height: BAR }, "job")];
  }
  const bars = stretches(all).flatMap(({ state, start, length }) =>
    bar(state, { x: columnAt(start), y, width: length * COLUMN, height: BAR }),
  );
  return [rule, label, ...bars];
}

/** Before the first step, then after each. `image` is the target's. */
export function states(object: string, steps: readonly PlannedStep[], image: string): readonly Running[] {
  const isGroup = steps.find((step) => step.object === object)?.action === "Isolating";
  let running: "old" | "new" = "old";
  let state: Running = isGroup ? "nothing" : "old";
  const all: Running[] = [state];
  for (const step of steps) {
    if (state === "both") state = "new";
    if (step.object === object) {
      // Only what a write changes is told of it.
      if (step.to?.includes(image) === true) running = "new";
      state = isGroup ? afterGroup(step) : afterwards(step, state, running);
    }
    all.push(state);
  }
  return all;
}

const afterGroup = ({ action }: PlannedStep): Running => (action === "Isolating" ? "group" : "nothing");

function afterwards({ action, to, strategy }: PlannedStep, before: Running, running: "old" | "new"): Running {
  if (action === "StartingRest") return running;
  if (to === undefined) return before;
  if (/(^|, )(0 replicas|no host)$/.test(to)) return "none";
  if (action === "StartingFirst") return "first";
  return strategy === "old beside new" ? "both" : running;
}

interface Stretch {
  readonly state: Running;
  readonly start: number;
  readonly length: number;
}

function stretches(all: readonly Running[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const [start, state] of all.entries()) {
    const last = found.at(-1);
    if (last?.state === state) found[found.length - 1] = { ...last, length: last.length + 1 };
    else found.push({ state, start, length: 1 });
  }
  return found;
}

interface BarBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function bar(state: Running, box: BarBox): readonly string[] {
  const half = box.height / 2;
  switch (state) {
    case "nothing":
      return [];
    case "both":
      return [rect({ ...box, height: half }, "old", 0), rect({ ...box, y: box.y + half, height: half }, "new", 0)];
    case "first":
      return [rect({ ...box, y: box.y + half - 4, height: 8 }, "new")];
    case "none":
      return [rect({ ...box, x: box.x + 2, width: box.width - 4 }, "down")];
    case "old":
    case "new":
    case "group":
      return [rect(box, state)];
  }
}

function legend(y: number, used: ReadonlySet<Running>): readonly string[] {
  let x = 12;
  return SAYS.filter(([state]) => state === "job" || used.has(state)).flatMap(([state, says]) => {
    const box = { x, y: y - 10, width: 22, height: BAR - 6 };
    x += says.length * 6.4 + 48;
    const sample = state === "job" ? [rect(box, "job")] : bar(state, box);
    return [...sample, text(box.x + 28, y + 2, says, { class: "small quiet" })];
  });
}
