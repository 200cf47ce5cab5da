/**
 * Before anything is taken down, the verification of clause F4 is tried on the old agents that run: one that cannot see
 * success there (a log that goes to a file, a raised log level) would never see it afterwards, with every host down.
 */

import type { Verification } from "../api/v1alpha1/schema.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { Pod, World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";
import { hasExporter, type Release } from "../model/release.ts";
import { probeFor } from "./data-polled.ts";
import { releaseOf } from "./release-pair.ts";

/** How many pods of one workload are asked at the most: a cloud has thousands of hosts. */
const SAMPLE = 5;

export interface Sight {
  readonly violations: readonly Violation[];
  /** Every question that has not been answered with a pass: it is asked until it is. */
  readonly asked: readonly ProbeRequest[];
  /** How many of them have had no answer at all. */
  readonly open: number;
  /** Hosts on which an old agent of the workload (by its uid) was seen to poll, those first. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
}

export function verificationSees(agents: readonly Agent[], world: World, target: Release): Sight {
  const looks = agents.map((agent) => ({ uid: agent.workload.metadata.uid, look: lookAt(agent, world, target) }));
  return {
    violations: looks.flatMap(({ look }) => look.violations),
    asked: looks.flatMap(({ look }) => look.asked),
    open: looks.reduce((sum, { look }) => sum + look.open, 0),
    hosts: new Map(looks.map(({ uid, look }) => [uid, look.hosts])),
  };
}

/** The same for one workload. */
interface Look extends Omit<Sight, "hosts"> {
  readonly hosts: readonly string[];
}

function lookAt(agent: Agent, world: World, target: Release): Look {
  const verification = world.upgrade.spec.components.polling?.verification;
  const running = agent.pods.filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);
  // Every host that has an agent is a candidate, those first where one is ready.
  const hosts = [...new Set([...hostsOf(running), ...hostsOf(agent.pods)])];
  const without = verification?.exporter === undefined ? [] : withoutExporter(agent, world, target);
  const violations = [...(hosts.length === 0 ? nowhere(agent) : []), ...without];
  const nothing: Look = { violations, asked: [], open: 0, hosts };
  if (verification === undefined || verification.job !== undefined) return nothing;
  if (verification.podLog !== undefined && !world.operator.podLogs) {
    const remedy = "enable podLogs in the operator's chart, or verify by exporter or job";
    const unread = blind(agent, "the operator may not read pod logs", remedy);
    return { ...nothing, violations: [...nothing.violations, unread] };
  }
  const release = releaseOf(agent, world);
  // One that an earlier attempt has moved is no old agent any more; one without an exporter cannot be asked there.
  const cannotBeTried =
    agent.marks.phase !== undefined ||
    (verification.exporter !== undefined && release !== undefined && !hasExporter(release));
  if (release === undefined || cannotBeTried) return nothing;
  return ask(agent, { running, verification, release }, world, nothing);
}

interface Question {
  readonly running: readonly Pod[];
  readonly verification: Verification;
  readonly release: Release;
}

function ask(agent: Agent, { running, verification, release }: Question, world: World, nothing: Look): Look {
  const asked = running
    .toSorted(byName)
    .slice(0, SAMPLE)
    .flatMap((pod) => {
      const probe = probeFor(verification, agent.container.name, pod, release);
      return probe === undefined ? [] : [{ pod, probe, result: world.probes.get(probe.id) }];
    });
  const seen = asked.filter((each) => each.result?.verdict === "pass").map((each) => each.pod);
  if (seen.length > 0) return { ...nothing, hosts: [...new Set([...hostsOf(seen), ...nothing.hosts])] };
  const open = asked.filter((each) => each.result === undefined).length;
  const look = { ...nothing, asked: asked.map((each) => each.probe), open };
  if (asked.length === 0 || open > 0) return look;
  const reasons = [...new Set(asked.map((each) => each.result?.reason ?? ""))].join("; ");
  const message = `tried on ${asked.length} running old agents, it sees no successful poll: ${reasons}`;
  const remedy =
    "let the agents log to standard error at level INFO, wait for their next poll, or choose another verification";
  return { ...look, violations: [...look.violations, blind(agent, message, remedy)] };
}

/** New agents without an exporter could never pass; old ones without it cannot be verified when they come back. */
function withoutExporter(agent: Agent, world: World, target: Release): readonly Violation[] {
  const remedy = "verify by podLog or job: exporters are there from 2025.1 on";
  if (!hasExporter(target)) {
    return [blind(agent, `it asks an exporter, which agents of ${target.name} do not have`, remedy)];
  }
  const release = releaseOf(agent, world);
  if (release === undefined || hasExporter(release) || world.operator.podLogs) return [];
  const message = `a way back could not be verified: agents of ${release.name} have no exporter, and the operator may not read pod logs`;
  const instead = "enable podLogs in the operator's chart, or verify by job";
  return [{ ...blind(agent, message, instead), severity: "Warning" }];
}

/** Its hosts should have agents and none has one right now: nobody could say on which of them the first new one may start. */
function nowhere(agent: Agent): readonly Violation[] {
  const { kind, status } = agent.workload;
  if (kind !== "DaemonSet" || status.desired === 0 || agent.marks.phase !== undefined) return [];
  const message = `no agent runs on any of its ${status.desired} hosts, so that there is none to begin with`;
  return [blind(agent, message, "bring the old agents up first, one at the least")];
}

function blind(agent: Agent, message: string, remedy: string): Violation {
  return {
    gate: "VerificationSees",
    object: agentText(agent),
    reason: "VerificationBlind",
    message,
    remedy,
    severity: "Error",
  };
}

const byName = (a: Pod, b: Pod): number => (a.metadata.name < b.metadata.name ? -1 : 1);

function hostsOf(pods: readonly Pod[]): readonly string[] {
  const names = pods.toSorted(byName).flatMap((pod) => (pod.nodeName === undefined ? [] : [pod.nodeName]));
  return [...new Set(names)].slice(0, 16);
}
