/**
 * What the configuration of an agent means in its release: which options and sources of options it has. Source: the option
 * lists and the code of Ceilometer's releases, named at each rule.
 */
import { parseRelease, type Release } from "./release.ts";

const major = (name: string): number => {
  const release = parseRelease(name);
  if (release === undefined) throw new Error(`no release is called ${name}`);
  return release.major;
};
const OCATA = major("ocata");
const PIKE = major("pike");
const QUEENS = major("queens");
const ROCKY = major("rocky");
const STEIN = major("stein");
const USSURI = major("ussuri");

/** Stein removed workload_partitioning and its internal queues (release note remove-notification-workload-partitioning). */
export const partitionsNotification = (release: Release): boolean => release.major <= ROCKY;

/** Stein removed the transformers; a file that still has some is loaded without them. */
export const usesTransformers = (release: Release): boolean => release.major <= ROCKY;

/** oslo.config reads OS_GROUP__OPTION from 6.7.0 on, which came with Stein. */
export const readsOptionsFromEnvironment = (release: Release): boolean => release.major >= STEIN;

/** Pollsters of the operator's own, in files below pollsters.d, came with Ussuri. */
export const hasDynamicPollsters = (release: Release): boolean => release.major >= USSURI;

/** `[polling] cfg_file` came with polling.yaml in Ocata. */
export const hasPollingFile = (release: Release): boolean => release.major >= OCATA;

/** To Newton it was an option of the compute agents alone, on or off; instance_discovery_method replaced it in Ocata. */
export const hasInstanceDiscovery = (release: Release): boolean => release.major >= OCATA;

/**
 * How the notification agents name their internal queues: one for each pipeline to Pike, shared ones in Queens and Rocky, none
 * from Stein on. Agents of two eras do not read each other's.
 */
export function queueEra(release: Release): "pipelines" | "shared" | "none" {
  if (release.major < QUEENS) return "pipelines";
  return release.major < STEIN ? "shared" : "none";
}

/** Ocata and Pike read pipeline.yaml where polling.yaml is missing; Queens removed that. */
export const pollingFallsBack = (release: Release): boolean => hasPollingFile(release) && release.major <= PIKE;
