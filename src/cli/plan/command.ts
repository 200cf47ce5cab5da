/** `plan`: the operator's own decision over an ideal cluster, as `mode: Plan` shows it in status; nothing is written anywhere. */
import { Option } from "@commander-js/extra-typings";
import { KubeApiError } from "../../kube/errors.ts";
import type { Observation } from "../../model/observation.ts";
import type { Plan } from "../../model/plan.ts";
import { planOf } from "../../plan/plan.ts";
import { EXIT, UsageError } from "../failures.ts";
import { IMAGE_ALLOWED, POD_LOGS, PROVIDER, SECRET, settingsOf } from "../operator-settings.ts";
import { printJson, printYaml } from "../print.ts";
import type { Root, SetCode } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { lookAt } from "./sight.ts";
import { planText } from "./text.ts";
import { timelineText } from "./timeline.ts";

const OUTPUTS = ["text", "json", "yaml", "timeline"] as const;

export function addPlan(root: Root, around: Surroundings, setCode: SetCode): void {
  root
    .command("plan")
    .argument("[name]", "the CeilometerUpgrade in the cluster; default: the only one of the namespace")
    .description("Show every write that an upgrade would make, without making one")
    .option("-f, --file <file>", "plan this CeilometerUpgrade instead; other objects in the file count as applied")
    .option("--manifests <folder>", "plan -f from the YAML files of this folder, with no cluster at all")
    .addOption(new Option("-o, --output <format>").choices(OUTPUTS).default("text" as const))
    .addOption(SECRET)
    .addOption(IMAGE_ALLOWED)
    .addOption(PROVIDER)
    .addOption(POD_LOGS)
    .addHelpText(
      "after",
      "\nExit codes: 0 where the plan leads to the target, 1 where something holds it, 2 where it cannot be made.",
    )
    .action(async (name, options, command) => {
      const { output, file, manifests } = options;
      const { kubeconfig, context, namespace } = command.optsWithGlobals();
      const settings = settingsOf(options);
      const place = { kubeconfig, context, namespace };
      const seen = await lookAt({ name, file, manifests, place, settings }, around, around.now()).catch(unplannable);
      const plan = planOf(seen);
      said(output, around, { seen, plan });
      setCode(plan.end === "Complete" || plan.end === "Nothing" ? EXIT.ok : EXIT.failure);
    });
}

/** 1 says that the plan is held, so that a cluster that does not answer has to say something else. */
function unplannable(error: unknown): never {
  if (error instanceof KubeApiError) throw new UsageError(error.message, { cause: error });
  throw error;
}

interface Planned {
  readonly seen: Observation;
  readonly plan: Plan;
}

function said(output: (typeof OUTPUTS)[number], { out }: Surroundings, { seen, plan }: Planned): void {
  const { metadata, spec } = seen.upgrade;
  const { namespace, name } = metadata;
  const whole = { namespace, name, strategy: spec.strategy, to: spec.target.release, ...plan };
  switch (output) {
    case "text":
      out.write(planText(seen.upgrade, plan));
      break;
    case "timeline":
      out.write(timelineText(plan));
      break;
    case "json":
      printJson(out, whole);
      break;
    case "yaml":
      printYaml(out, whole);
      break;
  }
}
