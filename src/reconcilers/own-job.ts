/** Jobs that the operator created: which are its own, and what keeps one from ending. */
import { isLive } from "../model/agent.ts";
import type { Job, Upgrade, World } from "../model/observation.ts";
import type { Note, Outcome } from "../model/outcome.ts";
import { troubleOfPods } from "../model/trouble.ts";

/** By the uid of its owner, never by its name alone. */
export function isOwnJob(job: Job, upgrade: Upgrade): boolean {
  return job.metadata.owner?.uid === upgrade.metadata.uid;
}

/** A Job whose pod cannot start would otherwise say nothing before its deadline. It goes on by itself when it can. */
export function waitForJob(world: World, job: Job, note: Note): Outcome {
  const pods = world.pods.filter((pod) => pod.metadata.owner?.uid === job.metadata.uid && isLive(pod));
  const [first, ...rest] = troubleOfPods(pods);
  return first === undefined ? { kind: "wait", note } : { kind: "held", violations: [first, ...rest] };
}
