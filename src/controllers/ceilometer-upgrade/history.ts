/** The history of a resource, made of the records of its attempts. */
import type { HistoryEntry, Status } from "../../api/v1alpha1/schema.ts";
import type { AttemptRecord, Ended } from "../../model/attempt.ts";

const HISTORY = 10;

/** Past attempts come from their records, so that a wiped report loses none that the cluster still remembers. */
export function historyOf(records: readonly AttemptRecord[], previous: Status): { history?: HistoryEntry[] } {
  const ways = records.filter(({ back }) => back !== undefined);
  const undone = new Map(ways.flatMap(({ back, ended }) => (isOver(ended) ? [[back?.of, ended.at] as const] : [])));
  const entries = records.flatMap((record): HistoryEntry[] => {
    const { plan, from, ended, acceptedRisks } = record;
    // A way back is told with the attempt that it undoes.
    if (ended === undefined || record.back !== undefined) return [];
    const undoneAt = undone.get(plan);
    const skippedGates = Object.entries(record.gates).flatMap(([name, { skipped: reason }]) =>
      reason === undefined ? [] : [{ name, reason }],
    );
    return [
      {
        plan,
        ...(from === undefined ? {} : { from }),
        to: record.to,
        state: undoneAt === undefined ? endState(record) : "RolledBack",
        startedAt: record.startedAt,
        finishedAt: undoneAt ?? ended.at,
        ...(acceptedRisks === undefined ? {} : { acceptedRisks }),
        ...(skippedGates.length === 0 ? {} : { skippedGates }),
      },
    ];
  });
  const known = new Set(entries.map((entry) => entry.plan));
  const older = (previous.history ?? []).filter((entry) => !known.has(entry.plan) && records.length === 0);
  const history = [...entries, ...older]
    .toSorted((a, b) => ((a.finishedAt ?? "") < (b.finishedAt ?? "") ? 1 : -1))
    .slice(0, HISTORY);
  return history.length === 0 ? {} : { history };
}

const isOver = (ended: Ended | undefined): ended is Ended =>
  ended?.state === "RolledBack" || ended?.state === "Completed";

const endState = ({ ended, only }: AttemptRecord): HistoryEntry["state"] =>
  ended?.state === "Completed" && only === undefined ? "Completed" : "Partial";
