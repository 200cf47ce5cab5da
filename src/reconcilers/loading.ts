/**
 * After agents were brought up, their logs are read for the lines of what they could not load: such an agent stays up and Ready,
 * and drops or never collects data. No line of that kind is no proof of the contrary, and no reason to wait.
 */
import { type Agent, agentText, newPods } from "../model/agent.ts";
import type { Outcome, Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";
import type { Scene } from "./scene.ts";

/** How many pods of one workload are asked at the most. */
const SAMPLE = 5;

/** Undefined where no new pod says that it could not load something, or where logs may not be read. */
export function loadingTrouble(scene: Scene, agents: readonly Agent[], clause: string): Outcome | undefined {
  const { world } = scene;
  if (!world.operator.podLogs) return undefined;
  const asked = agents.flatMap((agent) =>
    probesFor(agent).map((probe) => ({ agent, probe, answer: world.probes.get(probe.id) })),
  );
  const failed = asked.flatMap(({ agent, probe, answer }): readonly Violation[] => {
    if (answer?.verdict !== "fail") return [];
    return [
      {
        gate: "Loaded",
        object: probe.kind === "podLog" ? `Pod/${probe.pod}` : agentText(agent),
        reason: "NotLoaded",
        message: `the agent runs and has not loaded all that it was given: ${answer.reason}`,
        remedy:
          "correct the file or what it names; an agent tries a publisher again only when it starts, so restart it",
        severity: "Error",
      },
    ];
  });
  const probes = asked.filter(({ answer }) => answer?.verdict !== "pass").map(({ probe }) => probe);
  const [first, ...rest] = failed;
  if (first !== undefined) return { kind: "held", violations: [first, ...rest], probes };
  const open = asked.filter(({ answer }) => answer === undefined);
  const late = agents.find(isSeenLate);
  if (open.length === 0 && late === undefined) return undefined;
  const message =
    late === undefined
      ? "reading what the new agents say of their configuration"
      : `not all new pods of ${agentText(late)} are seen yet whose logs are to be read`;
  return { kind: "wait", note: { reason: "Loading", message, clause }, probes, unheard: true };
}

/** Pods come by another watch than the status that counts them: one that was not seen yet has not said that all is well. */
const isSeenLate = ({ workload, pods }: Agent): boolean => pods.length < workload.status.ready;

function probesFor(agent: Agent): readonly ProbeRequest[] {
  const running = newPods(agent).filter((pod) => pod.ready && pod.metadata.deletingSince === undefined);
  return running
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .slice(0, SAMPLE)
    .map(({ metadata: { namespace, name, uid } }) => ({
      kind: "podLog",
      id: `loading/${uid}/${agent.container.name}`,
      namespace,
      pod: name,
      container: agent.container.name,
      question: { about: "loading", agent: agent.component === "polling" ? "polling" : "notification" },
    }));
}
