/**
 * Clause F1. The database is upgraded first, by the target release's own command, in a Job; it is not taken offline, and the
 * agents go on meanwhile. A backup comes before it where one is asked for. Without storage the step is skipped in so many
 * words. Nothing ever downgrades the database (I10).
 */
import { LABEL } from "../api/v1alpha1/names.ts";
import type { JobFrom } from "../api/v1alpha1/schema.ts";
import { findJobTemplate } from "../gates/job-template.ts";
import { isLive } from "../model/agent.ts";
import { nameFor, shortDigest } from "../model/digest.ts";
import { readMigrationLog } from "../model/migration-log.ts";
import type { ContainerState, Job, Pod, World } from "../model/observation.ts";
import type { Note, Outcome, Violation } from "../model/outcome.ts";
import type { Container, PodSpec } from "../model/pod-template.ts";
import type { ProbeRequest } from "../model/probe.ts";
import { migrationCommand, type Release } from "../model/release.ts";
import { type Beside, besideAgent, besideTemplate, commandPod, job, templatePod } from "./desired/job.ts";
import { isMigration, migrationJobName } from "./migration-jobs.ts";
import { isOwnJob, orDelete, waitForJob, waitForPods } from "./own-job.ts";
import { allAgents, isOfPlan, type PhaseReconciler, type Scene } from "./scene.ts";
import { findContainer } from "./targets.ts";

const CLAUSE = "F1";
const BACKUP_DEADLINE_SECONDS = 86_400;

export const database: PhaseReconciler = (scene) => {
  const { spec } = scene.world.upgrade;
  const step = spec.components.database;
  if (step.action === "Skip") {
    const message = "skipped, as spec.components.database.action says: no storage stands behind this Ceilometer";
    return { kind: "settled", skipped: true, note: { reason: "DatabaseSkipped", message, clause: CLAUSE } };
  }
  // Nothing is written to a workload before this step is settled, so such a write is proof of it: the Job may have been
  // removed since, by its time to live or by somebody.
  if (allAgents(scene.agents).some((agent) => isOfPlan(agent, scene.record.plan))) {
    return {
      kind: "settled",
      note: { reason: "DatabaseUpgraded", message: "the database is upgraded", clause: CLAUSE },
    };
  }
  const name = migrationJobName(scene.world.upgrade);
  const existing = scene.world.jobs.find((each) => each.metadata.name === name);
  if (existing === undefined) return another(scene) ?? backedUp(scene) ?? migrate(scene, name, step.jobFrom);
  if (!isOwnJob(existing, scene.world.upgrade)) return { kind: "held", violations: [foreign(existing)] };
  return watch(scene, existing);
};

/** I10: its new schema only adds, so that old agents understand it; nothing ever takes it back. */
export const keptDatabase: Outcome = {
  kind: "settled",
  skipped: true,
  note: {
    reason: "DatabaseKept",
    message: "the database keeps its new schema, which old agents understand; it is never taken back",
    clause: "I10",
  },
};

const runningMigration = ({ jobs, upgrade }: World): Job | undefined =>
  jobs.find((job) => isOwnJob(job, upgrade) && job.state === "running" && isMigration(job));

/**
 * It has run nothing, and waits for other images than are wanted now, of which the registry says that there are none. Each of its
 * containers may be the one that migrates: beside one without an image the others run.
 */
function lacksImage({ pods, upgrade }: World, { metadata: { uid } }: Job): boolean {
  const own = pods.filter((pod) => pod.metadata.owner?.uid === uid && isLive(pod));
  const states = own.flatMap((pod) => pod.containers.map(({ name }) => pod.states.find((each) => each.name === name)));
  return states.length > 0 && states.every((state) => isNowhere(state, upgrade.spec.target.image));
}

/** A registry that does not answer, or wants a password, may give the image at any moment. */
function isNowhere(state: ContainerState | undefined, wanted: string): boolean {
  if (state?.waiting === undefined) return false;
  const { image, restarts, terminated, waiting } = state;
  if (image === wanted || restarts > 0 || terminated !== undefined) return false;
  const isPull = ["ErrImagePull", "ImagePullBackOff"].includes(waiting.reason);
  return waiting.reason === "InvalidImageName" || (isPull && /not found|manifest unknown/i.test(waiting.message));
}

