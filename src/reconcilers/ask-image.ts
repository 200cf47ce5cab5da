/**
 * `newPollsters.source: Image` (clause P4): before the attempt begins, a Job of the target's image lists the pollsters that it
 * has. The pod is a copy of a polling agent's, and the command is the operator's own.
 */
import { type Agent, agentText } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import { askCommand, type ImagePollsters, readAnswer } from "../model/image-pollsters.ts";
import type { Job, World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import { cataloguedPollsters } from "../model/pollsters.ts";
import type { Release } from "../model/release.ts";
import { besideAgent, commandPod, job } from "./desired/job.ts";
import { isOwnJob, suspension } from "./own-job.ts";

export type ImageAsked =
  | { readonly kind: "notAsked" }
  | { readonly kind: "answered"; readonly pollsters: ImagePollsters }
  | { readonly kind: "ask"; readonly effect: Effect }
  | { readonly kind: "wait"; readonly note: Note }
  | { readonly kind: "failed"; readonly violation: Violation };

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
      ["central", "compute", "ipmi"].map((each) => [each, cataloguedPollsters(target, each) ?? []] as const),
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
  if (existing.state === "running") {
    const suspended = suspension(existing);
    if (suspended !== undefined) return { kind: "failed", violation: suspended };
    return { kind: "wait", note: { ...why, message: `${object} asks ${image} which pollsters it has` } };
  }
  return readJob(world, existing, object);
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
