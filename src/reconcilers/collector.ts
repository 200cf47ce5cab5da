/**
 * Clauses F2 and P2. Full: shut down every collector, then start the new ones, as many as are asked for. Partial: new collectors
 * beside old ones, because either disregards attributes that it does not know. Queens has no collector: there it retires.
 */
import { rollComponent } from "./rolling.ts";
import type { PhaseReconciler } from "./scene.ts";
import { retireComponent, stopThenStart } from "./stop-then-start.ts";

export const collector: PhaseReconciler = (scene) => {
  const { strategy, components } = scene.world.upgrade.spec;
  const isPartial = strategy === "Partial";
  const retires = components.collector?.retire === true && scene.record.back === undefined;
  if (retires) return retireComponent(scene, "collector", isPartial ? "P2" : "F2");
  return isPartial ? rollComponent(scene, "collector", "P2") : stopThenStart(scene, "collector", "F2");
};