/**
 * Its Job was deleted, and the migration itself has not ended: a pod that is told to stop may go on for a while. It may be of a resource
 * that was deleted, too, and made anew under its name.
 */
function stopping(world: World, clause: string): Outcome | undefined {
  const { pods, jobs } = world;
  const uids = new Set(jobs.map(({ metadata }) => metadata.uid));
  const left = pods.find(
    (pod) =>
      isLive(pod) && pod.metadata.labels[LABEL.purpose] === "migration" && !uids.has(pod.metadata.owner?.uid ?? ""),
  );
  if (left === undefined) return undefined;
  const object = `Pod/${left.metadata.name}`;
  const where = left.nodeName === undefined ? "" : ` on ${left.nodeName}`;
  const message = `${object} of a migration whose Job was deleted has not ended yet${where}: two migrations never run at once`;
  const note = { reason: "WaitingForJob", message, clause, object };
  return orDelete(waitForPods(world, [left], note), note);
}

/**
 * The target was changed, or a retry asked for, while a migration runs: two would change one schema at once, and the older release's
 * might end last. One whose pod cannot start may start at any moment, but for one that has no image to start from: that is what the
 * target was corrected for.
 */
function another({ world }: Scene): Outcome | undefined {
  const running = runningMigration({ ...world, jobs: world.jobs.filter((each) => !lacksImage(world, each)) });
  if (running === undefined) return stopping(world, CLAUSE);
  const object = `Job/${running.metadata.name}`;
  const message = `${object} was started before and still runs: two migrations never run at once`;
  return waitOut(world, running, { reason: "WaitingForJob", message, clause: CLAUSE, object });
}

/** It is waited for, and not for what it brings: where it cannot start, to delete it is a remedy, too. */
function waitOut(world: World, running: Job, note: Note): Outcome {
  return orDelete(waitForJob(world, running, note), note);
}

/** On a way back the database stays as it is; a migration that still runs is not torn off, and the way back does not end before it. */
export const databaseKept: PhaseReconciler = ({ world }) => {
  const running = runningMigration(world);
  if (running === undefined) return stopping(world, "I10") ?? keptDatabase;
  const object = `Job/${running.metadata.name}`;
  const message = `${object} still runs: a migration is not torn off in the middle`;
  return waitOut(world, running, { reason: "WaitingForJob", message, clause: "I10", object });
};

function foreign(job: Job): Violation {
  return {
    gate: "DatabaseFirst",
    object: `Job/${job.metadata.name}`,
    reason: "NameTaken",
    message: "a Job of that name exists and belongs to somebody else",
    remedy: "delete it, or raise spec.retryAttempt",
    severity: "Error",
  };
}

type MigrationPod =
  | { readonly kind: "pod"; readonly spec: PodSpec; readonly beside: Beside }
  | { readonly kind: "refused"; readonly violation: Violation };

