/** The database on a way back: kept, and not before a migration that runs has ended. And whose pod migrates it. */
import { expect, test } from "vitest";
import {
  aContainer,
  aCronJob,
  aDeployment,
  aJob,
  anUpgrade,
  aPod,
  aRecord,
  aWorld,
  NOW,
} from "../../test/support/builders.ts";
import { ANNOTATION, LABEL } from "../api/v1alpha1/names.ts";
import type { Job, Pod } from "../model/observation.ts";
import { database, databaseKept, migrationPod } from "./database.ts";
import { migrationJobName } from "./migration-jobs.ts";

const upgrade = anUpgrade();
const owner = { kind: "CeilometerUpgrade", name: upgrade.metadata.name, uid: upgrade.metadata.uid };
const left = { collector: [], notification: [], polling: [], api: [] };

function kept(state: "running" | "succeeded", purpose: string) {
  const job = aJob("db", { state, metadata: { owner, labels: { [LABEL.purpose]: purpose } } });
  const world = aWorld({ upgrade, jobs: [job] });
  return databaseKept({ world, record: aRecord(), agents: left, left, target: { name: "newton", major: 7 } });
}

test.each([
  ["running", "migration", "wait", "WaitingForJob"],
  ["succeeded", "migration", "settled", "DatabaseKept"],
  ["running", "gate", "settled", "DatabaseKept"],
] as const)("a %s Job of the %s: %s", (state, purpose, kind, reason) => {
  expect(kept(state, purpose)).toMatchObject({ kind, note: { reason } });
});

test("a migration that somebody suspended holds, and how it goes on is said", () => {
  const labels = { [LABEL.purpose]: "migration" };
  const job = aJob("db", { state: "running", suspended: true, metadata: { owner, labels } });
  const world = aWorld({ upgrade, jobs: [job] });
  const target = { name: "newton", major: 7 };
  const outcome = databaseKept({ world, record: aRecord(), agents: left, left, target });
  expect(outcome).toMatchObject({ kind: "held", violations: [{ reason: "JobSuspended", object: "Job/db" }] });
  const remedy = outcome?.kind === "held" ? outcome.violations[0].remedy : undefined;
  expect(remedy).toContain("kubectl patch job -n openstack db ");
});

test.each([
  ["Job", "source", "job", "pod"],
  ["Job", "source", "nobody", "refused"],
  ["CronJob", "source", "job", "pod"],
  ["CronJob", "source", "nobody", "refused"],
  ["Deployment", "notification", undefined, "pod"],
  ["Deployment", "notification", "nobody", "refused"],
] as const)("the pod of a %s %s, container %s: %s", (kind, name, container, found) => {
  const allowed = { annotations: { [ANNOTATION.allowJobFrom]: "true" } };
  const world = aWorld({
    upgrade,
    workloads: [aDeployment({ name: "notification" })],
    jobs: [aJob("source", { metadata: allowed })],
    cronJobs: [aCronJob("source", allowed)],
  });
  const from = { kind, name, ...(container === undefined ? {} : { container }) };
  const pod = migrationPod(world, { name: "ocata", major: 8 }, from);
  expect(pod.kind).toBe(found);
  if (pod.kind === "refused")
    expect(pod.violation).toMatchObject({ reason: "ContainerNotFound", object: `${kind}/${name}` });
});

test("a pod that is made of a Job's has the annotations of that one, which sidecars and secrets hang on", () => {
  const annotations = { "sidecar.istio.io/inject": "false" };
  const named = (name: string) => {
    const job = aCronJob(name, { annotations: { [ANNOTATION.allowJobFrom]: "true" } });
    return { ...job, template: { ...job.template, annotations } };
  };
  const from = (name: string) => ({ jobFrom: { kind: "CronJob" as const, name } });
  const backup = { ...from("dump"), maxAgeSeconds: 60 };
  const annotated = (more: object) => {
    const components = { database: { action: "Upgrade" as const, ...from("migrate"), ...more } };
    const world = aWorld({ upgrade: anUpgrade({ components }), cronJobs: [named("dump"), named("migrate")] });
    const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
    return outcome.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object : outcome;
  };
  const template = { metadata: { annotations } };
  expect(annotated({})).toMatchObject({ spec: { template } });
  expect(annotated({ backup })).toMatchObject({ spec: { template } });
  // On the Job itself stands what is the operator's own.
  expect(annotated({})).not.toMatchObject({ metadata: { annotations } });
});

