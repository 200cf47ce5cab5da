/** Migrations of a resource: how their Jobs are called, and what they say of the database. */
import { LABEL } from "../api/v1alpha1/names.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import type { Job, Upgrade, World } from "../model/observation.ts";
import { isOwnJob } from "./own-job.ts";

export const isMigration = ({ metadata }: Job): boolean => metadata.labels[LABEL.purpose] === "migration";

/** One name for one migration: another plan for the same release and image never migrates again; a retry does. */
export function migrationJobName(upgrade: Upgrade): string {
  const { target, retryAttempt } = upgrade.spec;
  const suffix = shortDigest([upgrade.metadata.uid, target.release, target.image, retryAttempt]);
  return nameFor(`${upgrade.metadata.name}-db`, suffix);
}

/** How many numbers of retries in spec are looked back at: somebody may have set it to two billion. */
const MOST_RETRIES = 32;

/** The names that an attempt may have begun with for this release and image, at the number of retries in spec of that time. */
export function migrationJobNames(upgrade: Upgrade, records: World["records"]): readonly string[] {
  const { retryAttempt } = upgrade.spec;
  // One more: a retry by annotation that came before its attempt is counted with the wish until the attempt has it.
  const asked = 1 + Math.min(MOST_RETRIES, Math.max(0, ...records.map(({ verbs }) => verbs.retries ?? 0)));
  const numbers = Array.from(
    { length: Math.min(retryAttempt, MOST_RETRIES) + 1 + asked },
    (_, before) => retryAttempt + asked - before,
  );
  return numbers.map((number) => migrationJobName({ ...upgrade, spec: { ...upgrade.spec, retryAttempt: number } }));
}

/**
 * A migration of this attempt has succeeded, at whichever try: its record has the name of the first alone, and a name tells the number
 * of the try, the release and the image.
 */
export function hasMigrated({ jobs, upgrade, records }: World, { to: release, databaseJob }: AttemptRecord): boolean {
  const nameTells = ({ metadata, template }: Job): boolean =>
    template.spec.containers.some(({ image }) => {
      const spec = { ...upgrade.spec, target: { ...upgrade.spec.target, release, image } };
      return migrationJobNames({ ...upgrade, spec }, records).includes(metadata.name);
    });
  return jobs.some(
    (job) =>
      job.state === "succeeded" &&
      (job.metadata.name === databaseJob || (isOwnJob(job, upgrade) && isMigration(job) && nameTells(job))),
  );
}
