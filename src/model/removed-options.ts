/** Which options of ceilometer.conf a release does not read, of those that an older one read. */

import { COLLECTOR_OPTIONS, NOTIFICATION_OPTIONS } from "./catalogue/removed-notification-options.ts";
import type { RemovedOption } from "./catalogue/removed-option.ts";
import { PIPELINE_OPTIONS, POLLING_OPTIONS } from "./catalogue/removed-polling-options.ts";
import { parseRelease, type Release } from "./release.ts";

export const REMOVED_OPTIONS: readonly RemovedOption[] = [
  ...NOTIFICATION_OPTIONS,
  ...COLLECTOR_OPTIONS,
  ...PIPELINE_OPTIONS,
  ...POLLING_OPTIONS,
];

function majorOf(name: string): number {
  const release = parseRelease(name);
  if (release === undefined) throw new Error(`no release is called ${name}`);
  return release.major;
}

export function isRemoved({ removed, back }: RemovedOption, release: Release): boolean {
  return release.major >= majorOf(removed) && (back === undefined || release.major < majorOf(back));
}

export const removedOptions = (release: Release): readonly RemovedOption[] =>
  REMOVED_OPTIONS.filter((option) => isRemoved(option, release));
