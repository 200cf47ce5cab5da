/**
 * Clause P4: how a workload of polling agents goes from old to new. A new agent may run beside an old one only if it brings no
 * new pollsters; else it starts in a group of its own. Where agents would meet without a group that shares the work out (no
 * coordination, or releases whose agents never look at their ring again), each would poll everything, so there they do not
 * overlap at all. A workload whose old and new agents never meet needs neither.
 */
import type { RecordedPolling } from "../model/attempt.ts";
import type { Workload } from "../model/observation.ts";
import { type Release, rereadsRing, sharesHosts } from "../model/release.ts";

export interface PathInput {
  readonly workload: Workload;
  readonly namespaces: readonly string[];
  /** Whether `[coordination] backend_url` is set; undefined where that is not known. */
  readonly coordinated: boolean | undefined;
  readonly from: Release;
  readonly to: Release;
  /** Undefined where it is not known. */
  readonly added: readonly string[] | undefined;
  readonly when: "Auto" | "Always";
  /** Other workloads have agents in its coordination group, and these are replaced at another time. */
  readonly mates: boolean;
}

export interface PollingPath {
  readonly path: "Roll" | "Replace" | "Isolate";
  /** The agents themselves may run old beside new (Isolate: once the new pollsters are in a group of their own). */
  readonly overlap: boolean;
  /** Without overlap with the other workloads of its group either: all of them stop before the first one starts. */
  readonly together: boolean;
  readonly why: string;
}

/** Polling namespaces whose agents poll the host that they run on. */
const PER_HOST = new Set(["compute", "ipmi"]);
/** From 2025.1 (25.0.0) on, `local_node` is a group for each host; before, one for the whole cloud (commit 4f0bec177). */
const LOCAL_NODE_PER_HOST = 25;

const isPerHost = ({ major }: Release): boolean => major >= LOCAL_NODE_PER_HOST;

const isNone = (share: number | string): boolean => share === 0 || share === "0" || share === "0%";

/**
 * Whether its controller may have old and new pods at one time. A Deployment without surge does, too: unless it is recreated, it
 * makes a new pod while the old one still terminates.
 */
function overlapsInTime({ kind, strategy, replicas = 1 }: Workload): boolean {
  if (kind === "DaemonSet") return true;
  if (kind === "StatefulSet") return replicas > 1;
  return strategy !== "Recreate";
}

const isPerHostOnly = ({ kind }: Workload, namespaces: readonly string[]): boolean =>
  kind === "DaemonSet" && namespaces.every((each) => PER_HOST.has(each));

/** Agents of ipmi were in one group of the whole cloud, whatever host they poll. */
const isCloudWide = (namespaces: readonly string[], from: Release, to: Release): boolean =>
  namespaces.includes("ipmi") && !isPerHost(from) && !isPerHost(to);

/** Whether agents of a workload, if they are coordinated, are in one group with those of other hosts and workloads. */
export function sharesAcrossHosts(
  workload: Workload,
  namespaces: readonly string[],
  from: Release,
  to: Release,
): boolean {
  return isCloudWide(namespaces, from, to) || !isPerHostOnly(workload, namespaces);
}

/** Whether its own controller may have an old and a new agent at one time in one place. Who asks for no agents has none. */
function meetsItself(workload: Workload, namespaces: readonly string[]): boolean {
  if (workload.kind !== "DaemonSet" && workload.replicas === 0) return false;
  return !(isPerHostOnly(workload, namespaces) && isNone(workload.maxSurge)) && overlapsInTime(workload);
}

/** Whether an old and a new agent would meet: in time and place, or in one group across hosts or workloads. */
function meetingOf({ workload, namespaces, coordinated, from, to, mates }: PathInput): {
  readonly meets: boolean;
  readonly alone: boolean;
} {
  const alone = isPerHostOnly(workload, namespaces) && isNone(workload.maxSurge);
  const cloudWide = coordinated !== false && isCloudWide(namespaces, from, to);
  // Who asks for no agents has none that could meet anybody.
  if (workload.kind !== "DaemonSet" && workload.replicas === 0) return { alone, meets: false };
  const meetsMates = mates && coordinated !== false && sharesAcrossHosts(workload, namespaces, from, to);
  return { alone, meets: meetsMates || (alone ? cloudWide : meetsItself(workload, namespaces)) };
}

