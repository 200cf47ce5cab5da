/**
 * Clauses F5 and P5. The API may be taken offline and upgraded at any point, and in either strategy there are never two versions
 * of it (I8): all old pods are gone before a new one is created. Queens has no API: there it retires.
 */
import type { PhaseReconciler } from "./scene.ts";
import { retireComponent, stopThenStart } from "./stop-then-start.ts";

export const api: PhaseReconciler = (scene) => {
  const { strategy, components } = scene.world.upgrade.spec;
  const clause = strategy === "Partial" ? "P5" : "F5";
  const retires = components.api?.retire === true && scene.record.back === undefined;
  return retires ? retireComponent(scene, "api", clause) : stopThenStart(scene, "api", clause);
};
