/** The database on a way back: kept, and not before a migration that runs has ended. And whose pod migrates it. */
import { expect, test } from "vitest";
import { aCronJob, aDeployment, aJob, anUpgrade, aRecord, aWorld } from "../../test/support/builders.ts";
import { ANNOTATION, LABEL } from "../api/v1alpha1/names.ts";
import { databaseKept, migrationPod } from "./database.ts";

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
