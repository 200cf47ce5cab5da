/** How it is verified that data is polled: as the resource says, where the agents can be asked that way. */
import type { Verification } from "../api/v1alpha1/schema.ts";
import { hasExporter } from "../model/release.ts";
import type { Scene } from "./scene.ts";

/** What is asked of agents of a release that has no exporter. An upgrade to such a release is refused before its first write. */
const lacksExporter = ({ world, record, target }: Scene): boolean =>
  record.back !== undefined &&
  world.upgrade.spec.components.polling?.verification.exporter !== undefined &&
  !hasExporter(target);

/**
 * Undefined where nothing can be asked. A way back to a release without an exporter looks into the logs where it may: it would wait
 * for the exporter with every host down, and without an end.
 */
export function verificationOf(scene: Scene): Verification | undefined {
  const { upgrade, operator } = scene.world;
  const { verification } = upgrade.spec.components.polling ?? {};
  if (verification === undefined || !lacksExporter(scene)) return verification;
  const { exporter: _, ...rest } = verification;
  return operator.podLogs ? { ...rest, podLog: {} } : undefined;
}

/** Nobody has tried before whether those logs say anything: when the time is up and they do not, a way back goes on. */
export const isTentative = lacksExporter;

/** That nobody has seen for certain that data is polled again, and why, in a sentence; undefined where it has to be seen. */
export function unverified(scene: Scene): string | undefined {
  if (!lacksExporter(scene)) return undefined;
  const why = `agents of ${scene.target.name} have no exporter`;
  return scene.world.operator.podLogs
    ? `${why}, so that their logs were asked whether data is polled again, for as long as a verification may take`
    : `that data is polled again cannot be verified: ${why}, and the operator may not read pod logs`;
}