/** The pod of the migration, or why there is none. */
export function migrationPod(world: World, target: Release, from: JobFrom): MigrationPod {
  const { image } = world.upgrade.spec.target;
  const field = "spec.components.database.jobFrom";
  const refuse = (reason: string, message: string, remedy: string): MigrationPod => ({
    kind: "refused",
    violation: { gate: "JobTemplate", object: `${from.kind}/${from.name}`, reason, message, remedy, severity: "Error" },
  });
  // Another container than the named one would migrate by its own image: by the old one, where it is a template's.
  const lacks = (containers: readonly Container[]): boolean =>
    from.container !== undefined && !containers.some(({ name }) => name === from.container);
  const lacking = (): MigrationPod =>
    refuse("ContainerNotFound", `it has no container called ${from.container}`, `correct ${field}.container`);
  if (from.kind === "Job" || from.kind === "CronJob") {
    const template = findJobTemplate(world, { kind: from.kind, name: from.name }, field);
    if ("gate" in template) return { kind: "refused", violation: template };
    if (lacks(template.spec.containers)) return lacking();
    return { kind: "pod", spec: templatePod(template, image, from.container), beside: besideTemplate(template) };
  }
  const workload = world.workloads.find((each) => each.kind === from.kind && each.metadata.name === from.name);
  if (workload === undefined) {
    const message = `${from.kind}/${from.name}, named in ${field}, does not exist`;
    return refuse("TemplateNotFound", message, `correct ${field}`);
  }
  const { containers } = workload.template.spec;
  if (lacks(containers)) return lacking();
  const index =
    findContainer("notification", containers, from.container) ?? findContainer("polling", containers, undefined);
  const container = index === undefined ? undefined : containers[index];
  if (container === undefined) {
    const message = "none of its containers looks like an agent of Ceilometer";
    return refuse("ContainerNotFound", message, `set ${field}.container`);
  }
  const pod = commandPod(workload.template, container, image, migrationCommand(target));
  return { kind: "pod", spec: pod, beside: besideAgent(workload.template) };
}

function migrate(scene: Scene, name: string, from: JobFrom | undefined): Outcome {
  const { world } = scene;
  const { upgrade } = world;
  // Admission refuses Upgrade without jobFrom; a resource stored before that rule still gets an answer.
  if (from === undefined) {
    const violation: Violation = {
      gate: "DatabaseFirst",
      object: `CeilometerUpgrade/${upgrade.metadata.name}`,
      reason: "TemplateNotFound",
      message: "spec.components.database.jobFrom is missing",
      remedy: "name a workload or Job to take the migration's pod from",
      severity: "Error",
    };
    return { kind: "held", violations: [violation] };
  }
  const pod = migrationPod(world, scene.target, from);
  if (pod.kind === "refused") return { kind: "held", violations: [pod.violation] };
  const command =
    from.kind === "Job" || from.kind === "CronJob"
      ? `${from.kind}/${from.name}`
      : migrationCommand(scene.target).join(" ");
  const note = {
    reason: "MigratingDatabase",
    message: `run ${command} of ${scene.target.name}; the database stays online and the agents go on`,
    clause: CLAUSE,
    object: `Job/${name}`,
  };
  const object = job({
    upgrade,
    name,
    component: "database",
    purpose: "migration",
    spec: pod.spec,
    beside: pod.beside,
    deadlineSeconds: upgrade.spec.components.database.deadlineSeconds,
  });
  return { kind: "act", effect: { kind: "create", object, why: note }, note };
}

function watch(scene: Scene, existing: Job): Outcome {
  const object = `Job/${existing.metadata.name}`;
  if (existing.state === "succeeded") {
    return {
      kind: "settled",
      note: { reason: "DatabaseUpgraded", message: `${object} has upgraded the database`, clause: CLAUSE, object },
    };
  }
  if (existing.state === "running") {
    const note = { reason: "MigratingDatabase", message: `${object} runs`, clause: CLAUSE, object };
    return waitForJob(scene.world, existing, note);
  }
  return failed(scene, existing, "DatabaseUpgradeFailed", "the database migration");
}

/** Container, exit code, reason; what is known of its termination message and, where logs may be read, of its log; else how to read it. */
function failed(scene: Scene, existing: Job, reason: string, what: string): Outcome {
  const { namespace, name } = existing.metadata;
  const pod = scene.world.pods.find((each) => each.metadata.owner?.uid === existing.metadata.uid);
  const state = pod?.states.find((each) => each.terminated !== undefined);
  const probe = pod === undefined || state === undefined ? undefined : logProbe(scene, pod, state.name);
  const known = probe === undefined ? undefined : scene.world.probes.get(probe.id);
  const says = known?.verdict === "pass" ? `; its log says: ${known.reason}` : "";
  return {
    kind: "failed",
    violation: {
      gate: "DatabaseFirst",
      object: `Job/${name}`,
      reason,
      message: `${what} failed: ${existing.failure?.reason ?? "unknown reason"}${howItEnded(state)}${says}`,
      remedy: `read its log with: kubectl logs -n ${namespace} job/${name}; mend the cause, then raise spec.retryAttempt`,
      severity: "Error",
    },
    ...(probe === undefined || known !== undefined ? {} : { probes: [probe] }),
  };
}

