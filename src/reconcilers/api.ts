/**
 * Clauses F5 and P5. The API may be taken offline and upgraded at any point, and there are never two versions of it (I8):
 * all old pods are gone before a new one is created. Queens has no API: there it retires.
 */
import type { PhaseReconciler } from "./scene.ts";
import { retireComponent, stopThenStart } from "./stop-then-start.ts";

export const api: PhaseReconciler = (scene) =>
  scene.world.upgrade.spec.components.api?.retire === true
    ? retireComponent(scene, "api", "F5")
    : stopThenStart(scene, "api", "F5");
