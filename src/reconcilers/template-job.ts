/** A Job of the users' own, run unchanged and once for each name: its way from not yet run to succeeded or failed. */
import type { ExtraGate } from "../api/v1alpha1/schema.ts";
import { findJobTemplate } from "../gates/job-template.ts";
import type { Job } from "../model/observation.ts";
import type { Note, Outcome } from "../model/outcome.ts";
import { besideTemplate, job, templatePod } from "./desired/job.ts";
import { isOwnJob, waitForJob } from "./own-job.ts";
import type { Scene } from "./scene.ts";

export interface TemplateJob {
  readonly name: string;
  readonly ref: NonNullable<ExtraGate["job"]>;
  /** Which field names the template. */
  readonly field: string;
  readonly component: string;
  readonly purpose: string;
  readonly deadlineSeconds: number;
  /** Told while it is created, and while it runs. */
  readonly creates: Note;
  readonly runs: Note;
}

export type Ran =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly job: Job }
  | { readonly kind: "goesOn"; readonly outcome: Outcome };

export function runTemplate({ world }: Scene, one: TemplateJob): Ran {
  const { upgrade } = world;
  const { name, component, purpose, deadlineSeconds } = one;
  const existing = world.jobs.find((each) => each.metadata.name === name && isOwnJob(each, upgrade));
  if (existing === undefined) {
    const template = findJobTemplate(world, one.ref, one.field);
    if ("gate" in template) return { kind: "goesOn", outcome: { kind: "held", violations: [template] } };
    const spec = templatePod(template, undefined);
    const beside = besideTemplate(template);
    const object = job({ upgrade, name, component, purpose, spec, deadlineSeconds, beside });
    const effect = { kind: "create", object, why: one.creates } as const;
    return { kind: "goesOn", outcome: { kind: "act", effect, note: one.creates } };
  }
  if (existing.state === "succeeded") return { kind: "succeeded" };
  if (existing.state === "running") return { kind: "goesOn", outcome: waitForJob(world, existing, one.runs) };
  return { kind: "failed", job: existing };
}
