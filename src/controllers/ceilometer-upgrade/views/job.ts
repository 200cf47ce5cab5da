/** Jobs and CronJobs: how they ended, and their template as text. */
import { z } from "zod";
import type { KubeObject } from "../../../kube/object.ts";
import type { Meta } from "../../../model/meta.ts";
import type { Job } from "../../../model/observation.ts";
import { parseTime } from "../../../model/time.ts";
import { conditions, count, metaOf, SHOWN } from "./meta.ts";

/** A Job or CronJob with its template as text. */
export interface JobView extends Omit<Job, "template"> {
  readonly template: string;
}
export interface CronJobView {
  readonly metadata: Meta;
  readonly template: string;
}

const job = z.looseObject({
  spec: z.looseObject({ template: z.unknown().optional(), suspend: z.boolean().optional() }),
  status: z
    .looseObject({
      active: count,
      completionTime: z.string().optional(),
      conditions,
    })
    .default({ active: 0, conditions: [] }),
});

export function jobView(object: KubeObject): JobView {
  const { spec, status } = job.parse(object);
  const has = (type: string) => status.conditions.find((each) => each.type === type && each.status === "True");
  const failed = has("Failed");
  const complete = has("Complete");
  const finishedAt = parseTime(status.completionTime ?? failed?.lastTransitionTime ?? undefined);
  return {
    metadata: metaOf(object, false),
    template: JSON.stringify(spec.template),
    active: status.active,
    state: failed !== undefined ? "failed" : complete !== undefined ? "succeeded" : "running",
    ...(spec.suspend === true ? { suspended: true } : {}),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(failed === undefined ? {} : { failure: { reason: failed.reason, message: failed.message.slice(0, SHOWN) } }),
  };
}

const cronJob = z.looseObject({
  spec: z.looseObject({ jobTemplate: z.looseObject({ spec: z.looseObject({ template: z.unknown().optional() }) }) }),
});
export function cronJobView(object: KubeObject): CronJobView {
  const { spec } = cronJob.parse(object);
  return { metadata: metaOf(object, false), template: JSON.stringify(spec.jobTemplate.spec.template) };
}
