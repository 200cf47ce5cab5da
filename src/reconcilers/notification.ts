/**
 * Clauses F3 and P3. Full: the notification agents are taken offline and upgraded under the same conditions as the collector.
 * Partial: new agents run beside old ones, but only on the same pipelines where they share their work through internal queues.
 */
import { loadingTrouble } from "./loading.ts";
import { reloadFirst } from "./pipeline-reload.ts";
import { rollComponent } from "./rolling.ts";
import type { PhaseReconciler, Scene } from "./scene.ts";
import { stopThenStart } from "./stop-then-start.ts";

/** On a way back nobody has loaded the new agents with the old pipelines: where they differ, old and new do not meet. */
function mayMeet({ record: { back, parity } }: Scene): boolean {
  return back === undefined || parity === undefined || parity.state === "NotPartitioned" || parity.state === "Same";
}

export const notification: PhaseReconciler = (scene) => {
  const isPartial = scene.world.upgrade.spec.strategy === "Partial";
  const first = reloadFirst(scene);
  if (first !== undefined) return first;
  const outcome =
    isPartial && mayMeet(scene)
      ? rollComponent(scene, "notification", "P3")
      : stopThenStart(scene, "notification", "F3");
  return outcome.kind === "settled"
    ? (loadingTrouble(scene, scene.agents.notification, isPartial ? "P3" : "F3") ?? outcome)
    : outcome;
};
