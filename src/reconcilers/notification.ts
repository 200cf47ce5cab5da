/** Clause F3. The notification agent is taken offline and upgraded under the same conditions as the collector. */
import type { PhaseReconciler } from "./scene.ts";
import { stopThenStart } from "./stop-then-start.ts";

export const notification: PhaseReconciler = (scene) => stopThenStart(scene, "notification", "F3");
