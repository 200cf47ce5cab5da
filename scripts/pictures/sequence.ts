/** The procedure as a picture, drawn from the very table that the operator walks through. */
import { readWorld } from "../../src/model/observation.ts";
import { type Step, sequence } from "../../src/reconcilers/sequence.ts";
import { exampleAsSeen } from "./example.ts";
import { arrow, rect, svg, text, wrapped } from "./svg.ts";

const BOX = { width: 178, height: 118 };
const GAP = 26;
const ROW = BOX.height + 46;
const LETTERS = 27;

export function sequencePicture(): string {
  const rows = [
    {
      says: "Full: the whole environment in one pass, each step when the one before it has settled",
      steps: stepsOf("classic", "openstack-classic", false),
    },
    {
      says: "Partial: new agents beside old ones; only the database must be first, the rest is advised",
      steps: stepsOf("partial-classic", "openstack-partial", false),
    },
    {
      says: "The way back, of either: the reverse order, under the rules of the way there",
      steps: stepsOf("classic", "openstack-classic", true),
    },
  ];
  return svg({
    width: 24 + 5 * (BOX.width + GAP),
    height: rows.length * ROW + 12,
    says: rows
      .map(({ says, steps }) => `${says}: ${steps.map(({ clause, component }) => `${clause} ${component}`).join(", ")}`)
      .join(". "),
    shapes: rows.flatMap(({ says, steps }, index) => rowOf(says, steps, index * ROW)),
  });
}

function stepsOf(folder: string, namespace: string, isBack: boolean): readonly Step[] {
  const world = readWorld(exampleAsSeen(folder, namespace));
  if ("unreadable" in world) throw new Error(`examples/${folder}: ${world.unreadable.join(", ")}`);
  return sequence(world, isBack);
}

function rowOf(says: string, steps: readonly Step[], top: number): readonly string[] {
  const y = top + 36;
  const boxes = steps.flatMap(({ component, clause, why }, index) => {
    const x = 12 + index * (BOX.width + GAP);
    const lines = wrapped(why, LETTERS).map((each, row) =>
      text(x + 10, y + 44 + row * 15, each, { class: "small quiet" }),
    );
    return [
      rect({ x, y, ...BOX }, "box", 6),
      rect({ x: x + 10, y: y + 10, width: 34, height: 18 }, clause === "I10" ? "old" : "job", 9),
      text(x + 27, y + 23, clause, { class: "badge", "text-anchor": "middle" }),
      text(x + 52, y + 24, component, { class: "strong" }),
      ...lines,
      ...(index === 0 ? [] : [arrow(x - GAP + 3, x - 3, y + BOX.height / 2)]),
    ];
  });
  return [text(12, top + 24, says, { class: "title" }), ...boxes];
}
