/**
 * Clause F2. Shut down every collector, then start the new ones, as many as are asked for. New collectors disregard
 * attributes they do not know any more, and go on with older data. Queens has no collector: there it retires.
 */
import type { PhaseReconciler } from "./scene.ts";
import { retireComponent, stopThenStart } from "./stop-then-start.ts";

export const collector: PhaseReconciler = (scene) =>
  scene.world.upgrade.spec.components.collector?.retire === true
    ? retireComponent(scene, "collector", "F2")
    : stopThenStart(scene, "collector", "F2");
