/**
 * The removal of the operator: resources that hold the finalizer are taken for being deleted, so that all that was borrowed comes
 * back, in the order that a deletion keeps to; then their finalizer goes, and they stay. Another operator goes on from there.
 */
import { ANNOTATION, FINALIZER, KIND } from "../../api/v1alpha1/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { failureOf } from "../../kube/errors.ts";
import type { Decision } from "../../model/decision.ts";
import { type Observation, readWorld } from "../../model/observation.ts";
import type { Effect } from "../../model/outcome.ts";
import { annotateRecord, endedMark } from "../../reconcilers/attempt-writes.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Controller } from "../../runtime/controller.ts";
import type { Log } from "../../runtime/logger.ts";
import type { KindCache } from "./caches.ts";
import { UPGRADE } from "./resources.ts";
import type { UpgradeView } from "./views/upgrade.ts";

/** Something may still be out that was borrowed for this resource. */
export const isHeld = ({ metadata }: UpgradeView): boolean => metadata.finalizers.includes(FINALIZER);

/** The finalizer goes, which is the only write on the resource itself while all is given back: nothing is written for it after this. */
export const isLast = (effect: Effect): boolean => effect.kind === "annotate" && effect.ref.kind === KIND;

/**
 * An attempt of which all was given back is not gone on with: workloads may be as none of its steps leaves them. It is marked as
 * overtaken before the finalizer goes, and another operator begins a new one, from what is there.
 */
export function endingAttempt(seen: Observation, decision: Decision): Decision {
  const world = readWorld(seen);
  if (decision.effect === undefined || !isLast(decision.effect) || "unreadable" in world) return decision;
  const open = world.records.find(({ ended }) => ended === undefined);
  if (open === undefined) return decision;
  const message = `${open.metadata.name} was given back; another operator begins a new attempt`;
  const ended = { [ANNOTATION.ended]: endedMark(world, "Superseded") };
  return { ...decision, effect: annotateRecord(open, ended, { reason: "GivingBack", message, clause: "I9" }) };
}

/** What a resource says from then on, as nobody is there to say anything else. */
export function farewell({ effect: _effect, ...decision }: Decision): Decision {
  const message = "the operator is removed; what it had borrowed was given back, and the upgrade waits for another one";
  return { ...decision, headline: { reason: "OperatorRemoved", message } };
}

/** False where the API server does not know the kind, as when its definition was removed first: then there is no resource, either. */
async function isServed(
  client: Pick<KubeClient, "listPage">,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.listPage(UPGRADE, { namespace, limit: 1, signal });
    return true;
  } catch (error) {
    return failureOf(error)?.kind !== "notFound";
  }
}

export interface Leave {
  /** Runs the controller until no resource is held, or until `life` aborts. */
  run(controller: Controller, life: AbortSignal): Promise<void>;
  isDone(): boolean;
}

const LOOK_EVERY_MS = 250;

export interface LeaveOptions {
  readonly upgrades: Pick<KindCache<UpgradeView>, "all" | "managed">;
  /** Keys of resources whose records are still held, though they themselves are not. */
  readonly orphans: () => readonly string[];
  readonly client: Pick<KubeClient, "listPage">;
  /** Those that are watched. Empty: all. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export function leaveOf({ upgrades, orphans, client, namespaces, clock, log }: LeaveOptions): Leave {
  let done = false;
  /** Where resources cannot be listed nobody knows what is held. */
  const isKnown = async (life: AbortSignal): Promise<boolean> =>
    upgrades.managed.every(({ store }) => store.state.kind === "synced") ||
    !(await isServed(client, namespaces[0], life));
  return {
    isDone: () => done,
    async run(controller, life) {
      const over = new AbortController();
      const running = controller.run(AbortSignal.any([life, over.signal]));
      let told = "";
      while (!life.aborted) {
        const borrowing = upgrades.all().filter(isHeld);
        const held = new Set([
          ...borrowing.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
          ...orphans(),
        ]);
        if (held.size === 0 && (await isKnown(life))) {
          done = true;
          log.info({}, "nothing is borrowed any more; the operator can go");
          break;
        }
        const names = [...held].join(", ");
        if (names !== told) log.info({ upgrades: names }, "giving back what was borrowed");
        told = names;
        await clock.sleep(LOOK_EVERY_MS, life);
      }
      over.abort();
      await running;
    },
  };
}
