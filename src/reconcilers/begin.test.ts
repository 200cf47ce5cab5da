/** What there is to do before anything is written: nothing, where there is nothing to write. */
import { expect, test } from "vitest";
import {
  aConfigObject,
  aContainer,
  aDaemonSet,
  aDeployment,
  aJob,
  anObservation,
  anUpgrade,
  aRecord,
  aRecordedTarget,
  NEW_IMAGE,
  NOW,
  OLD_IMAGE,
  podsOf,
  type WorkloadWords,
} from "../../test/support/builders.ts";
import { FINALIZER } from "../api/v1alpha1/names.ts";
import type { SpecInput } from "../api/v1alpha1/schema.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { digestText, nameFor } from "../model/digest.ts";
import type { Job, Workload } from "../model/observation.ts";
import { formatTime } from "../model/time.ts";
import { decide } from "./decide.ts";
import { migrationJobName } from "./migration-jobs.ts";
import { mountsFor } from "./targets.ts";

const migrated: SpecInput["components"]["database"] = {
  action: "Upgrade",
  jobFrom: { kind: "Deployment", name: "notification" },
};

/** The copy that the operator makes of a definition file. */
function copyOf(key: string, text: string) {
  const digest = digestText(text);
  return { kind: "ConfigMap" as const, object: nameFor("ceilometer-definitions", digest.slice(0, 8)), key, digest };
}

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

test("definitions that the agents do not have yet are a change, though they run the target", () => {
  const meters = "metric: [{name: a, event_type: x, type: gauge, unit: u, volume: v, resource_id: r}]\n";
  const files = [aConfigObject("ConfigMap", "meters", { "meters.yaml": meters })];
  const definitions = [{ kind: "ConfigMap" as const, name: "meters", key: "meters.yaml" }];
  const upgrade = anUpgrade({ target: { release: "ocata", image: NEW_IMAGE, config: { definitions } } });
  const at = (workload: Workload) =>
    decide(anObservation({ upgrade, files, workloads: [workload], pods: podsOf(workload) }));
  expect(at(aDeployment({ name: "notification", image: NEW_IMAGE })).effect?.why.reason).toBe("Holding");
  // As an attempt before has left them.
  const [mount] = mountsFor(
    "notification",
    { definitions: [{ ...copyOf("meters.yaml", meters), path: "/etc/ceilometer/meters.yaml" }] },
    { name: "ocata", major: 8 },
  );
  if (mount === undefined) throw new Error("it is not mounted");
  const volumeMounts = [{ name: mount.volume, mountPath: mount.path, subPath: mount.key }];
  const there = aDeployment({
    name: "notification",
    containers: [aContainer({ image: NEW_IMAGE, volumeMounts })],
    volumes: [{ name: mount.volume, configMap: { name: mount.object } }],
  });
  expect(at(there).phase).toBe("NoChange");
});

test("two definition files of one name are refused: there is one place for both", () => {
  const meters = "metric: [{name: a, event_type: x, type: gauge, unit: u, volume: v, resource_id: r}]\n";
  const files = ["one", "two"].map((name) => aConfigObject("ConfigMap", name, { "meters.yaml": meters + "#" + name }));
  const definitions = files.map(({ metadata }) => ({
    kind: "ConfigMap" as const,
    name: metadata.name,
    key: "meters.yaml",
  }));
  const upgrade = anUpgrade({ target: { release: "ocata", image: NEW_IMAGE, config: { definitions } } });
  const workloads = [aDeployment({ name: "notification" })];
  const { findings, phase } = decide(anObservation({ upgrade, files, workloads }));
  expect(phase).toBe("Held");
  expect(findings).toContainEqual(
    expect.objectContaining({ object: "ConfigMap/two", reason: "ConfigurationInvalid", severity: "Error" }),
  );
});

