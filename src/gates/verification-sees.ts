/**
 * Before anything is taken down, the verification of clause F4 is tried on the old agents that run: one that cannot see
 * success there (a log that goes to a file, a raised log level) would never see it afterwards, with every host down.
 */
import { type Agent, agentText } from "../model/agent.ts";
import type { Pod, World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";
import { hasExporter } from "../model/release.ts";
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

export function verificationSees(agents: readonly Agent[], world: World): Sight {
  const verification = world.upgrade.spec.components.polling?.verification;
  const violations: Violation[] = [];
  const questions: ProbeRequest[] = [];
  let open = 0;
  const hosts = new Map<string, readonly string[]>();
  for (const agent of agents) {
    const running = agent.pods.filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);
    const sample = running.toSorted(byName).slice(0, SAMPLE);
    // Every host that has an agent is a candidate, those first where one is ready.
    const candidates = [...new Set([...hostsOf(running), ...hostsOf(agent.pods)])];
    hosts.set(agent.workload.metadata.uid, candidates);
    if (candidates.length === 0 && agent.marks.phase === undefined) violations.push(...nowhere(agent));
    if (verification === undefined || verification.job !== undefined) continue;
    if (verification.podLog !== undefined && !world.operator.podLogs) {
      violations.push(
        blind(
          agent,
          "the operator may not read pod logs",
          "enable podLogs in the operator's chart, or verify by exporter or job",
        ),
      );
      continue;
    }
    const release = releaseOf(agent, world.upgrade.spec.from?.release);
    if (release === undefined || (verification.exporter !== undefined && !hasExporter(release))) continue;
    if (agent.marks.phase !== undefined) continue;
    const asked = sample.flatMap((pod) => {
      const probe = probeFor(verification, agent.container.name, pod, release);
      return probe === undefined ? [] : [{ pod, probe, result: world.probes.get(probe.id) }];
    });
    const seen = asked.filter((each) => each.result?.verdict === "pass").map((each) => each.pod);
    if (seen.length > 0) {
      hosts.set(agent.workload.metadata.uid, [...new Set([...hostsOf(seen), ...candidates])]);
      continue;
    }
    questions.push(...asked.map((each) => each.probe));
    const unanswered = asked.filter((each) => each.result === undefined).length;
    open += unanswered;
    if (asked.length === 0 || unanswered > 0) continue;
    const reasons = [...new Set(asked.map((each) => each.result?.reason ?? ""))].join("; ");
    violations.push(
      blind(
        agent,
        `tried on ${asked.length} running old agents, it sees no successful poll: ${reasons}`,
        "let the agents log to standard error at level INFO, wait for their next poll, or choose another verification",
      ),
    );
  }
  return { violations, asked: questions, open, hosts };
}

/** Its hosts should have agents and none has one right now: nobody could say on which of them the first new one may start. */
function nowhere(agent: Agent): readonly Violation[] {
  const { kind, status } = agent.workload;
  if (kind !== "DaemonSet" || status.desired === 0) return [];
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