test("a migration gets no sidecar that the agents whose pod it is made of refuse, and none that they ask for", () => {
  const workload = aDeployment({ name: "notification" });
  const labels = { app: "notification", "kuma.io/sidecar-injection": "disabled" };
  const refused = { "sidecar.istio.io/inject": "false" };
  const annotations = { ...refused, "linkerd.io/inject": "enabled", "prometheus.io/scrape": "true" };
  const workloads = [{ ...workload, template: { ...workload.template, labels, annotations } }];
  const jobFrom = { kind: "Deployment" as const, name: "notification" };
  const components = { database: { action: "Upgrade" as const, jobFrom } };
  const world = aWorld({ upgrade: anUpgrade({ components }), workloads });
  const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
  const made = outcome.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object : outcome;
  expect(made).toHaveProperty("spec.template.metadata.annotations", refused);
  expect(made).toHaveProperty(["spec", "template", "metadata", "labels", "kuma.io/sidecar-injection"], "disabled");
  expect(made).not.toHaveProperty("spec.template.metadata.labels.app");
});

test("the pod of a Job has the label of that one by which a mesh goes, and none of its others", () => {
  const labels = { app: "notification", "sidecar.istio.io/inject": "false" };
  const job = aCronJob("migrate", { annotations: { [ANNOTATION.allowJobFrom]: "true" } });
  const cronJobs = [{ ...job, template: { ...job.template, labels } }];
  const components = {
    database: { action: "Upgrade" as const, jobFrom: { kind: "CronJob" as const, name: "migrate" } },
  };
  const world = aWorld({ upgrade: anUpgrade({ components }), cronJobs });
  const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
  const made = outcome.kind === "act" && outcome.effect.kind === "create" ? outcome.effect.object : outcome;
  expect(made).toHaveProperty(["spec", "template", "metadata", "labels", "sidecar.istio.io/inject"], "false");
  expect(made).not.toHaveProperty("spec.template.metadata.labels.app");
});

test("a backup that has become too old before the migration began is made again, under another name", () => {
  const allowed = { annotations: { [ANNOTATION.allowJobFrom]: "true" } };
  const components = {
    database: {
      action: "Upgrade" as const,
      jobFrom: { kind: "CronJob" as const, name: "migrate" },
      backup: { jobFrom: { kind: "CronJob" as const, name: "dump" }, maxAgeSeconds: 60 },
    },
  };
  const asks = anUpgrade({ components });
  const next = (jobs: readonly Job[]) => {
    const world = aWorld({ upgrade: asks, jobs, cronJobs: [aCronJob("dump", allowed), aCronJob("migrate", allowed)] });
    const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
    if (outcome.kind !== "act" || outcome.effect.kind !== "create") throw new Error(outcome.kind);
    return { reason: outcome.note.reason, name: outcome.effect.object.metadata.name };
  };
  const done = (name: string, ageSeconds: number): Job =>
    aJob(name, { state: "succeeded", finishedAt: NOW - ageSeconds * 1000, metadata: { owner } });
  const first = next([]);
  expect(first.reason).toBe("BackingUp");
  const old = done(first.name, 61);
  const second = next([old]);
  expect(second.reason).toBe("BackingUp");
  expect(second.name).not.toBe(first.name);
  expect(next([old, done(second.name, 59)]).reason).toBe("MigratingDatabase");
});

test.each([
  ["running", "wait"],
  ["succeeded", "act"],
  ["failed", "act"],
] as const)("beside a migration of before that is %s: %s", (state, kind) => {
  const components = {
    database: { action: "Upgrade" as const, jobFrom: { kind: "Deployment" as const, name: "notification" } },
  };
  const asks = anUpgrade({ components });
  const before = aJob("db-of-before", { state, metadata: { owner, labels: { [LABEL.purpose]: "migration" } } });
  const world = aWorld({ upgrade: asks, workloads: [aDeployment({ name: "notification" })], jobs: [before] });
  const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
  expect(outcome.kind).toBe(kind);
  if (outcome.kind === "wait") expect(outcome.note.message).toContain("two migrations never run at once");
});

