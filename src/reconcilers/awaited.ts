/** What the giving back of everything waits for, and what somebody has to do where it does not come by itself. */
import { LABEL } from "../api/v1alpha1/names.ts";
import type { Agent } from "../model/agent.ts";
import type { Job, World } from "../model/observation.ts";
import type { Note, Violation } from "../model/outcome.ts";
import { isOwnJob, waitForJob } from "./own-job.ts";
import { unreachable } from "./progress.ts";

/** What is waited for, and what somebody has to do for it, if it does not come by itself. */
export interface Awaited extends Note {
  readonly remedy?: string;
}

export const awaited = ({ reason, object, message, remedy }: Violation): Awaited => ({
  reason,
  object,
  message: `${object}: ${message}`,
  clause: "I9",
  remedy,
});

/** Where its pods do not go because a host does not answer, that is said. */
export function untilGone({ now }: World, { pods }: Agent, note: Note): Awaited {
  const [first] = unreachable(pods, now);
  if (first === undefined) return note;
  return { ...note, message: `${note.message}; ${first.object}: ${first.message}`, remedy: first.remedy };
}

/** Others ask or verify for what is given up now, and go with the resource. */
const isKept = ({ metadata }: Job): boolean => ["backup", "migration"].includes(metadata.labels[LABEL.purpose] ?? "");

/** Why one that runs is waited for, if one does. */
export function keptJob(world: World): Note | undefined {
  const running = world.jobs.find((job) => isOwnJob(job, world.upgrade) && isKept(job) && job.state === "running");
  return running && waitingFor(world, running);
}

function waitingFor(world: World, job: Job): Note {
  const object = `Job/${job.metadata.name}`;
  const what = job.metadata.labels[LABEL.purpose] ?? "";
  const note = {
    reason: "WaitingForJob",
    message: `${object} still runs: a ${what} is not torn off in the middle`,
    object,
  };
  const outcome = waitForJob(world, job, note);
  if (outcome.kind !== "held") return note;
  const [{ object: culprit, message, remedy }] = outcome.violations;
  return { ...note, message: `${note.message}; ${culprit}: ${message}; ${remedy}, or delete ${object}` };
}
