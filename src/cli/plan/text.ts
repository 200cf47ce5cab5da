/** A plan for people: a block for each component, then what was found and how it ends. */
import type { PlannedStep } from "../../api/v1alpha1/schema.ts";
import { AGENT_COMPONENTS, type AgentComponent } from "../../model/component.ts";
import type { Upgrade } from "../../model/observation.ts";
import type { Violation } from "../../model/outcome.ts";
import type { Plan } from "../../model/plan.ts";
import { flagsText } from "../operator-settings.ts";

export function planText({ metadata, spec }: Upgrade, plan: Plan): string {
  const { from = "an unknown release", hash, steps, findings } = plan;
  const writes = steps.length === 1 ? "1 write" : `${steps.length} writes`;
  const head = [
    `CeilometerUpgrade/${metadata.name} in ${metadata.namespace}: ${from} to ${spec.target.release}, ${spec.strategy}`,
    ...(hash === undefined ? [] : [`plan ${hash}: ${writes}, besides those that only keep the books`]),
  ];
  const blocks = blocksOf(steps).map(({ component, lines }) => [component, ...lines].join("\n"));
  const flags = flagsText(findings.map(({ remedy }) => remedy));
  const notes = flags === undefined ? [] : [`  ${flags}`];
  const found = findings.length === 0 ? [] : [["findings", ...findings.flatMap(findingLines), ...notes].join("\n")];
  return `${[head.join("\n"), ...blocks, ...found, endText(plan, spec)].join("\n\n")}\n`;
}

/** Steps of one component that follow each other. A component that comes twice has two blocks. */
function blocksOf(steps: readonly PlannedStep[]): readonly { readonly component: string; readonly lines: string[] }[] {
  const blocks: { component: string; lines: string[] }[] = [];
  for (const [index, step] of steps.entries()) {
    const last = blocks.at(-1);
    const lines = stepLines(step, index + 1);
    if (last?.component === step.component) last.lines.push(...lines);
    else blocks.push({ component: step.component, lines });
  }
  return blocks;
}

const INDENT = "      ";

function stepLines(step: PlannedStep, number: number): string[] {
  const { object, action, from, to, strategy, gates = [], why, downtime } = step;
  const change = from === undefined ? (to ?? "") : to === undefined ? `${from} -> nothing` : `${from} -> ${to}`;
  return [
    `${String(number).padStart(4)}  ${action} ${object}${change === "" ? "" : `: ${change}`}`,
    `${INDENT}${why}${strategy === undefined ? "" : `; ${strategy}`}`,
    ...(gates.length === 0 ? [] : [`${INDENT}gates: ${gates.join(", ")}`]),
    ...(downtime === undefined ? [] : [`${INDENT}down ${downtime}`]),
  ];
}

const findingLines = ({ severity, reason, object, message, remedy }: Violation): readonly string[] => [
  `  ${severity} ${reason}, ${object}: ${message}`,
  `${INDENT}${remedy}`,
];

function endText({ end, steps, headline }: Plan, spec: Upgrade["spec"]): string {
  const at = steps.length === 0 ? "before the first write" : `after step ${steps.length}`;
  switch (end) {
    case "Complete":
      return `it ends with ${reached(spec)}`;
    case "Nothing":
      return `nothing is to be done: ${headline.message}`;
    case "Held":
      return `held ${at}: ${headline.reason}: ${headline.message}`;
    case "Waiting":
      return `waits ${at}: ${headline.reason}: ${headline.message}`;
  }
}

/** The database is never left for later. */
function reached({ only = [], components }: Upgrade["spec"]): string {
  const isLeft = (component: AgentComponent): boolean =>
    components[component] !== undefined && !only.includes(component);
  const left = only.length === 0 ? [] : AGENT_COMPONENTS.filter(isLeft);
  if (left.length === 0) return "every component at the target";
  return `${only.join(", ")} at the target, as spec.only says; left for later: ${left.join(", ")}`;
}
