/** Jobs that the operator created: which are its own, and what keeps one from ending. */
import { isLive } from "../model/agent.ts";
import type { Job, Pod, Upgrade, World } from "../model/observation.ts";
import type { Note, Outcome, Violation } from "../model/outcome.ts";
import { troubleOfPods } from "../model/trouble.ts";
import { nextDoubt, unreachable } from "./progress.ts";

/** By the uid of its owner, never by its name alone. */
export function isOwnJob(job: Job, upgrade: Upgrade): boolean {
  return job.metadata.owner?.uid === upgrade.metadata.uid;
}

/** A suspended Job has no pods and no deadline: it would be told as one that runs, for ever. */
function suspension({ suspended, metadata: { namespace, name } }: Job): Violation | undefined {
  if (suspended !== true) return undefined;
  return {
    gate: "Rollout",
    object: `Job/${name}`,
    reason: "JobSuspended",
    message: "somebody has suspended it (spec.suspend), so that it makes no pods",
    remedy: `see who did (a queue for Jobs?), and let it go on: kubectl patch job -n ${namespace} ${name} --type=merge -p '{"spec":{"suspend":false}}'`,
    severity: "Error",
  };
}

/** A Job whose pod cannot start would otherwise say nothing before its deadline. It goes on by itself when it can. */
export function waitForJob(world: World, job: Job, note: Note): Outcome {
  const suspended = suspension(job);
  if (suspended !== undefined) return { kind: "held", violations: [suspended] };
  const pods = world.pods.filter((pod) => pod.metadata.owner?.uid === job.metadata.uid && isLive(pod));
  return waitForPods(world, pods, note);
}

/** A Job has not failed, whatever its deadline, while one of its pods terminates, which on a host that does not answer never ends. */
export function waitForPods({ now }: World, pods: readonly Pod[], note: Note): Outcome {
  const [first, ...rest] = [...troubleOfPods(pods), ...unreachable(pods, now)];
  const recheckAt = nextDoubt(pods, now);
  const again = recheckAt === undefined ? {} : { recheckAt };
  return first === undefined
    ? { kind: "wait", note, ...again }
    : { kind: "held", violations: [first, ...rest], ...again };
}

/** Of a host that does not answer nobody knows whether a pod still migrates: to delete what it is of would change nothing. */
export function orDelete(outcome: Outcome, { message: waits, object }: Note): Outcome {
  if (outcome.kind !== "held") return outcome;
  const [first, ...rest] = outcome.violations;
  const message = `${waits}; ${first.message}`;
  const remedy = first.reason === "HostUnreachable" ? first.remedy : `${first.remedy}, or delete ${object}`;
  return { ...outcome, violations: [{ ...first, message, remedy }, ...rest] };
}