const ENDED = { exitCode: 0, reason: "Completed", message: "" };
const GONE = 'ErrImagePull: failed to resolve reference "registry.example/ceilometer:typo": not found';
test.each([
  ["CreateContainerConfigError", "typo", "no such key", 0, "held"],
  ["ImagePullBackOff", "typo", GONE, 1, "held"],
  // Such a registry may give the image at any moment, and so may one that had no password for it.
  ["ErrImagePull", "typo", "dial tcp 10.0.0.1:443: i/o timeout", 0, "held"],
  ["ErrImagePull", "ocata", GONE, 0, "held"],
  // The target was corrected for just that: it has run nothing, and will not.
  ["ImagePullBackOff", "typo", GONE, 0, "act"],
  ["InvalidImageName", "typo", "", 0, "act"],
] as const)(
  "a migration of before whose pod waits with %s of %s (%s), after %i restarts: %s",
  (reason, tag, message, restarts, kind) => {
    const before = aJob("db-of-before", { metadata: { owner, labels: { [LABEL.purpose]: "migration" } } });
    const stuck = aPod(aDeployment({ name: "db" }), {
      phase: "Pending",
      ready: false,
      state: { image: `registry.example/ceilometer:${tag}`, restarts, waiting: { reason, message } },
      owner: { kind: "Job", name: "db-of-before", uid: before.metadata.uid },
    });
    const components = {
      database: { action: "Upgrade" as const, jobFrom: { kind: "Deployment" as const, name: "notification" } },
    };
    const workloads = [aDeployment({ name: "notification" })];
    const world = aWorld({ upgrade: anUpgrade({ components }), workloads, jobs: [before], pods: [stuck] });
    const outcome = database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
    expect(outcome.kind).toBe(kind);
    if (outcome.kind !== "held") return;
    expect(outcome.violations[0].message).toContain("Job/db-of-before was started before");
    expect(outcome.violations[0].remedy).toMatch(/or delete Job\/db-of-before$/);
  },
);

test("a migration that cannot start keeps a way back from its end until it is deleted, which is said", () => {
  const job = aJob("db", { metadata: { owner, labels: { [LABEL.purpose]: "migration" } } });
  const pod = aPod(aDeployment({ name: "db" }), {
    phase: "Pending",
    ready: false,
    state: { waiting: { reason: "ErrImagePull", message: GONE } },
    owner: { kind: "Job", name: "db", uid: job.metadata.uid },
  });
  const world = aWorld({ upgrade, jobs: [job], pods: [pod] });
  const target = { name: "newton", major: 7 };
  const outcome = databaseKept({ world, record: aRecord(), agents: left, left, target });
  if (outcome.kind !== "held") throw new Error(outcome.kind);
  expect(outcome.violations[0].message).toContain("Job/db still runs");
  // Its image is not the target's of the way back: to correct that changes nothing.
  expect(outcome.violations[0].remedy).toMatch(/or delete Job\/db$/);
});

test("a migration that runs is waited for, though another container of its pod lacks an image (F1)", () => {
  const before = aJob("db-of-before", { metadata: { owner, labels: { [LABEL.purpose]: "migration" } } });
  const nowhere = { restarts: 0, ready: false, waiting: { reason: "ErrImagePull", message: GONE } };
  const started = { restarts: 0, ready: true };
  const beside = (migration: object, more: Partial<Pod> = {}) => {
    const template = aDeployment({
      name: "db",
      containers: [aContainer({ name: "db" }), aContainer({ name: "proxy" })],
    });
    const pod = aPod(template, {
      ready: false,
      owner: { kind: "Job", name: "db-of-before", uid: before.metadata.uid },
    });
    const states = [
      { name: "wait-for-db", image: "registry.example/wait:1", ready: true, restarts: 0, terminated: ENDED },
      { name: "db", image: "registry.example/ceilometer:typo", ...started, ...migration },
      { name: "proxy", image: "registry.example/proxy:gone", ...nowhere },
    ];
    const components = {
      database: { action: "Upgrade" as const, jobFrom: { kind: "Deployment" as const, name: "notification" } },
    };
    const workloads = [aDeployment({ name: "notification" })];
    const pods = [{ ...pod, phase: "Pending", states, ...more }];
    const world = aWorld({ upgrade: anUpgrade({ components }), workloads, jobs: [before], pods });
    return database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } }).kind;
  };
  expect(beside({})).toBe("held");
  expect(beside({ waiting: { reason: "ContainerCreating", message: "" } })).toBe("held");
  // It starts as soon as there is what comes before it, beside that of a retry.
  const initializing = { waiting: { reason: "PodInitializing", message: "" } };
  const first = { name: "wait-for-db", image: "registry.example/wait:gone", ...nowhere };
  const [db, proxy] = ["db", "proxy"].map((name) => ({ name, image: "", ready: false, restarts: 0, ...initializing }));
  expect(db && proxy && beside({}, { states: [first, db, proxy] })).toBe("held");
  // Nothing of it has run, nor can.
  expect(beside(nowhere)).toBe("act");
});

