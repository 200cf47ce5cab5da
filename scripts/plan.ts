/**
 * `npm run plan`: what an upgrade would do, from a cluster or from manifests alone. It is the operator's own decision over an
 * ideal cluster, as `mode: Plan` shows it in status; nothing is written anywhere.
 */
import { KubeApiError } from "../src/kube/errors.ts";
import type { Observation } from "../src/model/observation.ts";
import type { Plan } from "../src/model/plan.ts";
import { planOf } from "../src/plan/plan.ts";
import { HELP, type Output, readOptions, UsageError } from "./plan/options.ts";
import { lookAt } from "./plan/sight.ts";
import { planText } from "./plan/text.ts";
import { timelineText } from "./plan/timeline.ts";

/** The exit code: 0 for a plan that leads to the target, 1 for one that is held, 2 where there is none. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const seen = await lookAt(options, process.env, Date.now());
  const plan = planOf(seen);
  process.stdout.write(said(options.output, seen, plan));
  return plan.end === "Complete" || plan.end === "Nothing" ? 0 : 1;
}

function said(output: Output, seen: Observation, plan: Plan): string {
  const { metadata, spec } = seen.upgrade;
  switch (output) {
    case "text":
      return planText(seen.upgrade, plan);
    case "timeline":
      return timelineText(plan);
    case "json": {
      const { namespace, name } = metadata;
      return `${JSON.stringify({ namespace, name, strategy: spec.strategy, to: spec.target.release, ...plan }, null, 2)}\n`;
    }
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What somebody can mend is said in one line; anything else is a mistake of the program and keeps its stack.
  if (!(error instanceof UsageError || error instanceof KubeApiError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
