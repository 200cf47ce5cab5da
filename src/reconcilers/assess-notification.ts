/**
 * The parity gate (clause P3), asked before the first write: whether the notification agents share their work through internal
 * queues, whether old and new would work on the same pipelines, and what would be left in those queues that nobody reads. The
 * answer goes into the attempt record; it decides whether new agents roll in beside old ones or the old ones are loaded with
 * the new pipelines first.
 */

import { configurationProblems } from "../gates/configuration.ts";
import { pipelineParity, unknownPipelines } from "../gates/pipeline-parity.ts";
import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import type { AgentFile } from "../model/agent-file.ts";
import type { Objects } from "../model/agent-settings.ts";
import type { RecordedFiles, RecordedParity } from "../model/attempt.ts";
import { type LoadedPipelines, loadedPipelines } from "../model/loaded-pipelines.ts";
import type { ConfigObject, Seen, World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { mustEmptyFirst, pipelineDifferences } from "../model/pipeline-parity.ts";
import { canTurnIntakeOff, mustDrain, partitionsNotification, type Release } from "../model/release.ts";
import { configurationOf, renderedAsWanted } from "./configuration-of.ts";
import { asMounted, type Inputs, type WantedCopy } from "./inputs.ts";
import { mountsFor } from "./targets.ts";

export interface NotificationAssessment {
  /** Undefined where there is no notification agent. */
  readonly parity: RecordedParity | undefined;
  /** The files of the new agents: those that the resource gives, and copies of what is mounted where it must not change. */
  readonly files: RecordedFiles;
  readonly copies: readonly WantedCopy[];
  readonly findings: readonly Violation[];
}

const GATE = "PipelineParity";

export function assessNotification(
  world: World,
  agents: readonly Agent[],
  target: Release,
  inputs: Inputs,
): NotificationAssessment {
  const nothing = { parity: undefined, files: inputs.files, copies: [], findings: [] };
  const cases = agents.flatMap((agent) => {
    const from = releaseOf(agent, world);
    return from === undefined ? [] : [{ agent, from, old: configurationOf(world, agent, from) }];
  });
  const [first] = cases;
  if (first === undefined) return nothing;
  const isFull = world.upgrade.spec.strategy === "Full";
  const partitioned = cases.map(({ from, old }) => isPartitioned(world, from, old));
  const shares = partitioned.includes(true) ? true : partitioned.includes("unknown") ? "unknown" : false;
  // Nothing runs side by side in a full upgrade: what may be in internal queues is said, and holds only where there are some.
  if (isFull && shares === "unknown") return { ...nothing, findings: [perhapsPartitioned(cases)] };
  const kept =
    shares === false
      ? { files: inputs.files, copies: [] }
      : keepMounted(
          world,
          cases.map(({ old }) => old),
          inputs,
        );
  const objects = objectsOf(kept.copies, inputs);
  const looks = cases.map(({ agent, from, old }) => {
    const rendered = renderedAsWanted(agent, mountsFor("notification", kept.files, target));
    const next = configurationOf(world, agent, target, rendered, objects);
    const between = configurationOf(world, agent, from, rendered, objects);
    return {
      agent,
      from,
      before: loadedPipelines(old),
      between: loadedPipelines(between),
      after: loadedPipelines(next),
    };
  });
  if (shares === false) {
    const mixed = looks.flatMap(({ agent, before, after }) =>
      pipelineParity({ object: agentText(agent), partitioned: false, before, after }),
    );
    const differences = mixed.map(({ message }) => message);
    return {
      parity: { state: "NotPartitioned", differences, emptyFirst: [] },
      ...kept,
      findings: world.upgrade.spec.strategy === "Partial" ? mixed : [],
    };
  }
  const compared = compare({ world, target, inputs }, looks, kept);
  return { ...compared, findings: [...compared.findings, ...mixedAlready(looks, kept)] };
}

/**
 * What is mounted can be kept for all of them only where it is the same: the group would be brought to one of several pipelines
 * that nobody has chosen.
 */
function mixedAlready(looks: readonly Look[], { copies }: Kept): readonly Violation[] {
  // Those that an attempt has touched are on their way, and it knows what they were.
  const [first, ...others] = looks.filter(({ agent }) => agent.marks.phase === undefined);
  if (first?.before.side === undefined || copies.length === 0) return [];
  const { side } = first.before;
  return others.flatMap(({ agent, before }): readonly Violation[] => {
    const [difference] = before.side === undefined ? [] : pipelineDifferences(side, before.side);
    if (difference === undefined) return [];
    return [
      {
        gate: GATE,
        object: agentText(agent),
        reason: "PipelineDiffers",
        message: `it works on other pipelines than ${agentText(first.agent)}, and the resource does not say which both should load: ${difference.message}`,
        remedy: "give spec.target.config pipeline and eventPipeline",
        severity: "Error",
      },
    ];
  });
}

function perhapsPartitioned(cases: readonly { readonly agent: Agent }[]): Violation {
  return {
    gate: GATE,
    object: cases.map(({ agent }) => agentText(agent)).join(", "),
    reason: "PipelineUnknown",
    message:
      "whether the agents share their work ([notification] workload_partitioning) cannot be read; what waits in their internal queues may be left unread",
    remedy: "let the operator read ceilometer.conf, or set spec.components.notification.workloadPartitioning",
    severity: "Warning",
  };
}

interface Look {
  readonly agent: Agent;
  readonly from: Release;
  readonly before: LoadedPipelines;
  /** The old agents with the files of the new ones: what they have loaded when new agents come beside them. */
  readonly between: LoadedPipelines;
  readonly after: LoadedPipelines;
}

interface Asked {
  readonly world: World;
  readonly target: Release;
  readonly inputs: Inputs;
}

type Kept = Pick<NotificationAssessment, "files" | "copies">;

function compare(asked: Asked, looks: readonly Look[], kept: Kept): NotificationAssessment {
  const { world, target, inputs } = asked;
  const { strategy } = world.upgrade.spec;
  const differences = [
    ...new Set(
      looks.flatMap(({ before, after }) =>
        before.side === undefined || after.side === undefined
          ? []
          : pipelineDifferences(before.side, after.side).map(({ message }) => message),
      ),
    ),
  ];
  const drains = looks.some(({ from }) => mustDrain(from, target));
  const isKnown = looks.every(({ before }) => before.unknowns.length === 0);
  const unknowns = looks.flatMap(({ before }) => before.unknowns.map(({ what, why }) => `${what}: ${why}`));
  const given = inputs.texts.pipeline !== undefined || inputs.texts.eventPipeline !== undefined;
  const changes = drains || given || strategy === "Partial";
  const emptyFirst = [
    ...new Set(
      looks.flatMap(({ before, after }) =>
        before.side === undefined || after.side === undefined
          ? changes
            ? ["what waits in the internal queues is for pipelines that are not known"]
            : []
          : mustEmptyFirst(before.side, after.side),
      ),
    ),
  ];
  const state = drains ? "MustDrain" : !isKnown ? "Unknown" : differences.length > 0 ? "Differs" : "Same";
  const { drain } = inputs.snippets;
  const parity: RecordedParity = {
    state,
    differences: [...differences, ...unknowns],
    emptyFirst,
    ...(drain === undefined ? {} : { drain }),
  };
  const findings = [
    ...(strategy === "Partial" ? unknownAfterwards(asked, looks) : []),
    ...(emptyFirst.length === 0 ? [] : undrained(world, looks, emptyFirst)),
    ...(strategy === "Partial" && state !== "Same" ? reloadProblems(asked, looks, state) : []),
  ];
  return { parity, ...kept, findings };
}

/** The resource's word, else what the agents' configuration and release say. */
function isPartitioned(world: World, from: Release, old: AgentConfiguration): boolean | "unknown" {
  if (!partitionsNotification(from)) return false;
  const stated = world.upgrade.spec.components.notification?.workloadPartitioning ?? "Auto";
  return stated === "Auto" ? old.partitioned : stated === "Enabled";
}

/**
 * Where the resource gives no pipeline and a mutable ConfigMap holds it, the new agents get a copy of what is in it now: only
 * of an immutable object is known what agents have loaded.
 */
function keepMounted(world: World, agents: readonly AgentConfiguration[], inputs: Inputs): Kept {
  const files: { -readonly [K in keyof RecordedFiles]: RecordedFiles[K] } = { ...inputs.files };
  const copies: WantedCopy[] = [];
  const keep = (name: "pipeline" | "eventPipeline", file: AgentFile): void => {
    if (files[name] !== undefined || file.state !== "read" || file.immutable) return;
    const { source } = file;
    if (source.kind !== "object" || source.object !== "ConfigMap") return;
    const ref = { kind: "ConfigMap", name: source.name, key: source.key } as const;
    const made = asMounted(world, name, ref, file.text);
    files[name] = made.file;
    if (made.copy !== undefined) copies.push(made.copy);
  };
  // An earlier attempt may have given some of them their copy already.
  for (const old of agents) {
    keep("pipeline", old.pipeline);
    keep("eventPipeline", old.eventPipeline);
  }
  return { files, copies };
}

/** The copies as they will be: immutable, each with its one key. */
function objectsOf(copies: readonly WantedCopy[], inputs: Inputs): Objects {
  const objects = new Map<string, Seen<ConfigObject>>();
  for (const { name, key, text } of [...inputs.copies, ...copies]) {
    const metadata = {
      namespace: "",
      name,
      uid: "",
      resourceVersion: "",
      generation: 0,
      labels: {},
      annotations: {},
      createdAt: 0,
      finalizers: [],
      managers: [],
    };
    const value = { kind: "ConfigMap", metadata, immutable: true, changedAt: 0, data: new Map([[key, text]]) } as const;
    objects.set(`ConfigMap/${name}`, { seen: "present", value });
  }
  return objects;
}

/** What the new agents will load has to be known, or nobody could say that it is the same. */
function unknownAfterwards({ target }: Asked, looks: readonly Look[]): readonly Violation[] {
  if (!partitionsNotification(target)) return [];
  return looks.flatMap(({ agent, after }) => unknownPipelines(agentText(agent), "new", after));
}

function undrained(world: World, looks: readonly Look[], why: readonly string[]): readonly Violation[] {
  const drain = world.upgrade.spec.components.notification?.drain;
  const object = looks.map(({ agent }) => agentText(agent)).join(", ");
  const field = "spec.components.notification.drain";
  const violation = (message: string, remedy: string): Violation => ({
    gate: GATE,
    object,
    reason: "DrainNotConfigured",
    message,
    remedy,
    severity: "Error",
  });
  const reasons = why.join("; ");
  if (drain === undefined) {
    const message = `the internal queues have to be empty before the agents change: ${reasons}`;
    const remedy = `set ${field}: a config that turns the intake off, and a gate that sees the queues or, once they are empty, acknowledged; agents that do not share their work need none: workloadPartitioning: Disabled`;
    return [violation(message, remedy)];
  }
  const can = looks.every(({ from }) => canTurnIntakeOff(from));
  if (can && drain.config === undefined) {
    const message = `nothing turns the agents' intake off while the internal queues are emptied: ${reasons}`;
    return [violation(message, `set ${field}.config to a snippet with an empty notification_control_exchanges`)];
  }
  const wrapper = looks.find(({ agent, from }) => can && configurationOf(world, agent, from).command.wrapper);
  if (wrapper === undefined) return [];
  const message = "its container starts the agent by a script, to whose command line no file can be appended";
  const remedy = "start ceilometer-agent-notification by the container's own command";
  return [{ ...violation(message, remedy), object: agentText(wrapper.agent), reason: "OverlayImpossible" }];
}

/** With reload: Literal the old agents run on the new pipelines for a while, so they must understand them too. */
function reloadProblems(
  { world, inputs }: Asked,
  looks: readonly Look[],
  state: RecordedParity["state"],
): readonly Violation[] {
  const reload = world.upgrade.spec.components.notification?.reload ?? "Literal";
  if (reload !== "Literal" || state === "MustDrain") return [];
  const apart = looks.flatMap(({ agent, between, after }): readonly Violation[] => {
    const { side: old } = between;
    const { side: next } = after;
    const [difference] = old === undefined || next === undefined ? [] : pipelineDifferences(old, next);
    if (difference === undefined) return [];
    return [
      {
        gate: GATE,
        object: agentText(agent),
        reason: "PipelineDiffers",
        message: `old agents with the files of the new ones would still work on other pipelines than these: ${difference.message}`,
        remedy:
          "give spec.target.config pipeline and eventPipeline, so that both releases load the same; or set spec.components.notification.reload: Merge",
        severity: "Error",
      },
    ];
  });
  const releases = new Map(looks.map(({ from }) => [from.name, from]));
  const { pipeline, eventPipeline } = inputs.texts;
  const texts = {
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(eventPipeline === undefined ? {} : { eventPipeline }),
  };
  const refused = [...releases.values()].flatMap((release) =>
    configurationProblems({ ...texts, release })
      .filter(({ severity }) => severity === "Error")
      .map((found) => ({
        ...found,
        message: `${found.message} (in ${release.name}, whose agents are loaded with it first)`,
        remedy: `${found.remedy}; or set spec.components.notification.reload: Merge`,
      })),
  );
  return [...apart, ...refused];
}
