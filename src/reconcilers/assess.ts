/**
 * What the gates of both strategies find before the first write, beside the checks of preflight: whether old and new agents may
 * meet (clauses P3 and P4), what the new definitions would drop (M1), and what the target does not read any more. All of it is
 * pure, and what decides the path goes into the attempt record.
 */

import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import { newKindsOnOldQueues } from "../gates/new-queue.ts";
import { releaseOf } from "../gates/release-pair.ts";
import { removedOptionsSet } from "../gates/removed-options.ts";
import { agentText } from "../model/agent.ts";
import type { RecordedFiles, RecordedParity, RecordedPolling } from "../model/attempt.ts";
import type { ImagesAsked } from "../model/image-pollsters.ts";
import { loadedPipelines } from "../model/loaded-pipelines.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { parsePipeline } from "../model/pipeline.ts";
import type { Release } from "../model/release.ts";
import { assessDefinitions } from "./assess-definitions.ts";
import { assessMounted } from "./assess-mounted.ts";
import { assessNotification } from "./assess-notification.ts";
import { assessPolling, forgottenOriginals, restoredPolling } from "./assess-polling.ts";
import { configurationOf, optionOf } from "./configuration-of.ts";
import { compared, mounted, mountedOver, readsDefinitions, replacedFiles, timed } from "./files-wanted.ts";
import type { Inputs, WantedCopy } from "./inputs.ts";
import type { Agents } from "./scene.ts";

export interface Assessment {
  /** The files that agents will mount: those of the resource, and copies of what must not change under them. */
  readonly files: RecordedFiles;
  readonly copies: readonly WantedCopy[];
  readonly parity: RecordedParity | undefined;
  /** By the workload's uid. */
  readonly polling: ReadonlyMap<string, RecordedPolling>;
  readonly acceptedRisks: readonly AcceptedRisk[];
  readonly findings: readonly Violation[];
}

/** Why something that agents mount, or a catalogue of their pollsters, could not be looked at yet; undefined where all was. */
export function unreadMounts(world: World): string | undefined {
  const looked = [
    ...compared(world.upgrade, world.workloads),
    ...readsDefinitions(world.upgrade),
    ...timed(world.upgrade),
  ];
  const now = looked.flatMap((component) => mounted(world.upgrade, world.workloads, component));
  const over = mountedOver(world.upgrade, world.workloads);
  const { strategy, components } = world.upgrade.spec;
  const own = strategy === "Partial" ? (components.polling?.newPollsters?.catalogue ?? []) : [];
  for (const { kind, name } of [...now, ...over, ...replacedFiles(world.records, world.workloads)].concat(own)) {
    const seen = world.files.get(`${kind}/${name}`);
    const allowed = kind === "ConfigMap" || world.operator.secrets.includes(name);
    if (allowed && (seen === undefined || seen.seen === "unreadable")) {
      return `${kind}/${name}: ${seen?.why ?? "not read yet"}`;
    }
  }
  return undefined;
}

export function assess(
  world: World,
  agents: Agents,
  target: Release,
  inputs: Inputs,
  images: ImagesAsked | undefined,
): Assessment {
  const isPartial = world.upgrade.spec.strategy === "Partial";
  const notification = assessNotification(world, agents.notification, target, inputs);
  const polling = isPartial
    ? assessPolling(world, agents.polling, target, inputs, images)
    : { plans: restoredPolling(world, agents.polling, target), findings: [], copies: [] };
  const definitions = assessDefinitions(world, agents, target, inputs);
  return {
    files: {
      ...notification.files,
      ...(definitions.files.length === 0 ? {} : { definitions: [...definitions.files] }),
    },
    copies: unique([...inputs.copies, ...notification.copies, ...polling.copies]),
    parity: notification.parity,
    polling: polling.plans,
    acceptedRisks: definitions.accepted,
    findings: [
      ...notification.findings,
      ...polling.findings,
      ...forgottenOriginals(world, agents.polling, target),
      ...definitions.findings,
      ...assessMounted(world, agents, target, inputs),
      ...removed(world, agents, target),
      ...(isPartial ? newKinds(world, agents, target, inputs) : []),
      ...unknownProvider(world),
      ...unreadableBefore(world),
    ],
  };
}

function unique(copies: readonly WantedCopy[]): readonly WantedCopy[] {
  return [...new Map(copies.map((copy) => [copy.name, copy])).values()];
}

/** Only where the objects with the options were read at all. */
function removed(world: World, agents: Agents, target: Release): readonly Violation[] {
  const read = compared(world.upgrade, world.workloads);
  return read.flatMap((component) =>
    agents[component].flatMap((agent) => {
      const from = releaseOf(agent, world);
      const option = optionOf(world, agent, target);
      return removedOptionsSet({ object: agentText(agent), target, option, ...(from === undefined ? {} : { from }) });
    }),
  );
}

/** Clause M3: new kinds of data belong on queues of their own. */
function newKinds(world: World, agents: Agents, target: Release, inputs: Inputs): readonly Violation[] {
  const [agent] = agents.notification;
  const from = agent === undefined ? undefined : releaseOf(agent, world);
  if (agent === undefined || from === undefined) return [];
  const { side } = loadedPipelines(configurationOf(world, agent, from));
  if (side === undefined) return [];
  const kinds = [
    ["meters", "pipeline", "metering_topic"],
    ["events", "eventPipeline", "event_topic"],
  ] as const;
  const option = optionOf(world, agent, from);
  const collector = world.upgrade.spec.components.collector !== undefined;
  return kinds.flatMap(([what, name, topic]) => {
    const given = inputs.texts[name];
    const after = given?.text === undefined ? undefined : parsePipeline(given.text, what, target);
    if (given === undefined || after?.kind !== "parsed") return [];
    const { object, key } = given;
    const before = what === "meters" ? side.pipeline : side.events;
    const defaultTopic = option("publisher_notifier", topic);
    const queue = defaultTopic === undefined ? {} : { defaultTopic };
    return newKindsOnOldQueues({ what, object, key, before, after: after.file, collector, ...queue });
  });
}

/** Better known now than at night, when the workloads shall go back and a person's word is missing. */
function unreadableBefore({ upgrade, workloads, operator }: World): readonly Violation[] {
  const hidden = mountedOver(upgrade, workloads).filter(
    ({ kind, name }) => kind === "Secret" && !operator.secrets.includes(name),
  );
  return [...new Set(hidden.map(({ name }) => name))].map((name) => ({
    gate: "WayBack",
    object: `Secret/${name}`,
    reason: "OldConfigurationUnknown",
    message: "old agents read a file from it, and the operator may not read it: a rollback would need a person's word",
    remedy: `add ${name} to secrets in the operator's chart, or accept it in advance: spec.acceptedRisks with check OldConfigurationUnknown and object Secret/${name}`,
    severity: "Warning",
  }));
}

function unknownProvider(world: World): readonly Violation[] {
  const gate = world.upgrade.spec.components.notification?.drain?.gate;
  const provider = gate?.prometheus?.provider ?? gate?.http?.provider;
  if (provider === undefined || world.operator.providers.includes(provider)) return [];
  return [
    {
      gate: "QueuesEmpty",
      object: `Provider/${provider}`,
      reason: "ProviderUnknown",
      message: `the operator is configured with no provider of that name (${world.operator.providers.join(", ") || "it has none"})`,
      remedy: "add it to providers of the operator's chart, or correct spec.components.notification.drain.gate",
      severity: "Error",
    },
  ];
}
