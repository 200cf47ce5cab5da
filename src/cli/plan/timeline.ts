/** A plan as a chart: a line for each object, a column for each step, in the order of the steps. Nobody knows their length. */
import type { PlannedStep } from "../../api/v1alpha1/schema.ts";
import type { Plan } from "../../model/plan.ts";

const LEGEND = "=  old pods run   .  none runs   1  one new agent   #  new pods run   *  a Job runs";

export function timelineText({ steps }: Plan): string {
  if (steps.length === 0) return "no steps\n";
  const objects = [...new Set(steps.map((step) => step.object))];
  const width = Math.max(...objects.map((object) => object.length));
  const cell = String(steps.length).length + 1;
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)} ${cells.map((each) => each.padStart(cell)).join("")}`.trimEnd();
  const head = row(
    "step",
    steps.map((_, index) => String(index + 1)),
  );
  const lines = objects.map((object) => row(object, cellsOf(object, steps)));
  return `${[head, ...lines, "", LEGEND].join("\n")}\n`;
}

function cellsOf(object: string, steps: readonly PlannedStep[]): readonly string[] {
  if (object.startsWith("Job/")) return steps.map((step) => (step.object === object ? "*" : " "));
  const own = steps.find((step) => step.object === object);
  // Something new has no "before".
  let state = own?.from === undefined ? " " : "=";
  return steps.map((step) => {
    if (step.object === object) state = afterwards(step, state);
    return state;
  });
}

function afterwards({ action, from, to }: PlannedStep, before: string): string {
  if (action === "StartingRest") return "#";
  // A mark alone, as when a group is given time to forget its members, leaves the pods as they are.
  if (to === undefined) return from === undefined && action !== "RemovingIsolated" ? before : " ";
  if (/(^|, )(0 replicas|no host)$/.test(to)) return ".";
  return action === "StartingFirst" ? "1" : "#";
}
