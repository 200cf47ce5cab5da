/** What the two gates of a partial upgrade saw (clauses P3 and P4), as the status tells it. */
import type { NewPollstersStatus, PipelineParityStatus, Status } from "../../api/v1alpha1/schema.ts";
import type { RecordedParity } from "../../model/attempt.ts";
import type { Decision, GatesSeen } from "../../model/decision.ts";

/** As many names and sentences as the schema takes. */
const NAMES = 512;
const SENTENCES = 64;

/** What the gates of clauses P3 and P4 saw: what the attempt was begun on, else what is seen now. */
export function gatesSeen({ record, gates }: Decision): Pick<Status, "newPollsters" | "pipelineParity"> {
  const parity = record?.parity ?? gates?.parity;
  const recorded = record?.targets.flatMap(({ kind, name, polling }) =>
    polling === undefined ? [] : [{ object: `${kind}/${name}`, plan: polling }],
  );
  const plans = recorded ?? gates?.polling ?? [];
  return {
    ...(plans.length === 0 ? {} : { newPollsters: plans.slice(0, 16).map(pollstersSeen) }),
    ...(parity === undefined ? {} : { pipelineParity: paritySeen(parity) }),
  };
}

function pollstersSeen({ object, plan }: GatesSeen["polling"][number]): NewPollstersStatus {
  const { namespaces, added, removed, kept, path, why } = plan;
  return {
    namespace: namespaces.join(", "),
    object,
    ...(added === undefined ? {} : { added: added.slice(0, NAMES) }),
    ...(removed === undefined ? {} : { removed: removed.slice(0, NAMES) }),
    ...(kept === undefined ? {} : { kept: kept.length }),
    path,
    message: why,
  };
}

function paritySeen({ state, differences, emptyFirst }: RecordedParity): PipelineParityStatus {
  const told = [...differences, ...emptyFirst.map((why) => `the internal queues are emptied first: ${why}`)];
  const words = told.slice(0, SENTENCES).map((each) => each.slice(0, 1024));
  return { state, ...(words.length === 0 ? {} : { differences: words }) };
}
