/** What of a run with other hands in it is theirs: invariants that they break, differences that they make, holds that they cause. */
import type { Breach, Invariant } from "../support/invariants.ts";
import type { ActName, PlannedAct } from "./act-names.ts";
import type { Performed } from "./acts.ts";

interface Theirs {
  /** Broken by the act itself, at the workload that it is about, and not before it. */
  readonly breaks?: readonly Invariant[];
  /** Paths of the end state that may differ. `WORKLOAD` stands for the one that the act is about. */
  readonly differs?: readonly string[];
  /** Reasons by which the resource may be held until the act is undone. Absent: it has to go on by itself. */
  readonly held?: RegExp;
  /** It cannot go on: to pass over it would be a fight, or a mistake. */
  readonly isHeld?: boolean;
  /** The attempt is begun anew, so that most writes may be made twice. */
  readonly anew?: boolean;
}

/** Each write of somebody on a workload raises its generation, and each change of its template makes a revision. */
const COUNTS = [
  "WORKLOAD/generation",
  "WORKLOAD/annotations/(?:deployment.kubernetes.io/revision|deprecated.daemonset.template.generation)",
  // The note of the plan belongs to who wrote it first; where it was there already, the operator owns nothing in the end.
  "WORKLOAD/ours",
];
/** Those of every workload, where the attempt goes on from another record. */
const ALL_COUNTS = COUNTS.map((path) => path.replace("WORKLOAD", "/workloads/[^/]+/[^/]+"));
const ATTEMPTS = [...ALL_COUNTS, "/status/history", "/configMaps"];

/** Old pods come back beside new ones, or new ones go back to old: whoever did it broke these. */
const MIXED: readonly Invariant[] = ["I2", "I3", "I10", "I5", "I7"];

const table: Readonly<Record<ActName, Theirs>> = {
  scaled: { differs: [...COUNTS, "WORKLOAD/spec/replicas"], breaks: ["I3"] },
  imageBack: { differs: COUNTS, breaks: MIXED, held: /^(?:Drifted|Contested)$/ },
  undone: { differs: COUNTS, breaks: MIXED, held: /^(?:Drifted|Contested)$/ },
  paused: { differs: [...COUNTS, "WORKLOAD/spec/paused"], held: /^WorkloadPaused$/, breaks: ["I2"] },
  templateLabelled: { differs: [...COUNTS, "WORKLOAD/spec/template/metadata/labels"] },
  unlabelled: {},
  unpinned: { differs: COUNTS, breaks: ["I3"] },
  claimRemoved: { differs: COUNTS },
  // With the mark it is forgotten that it had been stopped for the whole file: it is stopped once more.
  marksWiped: { differs: COUNTS, breaks: ["I5"] },
  marksGarbled: { differs: COUNTS },
  // The controller starts another agent beside the one that terminates.
  podsDeleted: { breaks: ["I3", "I5", "I7"] },
  recreated: {
    differs: [...ATTEMPTS, "WORKLOAD/annotations/ceilometer.openstack.org/completed-plan"],
    breaks: ["I9", "I10", "I2", "I3", "I5"],
    held: /^Drifted$/,
    anew: true,
  },
  healed: { differs: COUNTS, breaks: MIXED, held: /^Contested$/, isHeld: true },
  healedWhole: { differs: COUNTS, breaks: MIXED, held: /^Contested$/, isHeld: true },
  // It stays as long as anything is borrowed, and is read as before.
  recordDeleted: {},
  // Who mounts the file by hand has it rolled out beside agents that poll less.
  recordForced: { differs: ATTEMPTS, breaks: ["I7"], held: /^OriginalForgotten$/, anew: true },
  recordDisowned: { differs: ATTEMPTS, held: /^NameTaken$/, anew: true },
  recordUnlabelled: { differs: ATTEMPTS, held: /^NameTaken$/, anew: true },
  recordGarbled: { differs: ["/configMaps/ceilometer-attempt-HASH/annotations"] },
  endForged: {},
  // One that has ended is not made again.
  jobDeleted: { differs: ["/jobs/ceilometer-db-HASH"] },
  jobDisowned: { held: /^NameTaken$/ },
  jobGone: {},
  groupDeleted: { breaks: ["I7"] },
  groupDisowned: { held: /^NameTaken$/, breaks: ["I7"] },
  groupStopped: { breaks: ["I7"] },
  retargeted: { differs: [...ATTEMPTS, "/jobs"], breaks: ["I5"], anew: true },
  fileChanged: { differs: ATTEMPTS, breaks: ["I9"], held: /^ConfigurationMissing$/, anew: true },
  fileDeleted: { breaks: ["I9"], held: /^ConfigurationMissing$/ },
};

export const theirsOf = ({ act }: PlannedAct): Theirs => table[act];

export function isTheirBreach(breach: Breach, performed: readonly Performed[]): boolean {
  return performed.some(({ planned, at }) => {
    const { breaks = [] } = theirsOf(planned);
    const { on } = planned;
    const isAbout = on === undefined || breach.message.includes(on) || breach.pods.some((pod) => pod.startsWith(on));
    return breaks.includes(breach.invariant) && breach.at >= at && isAbout;
  });
}

/** `difference`: a path, and what is there. */
export function isTheirDifference(difference: string, acts: readonly PlannedAct[]): boolean {
  return acts.some((planned) => {
    const { differs = [] } = theirsOf(planned);
    const workload = `/workloads/[^/]+/${planned.on ?? "[^/]+"}`;
    return differs.some((path) => new RegExp(`^${path.replace("WORKLOAD", workload)}[/:]`).test(difference));
  });
}

/** Writes that may be made, and so many may be tried: what is taken back is done again, but not for ever. */
export function writesAllowed(acts: readonly PlannedAct[], usual: number): number {
  const isAnew = acts.some((planned) => theirsOf(planned).anew === true);
  return (isAnew ? 2 * usual : usual) + MORE_FOR_EACH * acts.length;
}
const MORE_FOR_EACH = 24;
