/**
 * Clause F4: after the first polling agent has started it is verified that data is polled again. Answers pass, fail or
 * inconclusive; anything but a pass holds the others back. A ready pod alone proves nothing: an agent whose polling file is
 * broken stays ready and polls nothing.
 */
import type { Verification } from "../api/v1alpha1/schema.ts";
import { type Agent, agentText, newPods } from "../model/agent.ts";
import type { Pod } from "../model/observation.ts";
import type { ProbeRequest, ProbeResult } from "../model/probe.ts";
import { intervalsToFirstPoll, logsFinishedPolls, type Release } from "../model/release.ts";
import type { Millis } from "../model/time.ts";

/** What is left over beside the polling interval: image start, first connection, first answer. */
const SLACK_SECONDS = 300;

/** How long a verification may take: more than the longest interval, or it would fail agents that are merely waiting. */
export function verificationTimeout(
  verification: Verification,
  target: Release,
  longestIntervalSeconds: number,
): Millis {
  const seconds = verification.timeoutSeconds ?? intervalsToFirstPoll(target) * longestIntervalSeconds + SLACK_SECONDS;
  return seconds * 1000;
}

/** The probe that asks one pod, where the verification is one that asks pods. */
export function probeFor(
  verification: Verification,
  container: string,
  pod: Pod,
  release: Release,
): ProbeRequest | undefined {
  const { namespace, name, uid } = pod.metadata;
  if (verification.podLog !== undefined) {
    const { text } = verification.podLog;
    return {
      kind: "podLog",
      // A container that was started again writes a new log: the pod's uid and name stay the same, the question too.
      id: `podLog/${uid}/${container}/${logsFinishedPolls(release) ? "finished" : "began"}/${text ?? ""}`,
      namespace,
      pod: name,
      container,
      question: { about: "polling", finished: logsFinishedPolls(release), ...(text === undefined ? {} : { text }) },
    };
  }
  if (verification.exporter !== undefined && pod.podIP !== undefined) {
    const { port } = verification.exporter;
    return { kind: "exporter", id: `exporter/${uid}/${port}`, address: pod.podIP, port };
  }
  return undefined;
}

export type Answer =
  | { readonly kind: "pass"; readonly reason: string }
  | {
      readonly kind: "no";
      readonly reason: string;
      readonly probes: readonly ProbeRequest[];
      readonly conclusive: boolean;
      /** Somebody has not been heard yet: that nothing shows it says nothing, however long ago the agent was started. */
      readonly isOpen: boolean;
    };

/** What a wait for an answer says of it: whether somebody has not been heard at all. */
export const unheardOf = ({ isOpen }: Extract<Answer, { kind: "no" }>): { readonly unheard?: true } =>
  isOpen ? { unheard: true } : {};

/** Is data polled again, as far as the pods of the first new agent tell? */
export function dataPolled(
  agent: Agent,
  verification: Verification,
  target: Release,
  probes: ReadonlyMap<string, ProbeResult>,
): Answer {
  const pods = askable(agent);
  const asked: ProbeRequest[] = [];
  let last: ProbeResult | undefined;
  for (const pod of pods) {
    const probe = probeFor(verification, agent.container.name, pod, target);
    if (probe === undefined) continue;
    asked.push(probe);
    const result = probes.get(probe.id);
    if (result?.verdict === "pass") return { kind: "pass", reason: result.reason };
    last = result ?? last;
  }
  return {
    kind: "no",
    reason: last?.reason ?? `no answer from a pod of ${agentText(agent)} yet`,
    probes: asked,
    conclusive: last?.verdict === "fail",
    isOpen: isUnseen(agent, pods) || asked.some(({ id }) => !probes.has(id)),
  };
}

/** A pod that is told to go says nothing of the one that comes in its place. */
export const askable = (agent: Agent): readonly Pod[] =>
  newPods(agent).filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);

/** Its controller counts some already: pods come by another watch than their workload's status, and may be late. */
const isUnseen = ({ workload }: Agent, pods: readonly Pod[]): boolean =>
  pods.length === 0 && workload.status.available > 0;
