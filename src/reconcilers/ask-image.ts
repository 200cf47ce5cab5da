/**
 * `newPollsters.source: Image` (clause P4): before the attempt begins, a Job of the target's image lists the pollsters that it
 * has. The pod is a copy of a polling agent's, and the command is the operator's own.
 */
import { type Agent, agentText, isLive } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import { askCommand, type ImagePollsters, readAnswer } from "../model/image-pollsters.ts";
import type { Job, World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import { cataloguedEntryPoints } from "../model/pollsters.ts";
import type { Release } from "../model/release.ts";
import type { Millis } from "../model/time.ts";
import { besideAgent, commandPod, job } from "./desired/job.ts";
import { isOwnJob, waitForJob } from "./own-job.ts";

export type ImageAsked =
  | { readonly kind: "notAsked" }
  | { readonly kind: "answered"; readonly pollsters: ImagePollsters }
  | { readonly kind: "ask"; readonly effect: Effect }
  | { readonly kind: "wait"; readonly note: Note; readonly until: Until }
  | { readonly kind: "failed"; readonly violation: Violation };

/** When to look again, where nothing else would tell. */
interface Until {
  readonly recheckAt?: Millis;
}

const DEADLINE_SECONDS = 600;

export function askImage(world: World, agents: readonly Agent[], target: Release): ImageAsked {
  const { upgrade } = world;
  const { newPollsters } = upgrade.spec.components.polling ?? {};
  const [agent] = agents;
  if (upgrade.spec.strategy !== "Partial" || newPollsters?.source !== "Image" || agent === undefined) {
    return { kind: "notAsked" };
  }
  const { image } = agent.wanted;
  const suffix = shortDigest([upgrade.metadata.uid, image, upgrade.spec.retryAttempt]);
  const name = nameFor(`${upgrade.metadata.name}-pollsters`, suffix);
  const object = `Job/${name}`;
  const why = { reason: "AskingImage", clause: "P4", object };
  const existing = world.jobs.find((each) => each.metadata.name === name && isOwnJob(each, upgrade));
  if (existing === undefined) {
    const known = new Map(
      ["central", "compute", "ipmi"].map((each) => [each, cataloguedEntryPoints(target, each)] as const),
    );
    const body = job({
      upgrade,
      name,
      component: "polling",
      purpose: "pollsters",
      spec: commandPod(agent.workload.template, agent.container, image, askCommand(known)),
      beside: besideAgent(agent.workload.template),
      deadlineSeconds: DEADLINE_SECONDS,
    });
    const message = `ask ${image} which pollsters it has, in a copy of a pod of ${agentText(agent)}`;
    return { kind: "ask", effect: { kind: "create", object: body, why: { ...why, message } } };
  }
  const note = { ...why, message: `${object} asks ${image} which pollsters it has` };
  if (existing.state === "running") return waitFor(world, existing, note);
  return unseenAnswer(world, existing, note) ?? readJob(world, existing, object);
}

function waitFor(world: World, existing: Job, note: Note): ImageAsked {
  const outcome = waitForJob(world, existing, note);
  if (outcome.kind === "held") return { kind: "failed", violation: outcome.violations[0] };
  const recheckAt = outcome.kind === "wait" ? outcome.recheckAt : undefined;
  return { kind: "wait", note, until: recheckAt === undefined ? {} : { recheckAt } };
}

/** How long the watch of pods may be behind that of Jobs, where none is seen of one that has ended. */
const LATE: Millis = 60_000;

/** The answer is with the pod, which comes by another watch than its Job: as long as its end was not seen, nothing is known of it. */
function unseenAnswer({ now, pods }: World, { state, metadata, finishedAt }: Job, note: Note): ImageAsked | undefined {
  if (state !== "succeeded") return undefined;
  const pod = pods.find((each) => each.metadata.owner?.uid === metadata.uid);
  if (pod !== undefined) return isLive(pod) ? { kind: "wait", note, until: {} } : undefined;
  const lateUntil = (finishedAt ?? 0) + LATE;
  return now < lateUntil ? { kind: "wait", note, until: { recheckAt: lateUntil } } : undefined;
}

function readJob(world: World, existing: Job, object: string): ImageAsked {
  const { namespace, name, uid } = existing.metadata;
  const pod = world.pods.find((each) => each.metadata.owner?.uid === uid);
  const message = pod?.states.find((each) => each.terminated !== undefined)?.terminated?.message ?? "";
  const pollsters = existing.state === "succeeded" ? readAnswer(message) : undefined;
  if (pollsters !== undefined) return { kind: "answered", pollsters };
  const how =
    existing.state === "succeeded" ? "its answer cannot be read" : `it failed: ${existing.failure?.reason ?? ""}`;
  return {
    kind: "failed",
    violation: {
      gate: "PartitionGroup",
      object,
      reason: "PollstersUnknown",
      message: `the image did not say which pollsters it has; ${how}`,
      remedy: `read its log with: kubectl logs -n ${namespace} job/${name}; then raise spec.retryAttempt, or use newPollsters.source: Catalogue`,
      severity: "Error",
    },
  };
}
