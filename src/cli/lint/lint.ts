/** Everything that can be said of files without a cluster. */
import type { OperatorSettings } from "../../model/observation.ts";
import { planOf } from "../../plan/plan.ts";
import { UnfitError } from "../objects/still-cluster.ts";
import { taken } from "../objects/taken.ts";
import { planned } from "../plan/sight.ts";
import { checkConfiguration } from "./configuration.ts";
import { type Located, type LocatedFiles, optional } from "./located.ts";
import type { Problem } from "./problem.ts";
import { strayReferences } from "./references.ts";
import { fieldText, isUpgrade, judgeResource } from "./resource.ts";
import type { Broken } from "./schema-rules.ts";

export interface Linted {
  readonly problems: readonly Problem[];
  /** What was looked at, and what could not be, in words. */
  readonly checked: readonly string[];
}

export interface LintWish {
  readonly namespace: string | undefined;
  readonly settings: OperatorSettings;
}

const WORKLOADS: readonly string[] = ["Deployment", "DaemonSet", "StatefulSet"];

export function lint({ objects, problems }: LocatedFiles, wish: LintWish, now: number): Linted {
  const upgrades = objects.filter(({ object }) => isUpgrade(object));
  const all = upgrades.map((each) => lintUpgrade(each, objects, wish, now));
  return {
    problems: [...problems, ...all.flatMap((each) => each.problems)],
    checked: all.flatMap((each) => each.checked),
  };
}

function lintUpgrade(resource: Located, all: readonly Located[], wish: LintWish, now: number): Linted {
  const name = `CeilometerUpgrade/${resource.object.metadata.name}`;
  const { broken, spec } = judgeResource(resource.object);
  const own = broken.map((each) => problemOf(resource, name, "Error", each));
  if (spec === undefined)
    return { problems: own, checked: [`${name}: the definition; nothing else, as it does not fit`] };
  const stray = strayReferences(spec).map((each) => problemOf(resource, name, "Warning", each));
  const inside = namespaceOf(resource, wish);
  const near = all.filter(({ object }) => (object.metadata.namespace ?? inside) === inside);
  const around = broken.length > 0 ? UNJUDGED : preflight(resource, near, wish, now);
  const configuration = checkConfiguration(spec, resource, near, now);
  const unseen = configuration.unseen.length === 0 ? "" : `; not among the files: ${configuration.unseen.join(", ")}`;
  const checked = [
    `${name}: the definition with its rules, ${configuration.checked} configuration files${unseen}`,
    `${name}: ${around.checked}`,
  ];
  // A plan looks at these files, too.
  const found = around.isWhole ? around.problems : [...around.problems, ...configuration.problems];
  return { problems: [...own, ...stray, ...found], checked };
}

/** What a plan over the workloads among the files has found. */
interface Around {
  readonly problems: readonly Problem[];
  readonly isWhole: boolean;
  readonly checked: string;
}
const UNJUDGED: Around = { problems: [], isWhole: false, checked: "no workloads, before the resource itself fits" };
const NO_WORKLOADS: Around = {
  problems: [],
  isWhole: false,
  checked: "its workloads are not among the files, so nothing is said of them",
};

const namespaceOf = ({ object }: Located, { namespace }: LintWish): string =>
  object.metadata.namespace ?? namespace ?? "default";

function problemOf(
  { file, lineOf }: Located,
  object: string,
  severity: Problem["severity"],
  { path, message, remedy }: Broken,
): Problem {
  return {
    file,
    ...optional(lineOf(path)),
    object,
    field: fieldText(path),
    severity,
    message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** With the workloads in the files, the plan of them finds what an upgrade would. */
function preflight(resource: Located, all: readonly Located[], wish: LintWish, now: number): Around {
  if (!all.some((each) => WORKLOADS.includes(each.object.kind ?? ""))) return NO_WORKLOADS;
  const { file, object } = resource;
  const objects = all.map((each) => each.object);
  const place = (name: string): Pick<Problem, "file" | "line" | "object"> => {
    const found = all.find((each) => `${each.object.kind ?? ""}/${each.object.metadata.name}` === name);
    if (found === undefined) return { file, object: name };
    return { file: found.file, ...optional(found.lineOf(["metadata", "name"])), object: name };
  };
  try {
    const { findings } = planOf(
      planned(taken(objects, namespaceOf(resource, wish), object.metadata.name), wish.settings, now),
    );
    const problems = findings.map(({ object: found, reason, severity, message, remedy }) => ({
      ...place(found),
      severity,
      message: `${reason}: ${message}`,
      remedy,
    }));
    return {
      problems,
      isWhole: true,
      checked: "every check before the first write, over the workloads among the files",
    };
  } catch (error) {
    if (!(error instanceof UnfitError)) throw error;
    const message = `no API server would take it: ${error.why}`;
    const problems = [{ ...place(error.object), severity: "Error" as const, message }];
    return { problems, isWhole: false, checked: `no check before the first write, before ${error.object} fits` };
  }
}