test("a migration whose Job was deleted is waited for until its pod has ended", () => {
  const labels = { [LABEL.upgrade]: upgrade.metadata.uid, [LABEL.purpose]: "migration" };
  const template = aDeployment({ name: "db" });
  const gone = { kind: "Job", name: "db-of-before", uid: "gone" };
  const unlabelled = aPod(template, { owner: gone, deletingSince: NOW });
  const going = { ...unlabelled, metadata: { ...unlabelled.metadata, labels } };
  const components = {
    database: { action: "Upgrade" as const, jobFrom: { kind: "Deployment" as const, name: "notification" } },
  };
  const forwards = (pods: readonly Pod[]) => {
    const asks = anUpgrade({ components });
    const world = aWorld({ upgrade: asks, workloads: [aDeployment({ name: "notification" })], pods });
    return database({ world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } });
  };
  expect(forwards([going])).toMatchObject({ kind: "wait", note: { object: "Pod/db-0" } });
  // Also one of another resource that is no more, as after `kubectl replace --force`.
  const former = { ...labels, [LABEL.upgrade]: "of-the-one-before" };
  expect(forwards([{ ...unlabelled, metadata: { ...unlabelled.metadata, labels: former } }]).kind).toBe("wait");
  expect(forwards([{ ...going, phase: "Succeeded" }]).kind).toBe("act");
  expect(forwards([unlabelled]).kind).toBe("act");
  const back = (pods: readonly Pod[]) =>
    databaseKept({
      world: aWorld({ upgrade, pods }),
      record: aRecord(),
      agents: left,
      left,
      target: { name: "newton", major: 7 },
    });
  expect(back([going])).toMatchObject({ kind: "wait", note: { clause: "I10" } });
  expect(back([])).toMatchObject({ kind: "settled" });
});

test("a migration on a host that does not answer is no migration that runs: the host is named, on either way (F1, I11)", () => {
  const purpose = { [LABEL.purpose]: "migration" };
  const components = {
    database: { action: "Upgrade" as const, jobFrom: { kind: "Deployment" as const, name: "notification" } },
  };
  const asks = anUpgrade({ components });
  const job = aJob(migrationJobName(asks), { metadata: { owner, labels: purpose } });
  const after = (seconds: number, isDeleted: boolean) => {
    const pod = aPod(aDeployment({ name: "db" }), {
      node: "host-7",
      deletingSince: NOW - seconds * 1000,
      owner: { kind: "Job", name: job.metadata.name, uid: isDeleted ? "gone" : job.metadata.uid },
    });
    const labels = { [LABEL.upgrade]: upgrade.metadata.uid, ...purpose };
    const pods = [{ ...pod, metadata: { ...pod.metadata, labels } }];
    const jobs = isDeleted ? [] : [job];
    const world = aWorld({ upgrade: asks, workloads: [aDeployment({ name: "notification" })], jobs, pods });
    const scene = { world, record: aRecord(), agents: left, left, target: { name: "ocata", major: 8 } };
    return [database(scene), databaseKept(scene)];
  };
  for (const isDeleted of [false, true]) {
    const recheckAt = NOW - 10_000 + 300_001;
    for (const outcome of after(10, isDeleted)) expect(outcome).toMatchObject({ kind: "wait", recheckAt });
    for (const outcome of after(301, isDeleted)) {
      expect(outcome).toMatchObject({
        kind: "held",
        violations: [{ reason: "HostUnreachable", object: "Node/host-7" }],
      });
      // Without its Job the pod would still be there, and be waited for.
      const remedy = outcome.kind === "held" ? outcome.violations[0].remedy : "";
      expect(remedy).not.toContain("delete Job");
    }
  }
});

test("a pod of a migration whose Job was deleted, and that cannot start, is not waited for without a word (I11)", () => {
  const pod = aPod(aDeployment({ name: "db" }), {
    phase: "Pending",
    ready: false,
    state: { waiting: { reason: "ErrImagePull", message: GONE } },
    owner: { kind: "Job", name: "db-of-before", uid: "gone" },
  });
  const labels = { [LABEL.upgrade]: upgrade.metadata.uid, [LABEL.purpose]: "migration" };
  const world = aWorld({ upgrade, pods: [{ ...pod, metadata: { ...pod.metadata, labels } }] });
  const outcome = databaseKept({ world, record: aRecord(), agents: left, left, target: { name: "newton", major: 7 } });
  if (outcome.kind !== "held") throw new Error(outcome.kind);
  expect(outcome.violations[0].remedy).toMatch(/or delete Pod\/db-0$/);
});
