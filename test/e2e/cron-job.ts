/** A CronJob of a user's that the operator may make Jobs of, and that never runs by itself. */
import { ANNOTATION } from "../../src/api/v1alpha1/names.ts";

export interface TemplateContainer {
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
}

export const lentCronJob = (name: string, container: TemplateContainer) => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name, annotations: { [ANNOTATION.allowJobFrom]: "true" } },
  spec: {
    schedule: "0 0 1 1 *",
    suspend: true,
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name, ...container }] } } },
    },
  },
});
