import { expect, test } from "vitest";
import { aContainer, aDeployment, anUpgrade, aRecord, aRecordedTarget } from "../../test/support/builders.ts";
import type { RecordedPolling } from "../model/attempt.ts";
import type { Volume } from "../model/pod-template.ts";
import { compared, filesWanted } from "./files-wanted.ts";

const SETTINGS = { imagesAllowed: [], podLogs: true, secrets: ["secret-polling"], providers: [] };
const file = { path: "/etc/ceilometer/polling.yaml", volume: "ceilometer-upgrade-polling" };
const before = { mount: { name: "polling", mountPath: file.path } };

function recordWith(of: ReturnType<typeof aDeployment>, volume?: Volume) {
  const plan: RecordedPolling = {
    namespaces: ["central"],
    path: "Isolate",
    why: "",
    overlap: true,
    file,
    before: volume === undefined ? before : { ...before, volume },
  };
  return aRecord({ targets: [aRecordedTarget(of, { component: "polling", polling: plan })] });
}

test("what an attempt that was given up has put a file in place of is read still", () => {
  const volumes = [{ name: "polling", configMap: { name: "theirs" } }];
  const central = aDeployment({ name: "central", component: "polling", volumes });
  const wanted = filesWanted(anUpgrade({ strategy: "Partial" }), [central], SETTINGS, [recordWith(central)]);
  expect(wanted).toContainEqual({ kind: "ConfigMap", name: "theirs" });
});

test.each<[string, Volume, string]>([
  ["a volume that was replaced", { name: file.volume, configMap: { name: "kept" } }, "ConfigMap/kept"],
  [
    "a Secret that may be read",
    { name: file.volume, secret: { secretName: "secret-polling" } },
    "Secret/secret-polling",
  ],
])("%s is known from the record", (_what, volume, expected) => {
  const central = aDeployment({ name: "central", component: "polling" });
  const wanted = filesWanted(anUpgrade({ strategy: "Partial" }), [central], SETTINGS, [recordWith(central, volume)]);
  expect(wanted.map(({ kind, name }) => `${kind}/${name}`)).toContain(expected);
});

test("a Secret that may not be read is not asked for", () => {
  const central = aDeployment({ name: "central", component: "polling" });
  const record = recordWith(central, { name: file.volume, secret: { secretName: "another" } });
  const wanted = filesWanted(anUpgrade({ strategy: "Partial" }), [central], SETTINGS, [record]);
  expect(wanted.map(({ name }) => name)).not.toContain("another");
});

test("a full upgrade reads what notification agents have where it gives definitions, whichever the release", () => {
  const components = {
    database: { action: "Skip" as const },
    notification: { targets: [{ kind: "Deployment" as const, name: "notification" }] },
  };
  const image = "registry.example/ceilometer:2025.1";
  const workloads = [aDeployment({ name: "notification", component: "notification", image })];
  const target = { release: "2025.2", image: "registry.example/ceilometer:2025.2" };
  const definitions = [{ kind: "ConfigMap" as const, name: "meters", key: "meters.yaml" }];
  expect(compared(anUpgrade({ components, target }), workloads)).toEqual([]);
  expect(compared(anUpgrade({ components, target: { ...target, config: { definitions } } }), workloads)).toEqual([
    "notification",
  ]);
});

test("no more are watched than a resource needs, its own and those of a way back before others", () => {
  const targets = Array.from({ length: 16 }, (_, index) => ({ kind: "Deployment" as const, name: `n${index}` }));
  const workloads = targets.map(({ name }) => {
    const volumes = Array.from({ length: 100 }, (_, index) => ({
      name: `v${index}`,
      configMap: { name: `${name}-${index}` },
    }));
    const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }));
    return aDeployment({ name, containers: [aContainer({ volumeMounts })], volumes });
  });
  const central = aDeployment({ name: "central", component: "polling" });
  const record = recordWith(central, { name: file.volume, configMap: { name: "kept" } });
  const config = { definitions: [{ kind: "ConfigMap" as const, name: "mine", key: "meters.yaml" }] };
  const target = { release: "ocata", image: "registry.example/ceilometer:ocata", config };
  const upgrade = anUpgrade({ target, components: { database: { action: "Skip" }, notification: { targets } } });
  const wanted = filesWanted(upgrade, [...workloads, central], SETTINGS, [record]).map(({ name }) => name);
  expect(wanted).toHaveLength(768);
  expect(wanted.slice(0, 2)).toEqual(["mine", "kept"]);
});

test("what attempts of long ago have replaced takes nothing from what agents mount now", () => {
  const volumes = [{ name: "own", configMap: { name: "theirs" } }];
  const containers = [aContainer({ volumeMounts: [{ name: "own", mountPath: "/etc/ceilometer/pipeline.yaml" }] })];
  const notification = aDeployment({ name: "notification", containers, volumes });
  const records = Array.from({ length: 600 }, (_, index) => {
    const was = { kind: "ConfigMap" as const, object: `was-${index}`, key: "pipeline.yaml" };
    const pipeline = { path: "/etc/ceilometer/pipeline.yaml", volume: "ceilometer-upgrade-pipeline", before: {} };
    return aRecord({
      plan: `plan-${index}`,
      from: "ocata",
      startedAt: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
      ended: { state: "Completed", at: "2026-01-02T00:00:00Z", retry: 0 },
      targets: [aRecordedTarget(notification, { before: [{ ...pipeline, file: was }] })],
      metadata: { name: `attempt-${index}`, uid: `uid-of-attempt-${index}`, resourceVersion: `${index + 1}` },
    });
  });
  const wanted = filesWanted(anUpgrade({ strategy: "Partial" }), [notification], SETTINGS, records);
  expect(wanted.map(({ name }) => name)).toEqual(expect.arrayContaining(["theirs", "was-599"]));
});
