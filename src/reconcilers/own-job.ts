/** Whether a Job is one of ours: by the uid of its owner, never by its name alone. */
import type { Job, Upgrade } from "../model/observation.ts";

export function isOwnJob(job: Job, upgrade: Upgrade): boolean {
  return job.metadata.owner?.uid === upgrade.metadata.uid;
}
