/**
 * The resource is being deleted, or a workload was dropped from it: what was borrowed is given back by value (I9), without
 * breaking the order that holds meanwhile (I2, I3). A workload that is down comes back as it was, unless another one of its
 * component runs the target already: then it comes back as the target, because old and new must not run together.
 */
import { FINALIZER } from "../api/v1alpha1/names.ts";
import { type Agent, agentText, atTarget, makeAgent } from "../model/agent.ts";
import type { AttemptRecord, RecordedTarget } from "../model/attempt.ts";
import type { Decision } from "../model/decision.ts";
import { marksOf } from "../model/marks.ts";
import type { Workload, World } from "../model/observation.ts";
import type { Effect, Note } from "../model/outcome.ts";
import { parseRelease } from "../model/release.ts";
import { giveBack, release, start } from "./desired/workload-writes.ts";
import { dropFinalizer } from "./finish.ts";
import { isOwnJob } from "./own-job.ts";
import { allAgents, type Scene } from "./scene.ts";
import { mountsFor } from "./targets.ts";
import { waiting } from "./tell.ts";

const WHY: Note = { reason: "GivingBack", message: "give back what was borrowed, by value", clause: "I9" };

export function giveEverythingBack(world: World): Decision {
  const none: Note = { reason: "Deleting", message: "nothing is borrowed any more; the resource can go" };
  if (!world.upgrade.metadata.finalizers.includes(FINALIZER)) return waiting("Deleting", none, { steps: [] });

  const running = world.jobs.find((job) => isOwnJob(job, world.upgrade) && job.state === "running");
  if (running !== undefined) {
    const object = `Job/${running.metadata.name}`;
    const message = `${object} still runs: a migration is not torn off in the middle`;
    return waiting("Deleting", { reason: "WaitingForJob", message, object }, { steps: [] });
  }
  const effect = nextReturn(world) ?? dropFinalizer(world);
  return { ...waiting("Deleting", effect.why, { steps: [] }), effect };
}

/** The newest attempt knows what was true before. */
function lastRecord(world: World): AttemptRecord | undefined {
  return world.records.toSorted((a, b) => b.metadata.createdAt - a.metadata.createdAt)[0];
}

function nextReturn(world: World): Effect | undefined {
  const record = lastRecord(world);
  const claimed = world.workloads.filter((workload) => isOurs(workload, world));
  const agents = claimed.flatMap((workload) => {
    const agent = asRecorded(world, workload, record);
    return agent === undefined ? [] : [agent];
  });
  for (const agent of agents) {
    if (agent.marks.borrowed === undefined) continue;
    const moment = { plan: record?.plan ?? "", retry: 0, now: world.now };
    const arrived = agents.some((each) => each.component === agent.component && atTarget(each));
    if (!arrived || atTarget(agent)) return giveBack(agent, WHY);
    const message = `${agentText(agent)} comes back as the target, because others of its component run it already`;
    return start(agent, moment, { ...WHY, message });
  }
  const [next] = claimed;
  return next === undefined ? undefined : release(next, { keepOwnership: false }, { ...WHY, message: "let it go" });
}

const isOurs = (workload: Workload, world: World): boolean =>
  marksOf(workload.metadata).claim?.upgrade === world.upgrade.metadata.uid;

/** The workload as the attempt saw it: the resource itself may have been edited before it was deleted. */
function asRecorded(world: World, workload: Workload, record: AttemptRecord | undefined): Agent | undefined {
  const recorded = record?.targets.find((each) => each.uid === workload.metadata.uid);
  const containers = workload.template.spec.containers;
  const index = Math.max(
    0,
    containers.findIndex((each) => each.name === recorded?.container),
  );
  const container = containers[index];
  if (container === undefined) return undefined;
  const release = parseRelease(record?.to ?? "");
  const component: RecordedTarget["component"] = recorded?.component ?? "notification";
  const mounts = release === undefined ? [] : mountsFor(component, record?.files ?? {}, release);
  const wanted = { image: recorded?.targetImage ?? "", mounts, replicas: undefined };
  return makeAgent({ component, workload, container, containerIndex: index, wanted, recorded }, world.pods);
}

/** Workloads that an earlier attempt of this resource claimed and that it no longer names. */
export function returnStrays(scene: Scene): Effect | undefined {
  const { world } = scene;
  const named = new Set(allAgents(scene.agents).map((agent) => agent.workload.metadata.uid));
  const stray = world.workloads.find((workload) => isOurs(workload, world) && !named.has(workload.metadata.uid));
  if (stray === undefined) return undefined;
  const earlier = world.records.find((record) => record.targets.some((each) => each.uid === stray.metadata.uid));
  const agent = asRecorded(world, stray, earlier);
  if (agent?.marks.borrowed !== undefined) return giveBack(agent, WHY);
  return release(stray, { keepOwnership: false }, { ...WHY, message: "the resource no longer names it" });
}
