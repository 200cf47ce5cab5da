/**
 * The isolated group of one workload as it is planned (clause P4): its name, its prefix, the file that matches exactly the new
 * pollsters, and the file for the others meanwhile; or why the workload cannot have such a group.
 */

import { agentText, type WantedMount } from "../model/agent.ts";
import type { AgentConfiguration } from "../model/agent-configuration.ts";
import type { RecordedFile, RecordedPolling } from "../model/attempt.ts";
import { derivedPipeline, derivedPolling, isolationProblems } from "../model/derived-polling.ts";
import { digestText, nameFor, shortDigest } from "../model/digest.ts";
import type { Violation } from "../model/outcome.ts";
import { pollingFiles, readsOptionsFromEnvironment } from "../model/release.ts";
import { readInstead } from "./configuration-of.ts";
import { configurationCopy } from "./desired/configuration-copy.ts";
import type { WantedCopy } from "./inputs.ts";
import type { Case, Change } from "./pollster-change.ts";

export interface Isolation {
  /** Undefined where there can be none. */
  readonly plan?: RecordedPolling;
  readonly findings: readonly Violation[];
  /** The derived files. */
  readonly copies: readonly WantedCopy[];
}

export function planIsolation(one: Case, base: RecordedPolling, change: Change, old: AgentConfiguration): Isolation {
  const { world, agent, inputs, to } = one;
  const { next, added = [], kept = [] } = change;
  if (next === undefined) {
    const unread = impossible(one, "its polling file cannot be read", "let the operator read it");
    return { findings: [unread], copies: [] };
  }
  const group = world.upgrade.spec.components.polling?.isolatedGroup;
  const suffix = shortDigest([inputs.digest, agent.workload.metadata.uid]);
  // Agents of one group, of whichever workload, poll what is new in one group, or each of them would.
  const prefix = group?.prefix ?? `upgrade-${shortDigest([inputs.digest, base.namespaces.toSorted(), added])}`;
  const derive = (names: readonly string[]): string =>
    pollingFiles(to)[0] === "pipeline"
      ? derivedPipeline(next.text, new Set(names), to, next.fromSecret)
      : derivedPolling(next.file, new Set(names));
  const narrow = derivedCopy(one, "shared", derive(kept));
  const fresh = derivedCopy(one, "new", derive(added));
  const { isolatedGroup: config } = inputs.snippets;
  const isolated = {
    kind: agent.workload.kind === "DaemonSet" ? ("DaemonSet" as const) : ("Deployment" as const),
    name: nameFor(`${agent.workload.metadata.name}-new`, suffix),
    prefix,
    file: fresh.file,
    ...(config === undefined ? {} : { config }),
  };
  return {
    plan: { ...base, narrow: narrow.file, isolated },
    findings: [
      ...unreadThere(one, { ...base.file, ...narrow.file }),
      ...fileProblems(one, next, added),
      ...groupProblems(one, old, prefix),
    ],
    copies: [narrow.copy, fresh.copy],
  };
}

const impossible = (
  { agent }: Case,
  message: string,
  remedy: string,
  severity: Violation["severity"] = "Error",
): Violation => ({
  gate: "PartitionGroup",
  object: agentText(agent),
  reason: "OverlayImpossible",
  message,
  remedy,
  severity,
});

/** Both groups would poll all that is in another file, and each pollster twice (I7). */
function unreadThere(one: Case, mount: WantedMount): readonly Violation[] {
  const instead = readInstead(one.world, one.agent, one.to, "polling", mount);
  if (instead === undefined) return [];
  const message = `its agents read ${instead} in place of ${mount.path}, where they would be given for a while what they poll`;
  return [
    impossible(
      one,
      message,
      "mount the file there, and leave the option that names another one out of ceilometer.conf",
    ),
  ];
}

/** Sources that a group of its own would not keep apart, or whose text must not leave its Secret. */
function fileProblems(one: Case, next: NonNullable<Change["next"]>, added: readonly string[]): readonly Violation[] {
  const found = isolationProblems(next.file, { release: one.to, polled: new Set(added) }).map(
    ({ rule, remedy, severity, place }) => impossible(one, `${place}: ${rule}`, remedy, severity),
  );
  if (!next.fromSecret || next.file.sources.every(({ resources }) => resources.length === 0)) return found;
  const message = "its polling file is in a Secret and lists resources, which must not be copied into a ConfigMap";
  return [...found, impossible(one, message, "give the polling file in a ConfigMap (spec.target.config.polling)")];
}

/** The agents of the group must be told its prefix, and it must be another one than the old agents have. */
function groupProblems(one: Case, old: AgentConfiguration, prefix: string): readonly Violation[] {
  const { world, to } = one;
  const group = world.upgrade.spec.components.polling?.isolatedGroup;
  const byFile = !readsOptionsFromEnvironment(to);
  const found: Violation[] = [];
  if (byFile && group?.config === undefined) {
    const message = `agents of ${to.name} do not read the group's prefix from the environment`;
    found.push(impossible(one, message, "give it in a file: spec.components.polling.isolatedGroup.config"));
  }
  if (byFile && old.command.wrapper) {
    const message = "its container starts the agent by a script, to whose command line no file can be appended";
    const remedy =
      "start ceilometer-polling by the container's own command, or set the Deployment's strategy to Recreate";
    found.push(impossible(one, message, remedy));
  }
  if (old.groupPrefix.kind === "known" && old.groupPrefix.value === prefix) {
    const message = `the old agents' own partitioning_group_prefix is ${prefix}`;
    found.push(impossible(one, message, "choose another spec.components.polling.isolatedGroup.prefix"));
  }
  return [...found, ...unheardByExporter(one)];
}

/** On the host's network the original has the exporter's port, and would answer for a group that polls nothing. */
function unheardByExporter(one: Case): readonly Violation[] {
  const verification = one.world.upgrade.spec.components.polling?.verification;
  const onHost = one.agent.workload.template.spec["hostNetwork"] === true;
  if (verification?.exporter === undefined || !onHost) return [];
  const message =
    "on the host's network the exporter of the old agents would answer in the place of the isolated group's";
  const remedy = "verify by podLog or job: spec.components.polling.verification";
  return [impossible(one, message, remedy)];
}

function derivedCopy({ world, agent, to }: Case, what: string, text: string): { file: RecordedFile; copy: WantedCopy } {
  const hash = digestText(text);
  const key = pollingFiles(to)[0] === "pipeline" ? "pipeline.yaml" : "polling.yaml";
  const name = nameFor(`${agent.workload.metadata.name}-${what}`, hash.slice(0, 8));
  const object = configurationCopy(world.upgrade, name, key, text, "derived");
  return {
    file: { kind: "ConfigMap", object: name, key, digest: hash },
    copy: { name, key, digest: hash, text, object },
  };
}
