/**
 * A Job or CronJob may be used as a template only if the people of its namespace say so on the object itself: whoever can
 * write the resource must not be able to start any pod that lies about.
 */
import { ANNOTATION } from "../api/v1alpha1/names.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { PodTemplate } from "../model/pod-template.ts";

interface JobRef {
  readonly kind: "Job" | "CronJob";
  readonly name: string;
}

export function findJobTemplate(world: World, ref: JobRef, field: string): PodTemplate | Violation {
  const object = `${ref.kind}/${ref.name}`;
  const pool = ref.kind === "Job" ? world.jobs : world.cronJobs;
  const found = pool.find((each) => each.metadata.name === ref.name);
  const base = { gate: "JobTemplate", object, severity: "Error" } as const;
  if (found === undefined) {
    return {
      ...base,
      reason: "TemplateNotFound",
      message: `${object}, named in ${field}, does not exist`,
      remedy: `create it, or correct ${field}`,
    };
  }
  if (found.metadata.annotations[ANNOTATION.allowJobFrom] !== "true") {
    return {
      ...base,
      reason: "TemplateNotAllowed",
      message: `${object}, named in ${field}, does not allow itself to be used as a template`,
      remedy: `kubectl annotate ${ref.kind.toLowerCase()} ${ref.name} ${ANNOTATION.allowJobFrom}=true`,
    };
  }
  return found.template;
}
