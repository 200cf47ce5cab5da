/** What there is to do before anything is written: nothing, where there is nothing to write. */
import { expect, test } from "vitest";
import {
  aDeployment,
  aJob,
  anObservation,
  anUpgrade,
  NEW_IMAGE,
  podsOf,
  type WorkloadWords,
} from "../../test/support/builders.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { Job } from "../model/observation.ts";
import { migrationJobName } from "./database.ts";
import { decide } from "./decide.ts";

const migrated: SpecInput["components"]["database"] = {
  action: "Upgrade",
  jobFrom: { kind: "Deployment", name: "notification" },
};

function begun(spec: Partial<SpecInput>, workload: Omit<WorkloadWords, "name">, jobs: readonly Job[] = []) {
  const notification = aDeployment({ name: "notification", ...workload });
  return decide(
    anObservation({ upgrade: anUpgrade(spec), workloads: [notification], pods: podsOf(notification), jobs }),
  );
}

test("pods that are not available at the moment are said, and are no reason to begin", () => {
  const { effect, phase, headline } = begun({}, { image: NEW_IMAGE, status: { available: 1, ready: 1 } });
  expect({ effect, phase }).toEqual({ effect: undefined, phase: "NoChange" });
  expect(headline.message).toContain("not all pods of Deployment/notification are available");
});

test("a workload of which old pods run is begun with, although its template is at the target", () => {
  const notification = aDeployment({ name: "notification", image: NEW_IMAGE, status: { updated: 0 } });
  const pods = podsOf(aDeployment({ name: "notification" }));
  expect(decide(anObservation({ workloads: [notification], pods })).effect?.why.reason).toBe("Holding");
});

const databaseOnly: Partial<SpecInput> = {
  strategy: "Partial",
  only: ["database"],
  components: {
    database: migrated,
    notification: { targets: [{ kind: "Deployment", name: "notification" }], workloadPartitioning: "Disabled" },
  },
};

test("where only the database is asked for, it is begun with, until its Job has succeeded", () => {
  expect(begun(databaseOnly, {}).effect?.why.reason).toBe("Holding");
  const upgrade = anUpgrade(databaseOnly);
  const owner = { kind: "CeilometerUpgrade", name: upgrade.metadata.name, uid: upgrade.metadata.uid };
  const job = aJob(migrationJobName(upgrade), { state: "succeeded", metadata: { owner } });
  const done = begun(databaseOnly, {}, [job]);
  expect({ effect: done.effect, phase: done.phase }).toEqual({ effect: undefined, phase: "NoChange" });
  expect(done.headline.message).toContain("the database is upgraded");
  expect(begun(databaseOnly, {}, [{ ...job, state: "failed" }]).effect?.why.reason).toBe("Holding");
});

// The API server refuses it; a resource may have been stored before it did.
test("an only that names a component which is not there is held, whether or not the database is upgraded", () => {
  const spec: Partial<SpecInput> = { ...databaseOnly, only: ["collector"] };
  const upgrade = anUpgrade(spec);
  const owner = { kind: "CeilometerUpgrade", name: upgrade.metadata.name, uid: upgrade.metadata.uid };
  const job = aJob(migrationJobName(upgrade), { state: "succeeded", metadata: { owner } });
  for (const jobs of [[], [job]]) {
    const { effect, phase, headline } = begun(spec, {}, jobs);
    expect({ effect, phase, reason: headline.reason }).toEqual({
      effect: undefined,
      phase: "Held",
      reason: "ComponentAbsent",
    });
    expect(headline.message).toContain("collector");
  }
});
