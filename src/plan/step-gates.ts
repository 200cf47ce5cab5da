/**
 * What must say yes before a write, by its reason: the names that `blockedBy.gate` and the findings give where one says no.
 * The checks before the first write stand before every step and are not repeated here.
 */
const STARTS = ["DatabaseFirst", "HostReachable", "WorkloadFits", "SingleWriter"] as const;

const GATES: Readonly<Record<string, readonly string[]>> = {
  BackingUp: ["JobTemplate"],
  MigratingDatabase: ["JobTemplate"],
  TakingDown: ["DatabaseFirst", "WorkloadFits", "SingleWriter"],
  Retiring: ["DatabaseFirst"],
  Starting: STARTS,
  StartingFirst: STARTS,
  StartingRest: ["DatabaseFirst"],
  Widening: STARTS,
  Isolating: ["DatabaseFirst"],
  RetiringIsolated: ["DatabaseFirst"],
  WaitingForMembers: ["HostReachable"],
  Rolling: ["DatabaseFirst", "WorkloadFits", "SingleWriter"],
  Verifying: ["JobTemplate"],
};

/** Gates that were asked before a write while nothing else was to be done, by the reason of that wait. */
const WAITED_FOR: Readonly<Record<string, string>> = {
  Verifying: "DataPolled",
  Loading: "Loaded",
  WaitingForEmptyQueues: "QueuesEmpty",
  DrainNotConfirmed: "QueuesEmpty",
};

export function gatesOf(reason: string, waitedFor: readonly string[]): readonly string[] {
  const asked = waitedFor.flatMap((wait) => WAITED_FOR[wait] ?? []);
  return [...new Set([...(GATES[reason] ?? []), ...asked])];
}
