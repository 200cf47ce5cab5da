/**
 * What stands in for a spec that does not fit the schema: in a report that says just that, and where all is given back. That reads
 * records and marks, and of the spec hardly more than the strategy.
 */
import type { Spec } from "../../api/v1alpha1/schema.ts";
import { type AttemptRecord, foremostFirst } from "../../model/attempt.ts";

const STAND_IN: Spec = {
  mode: "Apply",
  strategy: "Full",
  paused: false,
  target: { release: "", image: "" },
  components: { database: { action: "Skip", deadlineSeconds: 1 } },
  progressDeadlineSeconds: 1,
  minReadySeconds: 0,
  ownership: "Release",
  onFailure: "Hold",
  abort: false,
  rollback: false,
  retryAttempt: 0,
};
const OF_PARTIAL: Spec = { ...STAND_IN, strategy: "Partial" };

/**
 * The strategy is that of the attempt that is carried out, or was last: of polling agents a partial one records how each goes. Where
 * nothing tells, it is the one in which old and new never meet.
 */
export function standInSpec(records: readonly AttemptRecord[]): Spec {
  const [foremost] = foremostFirst(records);
  const isPartial = foremost?.targets.some(({ polling }) => polling !== undefined) === true;
  return isPartial ? OF_PARTIAL : STAND_IN;
}
