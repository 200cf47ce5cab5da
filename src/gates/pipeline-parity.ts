/**
 * Clause P3: a new notification agent runs beside an old one only if they do not share their work through internal queues, or
 * if both have loaded the same pipeline configuration. What cannot be known counts as different, as messages that nobody
 * reads, or that are dropped on the way, are told by no agent.
 */
import type { LoadedPipelines } from "../model/loaded-pipelines.ts";
import type { Violation } from "../model/outcome.ts";
import { type Difference, pipelineDifferences } from "../model/pipeline-parity.ts";

const GATE = "PipelineParity";

export interface PipelineParityInput {
  /** "Deployment/ceilometer-notification". */
  readonly object: string;
  /** Whether the agents share their work through internal queues: the old ones' answer. */
  readonly partitioned: true | false | "unknown";
  /** What the old agents have loaded. */
  readonly before: LoadedPipelines;
  /** What the new agents will load. */
  readonly after: LoadedPipelines;
}

/** Clause P3's gate; empty where old and new may run side by side, but for warnings. */
export function pipelineParity({ object, partitioned, before, after }: PipelineParityInput): readonly Violation[] {
  const { side: old } = before;
  const { side: next } = after;
  const differences = old === undefined || next === undefined ? [] : pipelineDifferences(old, next);
  if (partitioned === false) return mixed(object, differences);
  const unknown = [...unknownPipelines(object, "old", before), ...unknownPipelines(object, "new", after)];
  const found = [...differences.map((difference) => differs(object, difference)), ...unknown];
  if (found.length === 0 || partitioned === true) return found;
  return [partitioningUnknown(object), ...found];
}

/** Without internal queues each message is worked on by whichever agent takes it; neither count nor secret matter. */
function mixed(object: string, differences: readonly Difference[]): readonly Violation[] {
  const shown = differences.filter(({ about }) => about !== "queues" && about !== "secret");
  if (shown.length === 0) return [];
  const list = shown.map(({ message }) => message).join("; ");
  return [
    {
      gate: GATE,
      object,
      reason: "PipelinesMixed",
      message: `while old and new agents run side by side, each message goes through the pipeline of whichever takes it: ${list}`,
      remedy: "nothing is lost; upgrade with the same pipeline configuration and change it afterwards to avoid the mix",
      severity: "Warning",
    },
  ];
}

const differs = (object: string, { message }: Difference): Violation => ({
  gate: GATE,
  object,
  reason: "PipelineDiffers",
  message: `${message}; agents that share their work must have the same (P3)`,
  remedy:
    "load the old agents with the new pipeline configuration first, or keep the old configuration for the new agents",
  severity: "Error",
});

/** What of either side cannot be known, which counts as different. */
export function unknownPipelines(
  object: string,
  which: "old" | "new",
  { unknowns: list }: LoadedPipelines,
): readonly Violation[] {
  const loads = which === "old" ? "what the old agents have loaded" : "what the new agents will load";
  return list.map(({ what, why }) => ({
    gate: GATE,
    object,
    reason: "PipelineUnknown",
    message: `${loads} of ${what} is not known: ${why} (P3)`,
    remedy:
      "give the agents the file in an immutable ConfigMap or Secret that the operator may read, with each change a new one",
    severity: "Error",
  }));
}

const partitioningUnknown = (object: string): Violation => ({
  gate: GATE,
  object,
  reason: "PipelineUnknown",
  message: "whether the agents share their work ([notification] workload_partitioning) cannot be read (P3)",
  remedy: "let the operator read the object that holds ceilometer.conf, or make the pipeline configurations the same",
  severity: "Error",
});
