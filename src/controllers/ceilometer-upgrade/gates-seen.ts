/** What the two gates of a partial upgrade saw (clauses P3 and P4), as the status tells it. */
import type { NewPollstersStatus, PipelineParityStatus, Status } from "../../api/v1alpha1/schema.ts";
import type { RecordedParity } from "../../model/attempt.ts";
import type { Decision, GatesSeen } from "../../model/decision.ts";

/** What the gates of clauses P3 and P4 saw: what the attempt was begun on, else what is seen now. */
export function gatesSeen({ record, gates }: Decision): Pick<Status, "newPollsters" | "pipelineParity"> {
  const parity = record?.parity ?? gates?.parity;
  const recorded = record?.targets.flatMap(({ kind, name, polling }) =>
    polling === undefined ? [] : [{ object: `${kind}/${name}`, plan: polling }],
  );
  const plans = recorded ?? gates?.polling ?? [];
  return {
    ...(plans.length === 0 ? {} : { newPollsters: plans.map(pollstersSeen) }),
    ...(parity === undefined ? {} : { pipelineParity: paritySeen(parity) }),
  };
}

function pollstersSeen({ object, plan }: GatesSeen["polling"][number]): NewPollstersStatus {
  const { namespaces, added, removed, kept, path, why } = plan;
  return {
    namespace: namespaces.join(", "),
    object,
    ...(added === undefined ? {} : { added: [...added] }),
    ...(removed === undefined ? {} : { removed: [...removed] }),
    ...(kept === undefined ? {} : { kept: kept.length }),
    path,
    message: why,
  };
}

function paritySeen({ state, differences, emptyFirst }: RecordedParity): PipelineParityStatus {
  const told = [...differences, ...emptyFirst.map((why) => `the internal queues are emptied first: ${why}`)];
  return { state, ...(told.length === 0 ? {} : { differences: told }) };
}
