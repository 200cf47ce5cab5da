/**
 * `newPollsters.source: Image` (clause P4): before the attempt begins, a Job of each image, the target's and those that polling agents
 * run, lists the pollsters that it has: what is new is what the one has and the others have not. The pod is a copy of a polling agent's,
 * and the command is the operator's own.
 */
import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText, isLive } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import { askCommand, type ImagePollsters, type ImagesAsked, readAnswer } from "../model/image-pollsters.ts";
import type { Job, World } from "../model/observation.ts";
import type { Effect, Note, Violation } from "../model/outcome.ts";
import { cataloguedEntryPoints } from "../model/pollsters.ts";
import type { Release } from "../model/release.ts";
import type { Millis } from "../model/time.ts";
import { besideAgent, commandPod, job } from "./desired/job.ts";
import { isOwnJob, waitForJob } from "./own-job.ts";

type Pending =
  | { readonly kind: "ask"; readonly effect: Effect }
  | { readonly kind: "wait"; readonly note: Note; readonly until: Until }
  | { readonly kind: "failed"; readonly violation: Violation };
type ImageAsked = { readonly kind: "answered"; readonly pollsters: ImagePollsters } | Pending;

/** Of all images together: the first that failed, else the next Job to make, else what is waited for. */
export type Asked =
  | { readonly kind: "notAsked" }
  | { readonly kind: "answered"; readonly images: ImagesAsked }
  | Pending;

/** Asked is with the catalogue's names of the release that the image is of. */
interface Question {
  readonly image: string;
  readonly release: Release;
  readonly agent: Agent;
}

/** When to look again, where nothing else would tell. */
interface Until {
  readonly recheckAt?: Millis;
}

const DEADLINE_SECONDS = 600;

export function askImages(world: World, agents: readonly Agent[], target: Release): Asked {
  const { strategy, components } = world.upgrade.spec;
  const isAsked = strategy === "Partial" && components.polling?.newPollsters?.source === "Image";
  if (!isAsked || agents.length === 0) return { kind: "notAsked" };
  const asked = questionsOf(world, agents, target).map((question) => [question.image, ask(world, question)] as const);
  const pending = asked.flatMap(([, said]) => (said.kind === "answered" ? [] : [said]));
  for (const kind of ["failed", "ask", "wait"] as const) {
    const next = pending.find((each) => each.kind === kind);
    if (next !== undefined) return next;
  }
  const images = asked.flatMap(([image, said]) => (said.kind === "answered" ? [[image, said.pollsters] as const] : []));
  return { kind: "answered", images: new Map(images) };
}

/** Each image once, the target's first. One of a release that nobody knows is another gate's. */
function questionsOf(world: World, agents: readonly Agent[], target: Release): readonly Question[] {
  const coming = agents.map((agent): Question => ({ image: agent.wanted.image, release: target, agent }));
  const running = agents.flatMap((agent): Question[] => {
    const release = releaseOf(agent, world);
    return release === undefined ? [] : [{ image: agent.container.image, release, agent }];
  });
  return [...Map.groupBy([...coming, ...running], ({ image }) => image).values()].flatMap(([first]) => first ?? []);
}

function ask(world: World, { image, release, agent }: Question): ImageAsked {
  const { upgrade } = world;
  const suffix = shortDigest([upgrade.metadata.uid, image, upgrade.spec.retryAttempt]);
  const name = nameFor(`${upgrade.metadata.name}-pollsters`, suffix);
  const object = `Job/${name}`;
  const why = { reason: "AskingImage", clause: "P4", object };
  const existing = world.jobs.find((each) => each.metadata.name === name && isOwnJob(each, upgrade));
  if (existing === undefined) {
    const known = new Map(
      ["central", "compute", "ipmi"].map((each) => [each, cataloguedEntryPoints(release, each)] as const),
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
