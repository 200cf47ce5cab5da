/** Everything that is checked before the first write, all of it at once, so that all failures are listed together. */

import type { AcceptedRisk } from "../api/v1alpha1/schema.ts";
import { collectorQueue } from "../gates/collector-queue.ts";
import { extraGateProblems } from "../gates/extra-gate.ts";
import { imageAllowed } from "../gates/image-allowed.ts";
import { findJobTemplate } from "../gates/job-template.ts";
import { maintenanceProblems } from "../gates/maintenance.ts";
import { releasePair } from "../gates/release-pair.ts";
import { rights } from "../gates/rights.ts";
import { type Sight, verificationSees } from "../gates/verification-sees.ts";
import { workloadFits } from "../gates/workload-fits.ts";
import type { Component } from "../model/component.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import type { ProbeRequest } from "../model/probe.ts";
import type { Release } from "../model/release.ts";
import { migrationPod } from "./database.ts";
import { type Agents, allAgents } from "./scene.ts";

export interface Preflight {
  readonly findings: readonly Violation[];
  readonly asked: readonly ProbeRequest[];
  /** Questions without any answer yet. */
  readonly open: number;
  readonly hosts: Sight["hosts"];
  /** Findings that a person answers for, of those that the attempt needs. */
  readonly accepted: readonly AcceptedRisk[];
}

export function preflight(world: World, agents: Agents, target: Release): Preflight {
  const all = allAgents(agents);
  const sight = verificationSees(agents.polling, world, target);
  const mayDo = rights(world);
  const retiring = collectorQueue(agents.collector, world, target);
  return {
    findings: [
      ...workloadFits(all, world),
      ...releasePair(all, world, target),
      ...imageAllowed(all, world),
      ...jobTemplates(world, target),
      ...retiring.violations,
      ...maintenanceProblems(world),
      ...extraGateProblems(
        world,
        (component) => isThere(world, agents, component),
        target,
        (component) => (component === "database" ? [] : agents[component]),
      ),
      ...approvalsUnused(world, agents),
      ...sight.violations,
      ...mayDo.violations,
    ],
    asked: [...sight.asked, ...mayDo.asked],
    open: sight.open + mayDo.open,
    hosts: sight.hosts,
    accepted: retiring.accepted,
  };
}

function isThere(world: World, agents: Agents, component: Component): boolean {
  if (component !== "database") return agents[component].length > 0;
  return world.upgrade.spec.components.database.action === "Upgrade";
}

/** Somebody believes that it will be waited for. */
function approvalsUnused(world: World, agents: Agents): readonly Violation[] {
  return (world.upgrade.spec.approvals ?? [])
    .filter(({ before }) => !isThere(world, agents, before))
    .map(({ before }) => ({
      gate: "Approval",
      object: `CeilometerUpgrade/${world.upgrade.metadata.name}`,
      reason: "ApprovalUnused",
      message: `spec.approvals waits before a component that this attempt does not have: ${before}`,
      remedy: "remove it, or correct it",
      severity: "Warning",
    }));
}

function jobTemplates(world: World, target: Release): readonly Violation[] {
  const { database, polling } = world.upgrade.spec.components;
  const found: Violation[] = [];
  if (database.action === "Upgrade" && database.jobFrom !== undefined) {
    const pod = migrationPod(world, target, database.jobFrom);
    if (pod.kind === "refused") found.push(pod.violation);
  }
  if (database.backup !== undefined) {
    const template = findJobTemplate(world, database.backup.jobFrom, "spec.components.database.backup.jobFrom");
    if ("gate" in template) found.push(template);
  }
  if (polling?.verification.job !== undefined) {
    const template = findJobTemplate(world, polling.verification.job, "spec.components.polling.verification.job");
    if ("gate" in template) found.push(template);
  }
  return found;
}