const isolate = (overlap: boolean, why: string): PollingPath => ({ path: "Isolate", overlap, together: !overlap, why });
const roll = (why: string): PollingPath => ({ path: "Roll", overlap: true, together: false, why });

/** Whether a group shares the work out between old and new agents: both have to notice each other. */
function sharesWork({ coordinated, namespaces, from, to }: PathInput): boolean {
  const onHost = !namespaces.includes("compute") || (sharesHosts(from) && sharesHosts(to));
  // Groups of two names share nothing.
  const sameGroup = !namespaces.includes("ipmi") || isPerHost(from) === isPerHost(to);
  return coordinated === true && onHost && sameGroup && rereadsRing(from) && rereadsRing(to);
}

const NEVER_MEET = {
  alone: "an old and a new agent are never on one host at one time",
  apart: "its strategy never runs an old and a new agent at one time",
} as const;

const NO_HARM = "no new pollsters, so new agents may run beside old ones";

/** Its old and new agents may be at one time because nothing was seen that would let them meet, and not because that does no harm. */
export function neverMet({ path, why, added = [] }: Pick<RecordedPolling, "path" | "why" | "added">): boolean {
  return path === "Roll" && (added.length > 0 || why === NEVER_MEET.alone || why === NEVER_MEET.apart);
}

/**
 * What was seen before the first write may have changed since, by an autoscaler for one: a StatefulSet of one agent has three, a
 * Deployment is not recreated any more.
 */
export const meetsNow = (plan: RecordedPolling, workload: Workload): boolean =>
  neverMet(plan) && meetsItself(workload, plan.namespaces);

/** Why there is a group of their own although nobody would meet. */
function askedFor({ when, added = [], workload, coordinated, mates }: PathInput): string | undefined {
  if (when !== "Always" || added.length === 0) return undefined;
  if (workload.kind !== "DaemonSet" && workload.replicas === 0) return undefined;
  // Each workload's isolated agents would poll what is new by themselves.
  if (mates && coordinated !== true) return undefined;
  return `${added.length} new pollsters; a group of their own is asked for`;
}

export function pathOf(input: PathInput): PollingPath {
  const { added } = input;
  const { meets, alone } = meetingOf(input);
  const count = added?.length ?? 0;
  const asked = askedFor(input);
  const shares = sharesWork(input);
  // What does no harm is said before what does not happen: that may change, as with a number of replicas.
  if (added !== undefined && count === 0 && shares && (meets || !alone)) return roll(NO_HARM);
  if (!meets) return asked === undefined ? roll(NEVER_MEET[alone ? "alone" : "apart"]) : isolate(true, asked);
  if (shares && count > 0) return isolate(true, `${count} new pollsters, which no old agent of the group could poll`);
  // Without coordination each polls everything by itself, whatever the others of its namespace do.
  const together = input.coordinated !== false;
  if (asked !== undefined) return { ...isolate(false, asked), together };
  return { path: "Replace", overlap: false, together, why: whyApart(input, shares) };
}

function whyApart({ coordinated, namespaces, from, to }: PathInput, shares: boolean): string {
  if (shares) return "it is not known which pollsters are new, and old and new agents would share a group";
  if (coordinated === false) return "without a coordination backend old and new agents would both poll everything";
  if (coordinated === undefined)
    return "it is not known whether the agents are coordinated, and without, each polls everything";
  const release = rereadsRing(from) ? to : from;
  if (rereadsRing(release) && namespaces.includes("ipmi"))
    return "ipmi agents of old and new are in groups of other names, so both would poll everything on a host";
  if (rereadsRing(release))
    return "compute agents to Ocata share no host, so old and new would both poll everything there";
  return `agents of ${release.name} never look at their ring again, so they would not share the work with new ones`;
}
