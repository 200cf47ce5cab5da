/** Clause F4 by a Job of the user's: it must succeed after the first new agent has started. */
import { findJobTemplate } from "../gates/job-template.ts";
import { type Agent, agentText } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import type { Outcome } from "../model/outcome.ts";
import { job, templatePod } from "./desired/job.ts";
import { isOwnJob, waitForJob } from "./own-job.ts";
import type { Scene } from "./scene.ts";

const DEFAULT_TIMEOUT_SECONDS = 900;

/** Undefined once the Job has succeeded. */
export function verificationJob(
  scene: Scene,
  agent: Agent,
  ref: { readonly kind: "Job" | "CronJob"; readonly name: string },
): Outcome | undefined {
  const { world, record } = scene;
  const { upgrade } = world;
  const suffix = shortDigest([record.plan, agent.workload.metadata.uid, upgrade.spec.retryAttempt]);
  const name = nameFor(`${upgrade.metadata.name}-verify`, suffix);
  const existing = world.jobs.find((each) => each.metadata.name === name && isOwnJob(each, upgrade));
  const base = { clause: "F4", object: `Job/${name}` };
  if (existing === undefined) {
    const template = findJobTemplate(world, ref, "spec.components.polling.verification.job");
    if ("gate" in template) return { kind: "held", violations: [template] };
    const deadlineSeconds = upgrade.spec.components.polling?.verification.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    const note = {
      ...base,
      reason: "Verifying",
      message: `run ${ref.kind}/${ref.name} to verify that data is polled again`,
    };
    const object = job({
      upgrade,
      name,
      component: "polling",
      purpose: "verification",
      spec: templatePod(template, undefined),
      deadlineSeconds,
    });
    return { kind: "act", effect: { kind: "create", object, why: note }, note };
  }
  if (existing.state === "succeeded") return undefined;
  if (existing.state === "running") {
    const message = `Job/${name} verifies that ${agentText(agent)} polls data again`;
    return waitForJob(world, existing, { ...base, reason: "Verifying", message });
  }
  return {
    kind: "held",
    violations: [
      {
        gate: "DataPolled",
        object: `Job/${name}`,
        reason: "VerificationFailed",
        message:
          `the verification Job failed: ${existing.failure?.reason ?? "unknown"} ${existing.failure?.message ?? ""}`.trimEnd(),
        remedy: `read why with: kubectl logs -n ${upgrade.metadata.namespace} job/${name}; then raise spec.retryAttempt`,
        severity: "Error",
      },
    ],
  };
}