test("a publisher of somebody's own holds, until a person answers for it; the word is in the attempt's record", () => {
  const text = "sources: [{name: a, meters: ['*'], sinks: [b]}]\nsinks: [{name: b, publishers: ['acme://']}]";
  const files = [aConfigObject("Secret", "given", { "pipeline.yaml": text })];
  const pipeline = { kind: "Secret" as const, name: "given", key: "pipeline.yaml" };
  const operator = { secrets: ["given"] };
  const acme = {
    check: "PluginUnknown" as const,
    object: "Publisher/acme",
    reason: "our image brings it",
    expiresAt: formatTime(NOW + 1000),
  };
  const at = (acceptedRisks: SpecInput["acceptedRisks"]) => {
    const target = { release: "ocata", image: NEW_IMAGE, config: { pipeline } };
    const upgrade = anUpgrade({ target, acceptedRisks }, { finalizers: [FINALIZER] });
    const notification = aDeployment({ name: "notification" });
    return decide(anObservation({ upgrade, operator, files, workloads: [notification], pods: podsOf(notification) }));
  };
  const held = at([]);
  expect([held.phase, held.headline.reason, held.headline.object, held.effect]).toEqual([
    "Held",
    "PluginUnknown",
    "Publisher/acme",
    undefined,
  ]);
  expect(at([{ ...acme, object: "Publisher/other" }]).phase).toBe("Held");
  const { effect } = at([acme]);
  expect(effect?.why.reason).toBe("AttemptStarted");
  expect(JSON.stringify(effect)).toContain("our image brings it");
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

test("where only the database is asked for, no older migration is run than agents or attempts have reached", () => {
  const older = { ...databaseOnly, target: { release: "newton", image: OLD_IMAGE } };
  const beside = begun(older, { image: NEW_IMAGE });
  expect([beside.phase, beside.headline.reason, beside.headline.object, beside.effect]).toEqual([
    "Held",
    "Downgrade",
    "Deployment/notification",
    undefined,
  ]);
  const ended = { state: "Completed", at: formatTime(NOW), retry: 0 } as const;
  const upgrade = anUpgrade(older, { finalizers: [FINALIZER] });
  const notification = aDeployment({ name: "notification" });
  const seen = { upgrade, workloads: [notification], pods: podsOf(notification), records: [aRecord({ ended })] };
  expect(decide(anObservation(seen)).headline).toMatchObject({
    reason: "Downgrade",
    object: "ConfigMap/ceilometer-attempt-1",
  });
  // A whole upgrade that is there does not go back either: no agent is asked for.
  const records = [aRecord({ ended, targets: [aRecordedTarget(notification)] })];
  expect(decide(anObservation({ ...seen, records })).headline.reason).toBe("Downgrade");
});

test("a record that was left open for another wish is given up and let go, where there is nothing to do", () => {
  const notification = aDeployment({ name: "notification", image: NEW_IMAGE });
  const upgrade = anUpgrade({}, { finalizers: [FINALIZER] });
  const next = (record: AttemptRecord) =>
    decide(anObservation({ upgrade, workloads: [notification], pods: podsOf(notification), records: [record] }));
  const open = next(aRecord({ inputs: "of another wish" }));
  expect([open.phase, open.effect?.why.reason]).toEqual(["NoChange", "Replanned"]);
  const ended = { state: "Superseded", at: formatTime(NOW), retry: 0 } as const;
  const held = next(aRecord({ inputs: "of another wish", ended, metadata: { finalizers: [FINALIZER] } }));
  expect(held.effect).toMatchObject({ ref: { kind: "ConfigMap" }, metadata: { finalizers: [] } });
  const free = next(aRecord({ inputs: "of another wish", ended }));
  expect(free.effect).toMatchObject({ ref: { kind: "CeilometerUpgrade" }, metadata: { finalizers: [] } });
});

test("pollsters of people's own that cannot be read yet are not taken for none", () => {
  const catalogue = { kind: "ConfigMap" as const, name: "own", key: "pollsters.yaml" };
  const targets = [{ kind: "Deployment" as const, name: "central" }];
  const upgrade = anUpgrade({
    strategy: "Partial",
    components: {
      database: { action: "Skip" },
      polling: { targets, verification: { podLog: {} }, newPollsters: { catalogue } },
    },
  });
  const central = aDeployment({ name: "central", component: "polling" });
  const told = (more: object) => {
    const seen = anObservation({ upgrade, workloads: [central], pods: podsOf(central), ...more });
    const { phase, findings } = decide(seen);
    return [phase, findings.some(({ object }) => object === "ConfigMap/own")];
  };
  expect(told({})).toEqual(["Unreadable", false]);
  expect(told({ absentFiles: ["ConfigMap/own"] })).toEqual(["Held", true]);
  // What may never be read is said, and not waited for.
  const secret = { ...catalogue, kind: "Secret" as const };
  const polling = { targets, verification: { podLog: {} }, newPollsters: { catalogue: secret } };
  const hidden = anUpgrade({ strategy: "Partial", components: { database: { action: "Skip" }, polling } });
  expect(told({ upgrade: hidden })[0]).toBe("Held");
});

test("agents on every host have no number, whatever the resource gives its component", () => {
  const collector = { targets: [{ kind: "DaemonSet" as const, name: "collector" }], replicas: 3 };
  const upgrade = anUpgrade({ components: { database: { action: "Skip" }, collector } });
  const workload = aDaemonSet({ name: "collector", component: "collector", image: NEW_IMAGE });
  expect(decide(anObservation({ upgrade, workloads: [workload], pods: podsOf(workload) })).phase).toBe("NoChange");
});