function howItEnded(state: ContainerState | undefined): string {
  const ended = state?.terminated;
  if (state === undefined || ended === undefined) return "";
  // The message may be the log's last lines (FallbackToLogsOnError), with addresses and passwords: it is read and never shown.
  const words = [ended.reason, readMigrationLog(ended.message) ?? ""].filter((word) => word !== "").join(": ");
  return `; container ${state.name} ended with exit code ${ended.exitCode} (${words})`;
}

/** Asked once: the log of a pod that has ended does not change. */
function logProbe(scene: Scene, pod: Pod, container: string): ProbeRequest | undefined {
  if (!scene.world.operator.podLogs || isLive(pod)) return undefined;
  const { namespace, name, uid } = pod.metadata;
  const id = `migration/${uid}/${container}`;
  return { kind: "podLog", id, namespace, pod: name, container, question: { about: "migration" } };
}

/**
 * The backup of this plan and retry that runs, has failed or is to be made; and those that have succeeded. One that has become too
 * old by the time the migration can begin is followed by another, whose name is made of its uid.
 */
function backupJob({ world: { jobs, upgrade }, record }: Scene): {
  readonly name: string;
  readonly existing: Job | undefined;
  readonly outlived: readonly Job[];
} {
  const outlived: Job[] = [];
  for (;;) {
    const last = outlived.at(-1)?.metadata.uid;
    const made = [record.plan, upgrade.spec.retryAttempt, ...(last === undefined ? [] : [last])];
    const name = nameFor(`${upgrade.metadata.name}-backup`, shortDigest(made));
    const existing = jobs.find((each) => each.metadata.name === name && isOwnJob(each, upgrade));
    if (existing?.state !== "succeeded") return { name, existing, outlived };
    outlived.push(existing);
  }
}

/** Undefined once a backup has succeeded recently enough, or none is asked for. */
function backedUp(scene: Scene): Outcome | undefined {
  const { world } = scene;
  const { upgrade } = world;
  const backup = upgrade.spec.components.database.backup;
  if (backup === undefined) return undefined;
  const template = findJobTemplate(world, backup.jobFrom, "spec.components.database.backup.jobFrom");
  if ("gate" in template) return { kind: "held", violations: [template] };

  const { name, existing, outlived } = backupJob(scene);
  const oldest = world.now - backup.maxAgeSeconds * 1000;
  const source = (backup.jobFrom.kind === "CronJob" ? world.cronJobs : world.jobs).find(
    (each) => each.metadata.name === backup.jobFrom.name,
  );
  const isBackup = (each: Job): boolean =>
    outlived.includes(each) ||
    each.metadata.owner?.uid === source?.metadata.uid ||
    each.metadata.uid === source?.metadata.uid;
  const recent = world.jobs.some(
    (each) => isBackup(each) && each.state === "succeeded" && (each.finishedAt ?? 0) >= oldest,
  );
  if (recent) return undefined;

  const base = { clause: CLAUSE, object: `Job/${name}` };
  if (existing?.state === "running") {
    const note = { ...base, reason: "BackingUp", message: `Job/${name} backs up before the migration` };
    return waitForJob(world, existing, note);
  }
  if (existing?.state === "failed") return failed(scene, existing, "BackupFailed", "the backup");
  const note = {
    ...base,
    reason: "BackingUp",
    message: `no backup succeeded in the last ${backup.maxAgeSeconds} s: run ${backup.jobFrom.kind}/${backup.jobFrom.name}`,
  };
  const object = job({
    upgrade,
    name,
    component: "database",
    purpose: "backup",
    spec: templatePod(template, undefined),
    beside: besideTemplate(template),
    deadlineSeconds: BACKUP_DEADLINE_SECONDS,
  });
  return { kind: "act", effect: { kind: "create", object, why: note }, note };
}
