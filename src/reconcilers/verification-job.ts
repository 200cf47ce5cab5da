/** Clause F4 by a Job of the user's: it must succeed after the first new agent has started. */
import { type Agent, agentText } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Scene } from "./scene.ts";
import { runTemplate } from "./template-job.ts";

const DEFAULT_TIMEOUT_SECONDS = 900;

/** Undefined once the Job has succeeded. */
export function verificationJob(
  scene: Scene,
  agent: Agent,
  ref: { readonly kind: "Job" | "CronJob"; readonly name: string },
): Outcome | undefined {
  const { world, record } = scene;
  const { upgrade } = world;
  // Agents that somebody took back and that start once more are verified once more.
  const { phase } = agent.marks;
  const suffix = shortDigest([record.plan, agent.workload.metadata.uid, upgrade.spec.retryAttempt, phase?.at]);
  const name = nameFor(`${upgrade.metadata.name}-verify`, suffix);
  const base = { clause: "F4", object: `Job/${name}`, reason: "Verifying" };
  const ran = runTemplate(scene, {
    name,
    ref,
    field: "spec.components.polling.verification.job",
    component: "polling",
    purpose: "verification",
    deadlineSeconds: upgrade.spec.components.polling?.verification.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    creates: { ...base, message: `run ${ref.kind}/${ref.name} to verify that data is polled again` },
    runs: { ...base, message: `Job/${name} verifies that ${agentText(agent)} polls data again` },
  });
  if (ran.kind === "succeeded") return undefined;
  if (ran.kind === "goesOn") return ran.outcome;
  const { failure } = ran.job;
  return {
    kind: "held",
    violations: [
      {
        gate: "DataPolled",
        object: `Job/${name}`,
        reason: "VerificationFailed",
        message: `the verification Job failed: ${failure?.reason ?? "unknown"} ${failure?.message ?? ""}`.trimEnd(),
        remedy: `read why with: kubectl logs -n ${upgrade.metadata.namespace} job/${name}; then raise spec.retryAttempt`,
        severity: "Error",
      },
    ],
  };
}
