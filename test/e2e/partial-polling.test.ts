/**
 * Partial upgrades of the polling agents, each to its end: without new pollsters, with new ones in a group of their own, and
 * wherever agents do not meet. The auditor works out from pods and files alone what was polled by whom.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import {
  auditScope,
  ipmiPollsters,
  newPollsters,
  noNewPollsters,
  perHostPollsters,
  type Topology,
} from "./fixtures/topology.ts";
import { completed, groupsSeen, onceIsolated, only, pollingOnly, widened } from "./isolation.ts";
import { inScene, type Scene, type SceneOptions } from "./scene.ts";

const CENTRAL = "Deployment/ceilometer-central";

interface Told {
  readonly windows?: ReturnType<typeof widened>;
  readonly secrets?: readonly string[];
  readonly restarts?: number;
  /** What happens when the first group of its own has been written. */
  readonly disturb?: (scene: Scene) => Promise<unknown>;
}

/** Upgrades, and answers the groups of their own that agents were in. */
function upgraded(topology: Topology, told: Told = {}): Promise<readonly string[]> {
  const { windows = [], secrets = [], restarts = 0, disturb } = told;
  const options: SceneOptions = { topology, secrets, audit: { ...auditScope(topology, { windows }), restarts } };
  return inScene(options, async (scene) => {
    const isDisturbed = disturb === undefined ? undefined : onceIsolated(scene, () => disturb(scene));
    await scene.apply();
    await completed(scene);
    if (isDisturbed !== undefined) expect(isDisturbed(), "it was not disturbed").toBe(true);
    return groupsSeen(scene);
  });
}

const configSchema = z.looseObject({ data: z.record(z.string(), z.string()) });
type Files = Record<string, string>;

const filesOf = ({ objects }: Topology): Files =>
  configSchema.parse(objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "ceilometer-etc"))
    .data;
const configMap = (name: string, data: Files) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });

function files(topology: Topology, change: (files: Files) => Files): Topology {
  return topology
    .without("ConfigMap/ceilometer-etc")
    .with(configMap("ceilometer-etc", change(structuredClone(filesOf(topology)))));
}
const polling = (topology: Topology, sources: readonly unknown[]): Topology =>
  files(topology, (all) => ({ ...all, "polling.yaml": JSON.stringify({ sources }) }));
const uncoordinated = (topology: Topology): Topology =>
  files(topology, (all) => ({
    ...all,
    "ceilometer.conf": (all["ceilometer.conf"] ?? "").replace(/backend_url = .*/, ""),
  }))
    // Each of several such agents would poll everything.
    .workload("ceilometer-central", ({ spec }) => Object.assign(spec, { replicas: 1 }));

const central = (): Topology => only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central");

test.concurrent("no new pollsters: new agents beside old ones", async () => {
  expect(await upgraded(noNewPollsters())).toEqual([]);
});

test.concurrent("new central pollsters start in a group of their own", async () => {
  expect(await upgraded(newPollsters(), { windows: widened(CENTRAL) })).toEqual([
    expect.stringMatching(/^ReplicaSet upgrade-[0-9a-f]{8}$/),
  ]);
});

test.concurrent("new compute pollsters: an old and a new agent are never on one host", async () => {
  expect(await upgraded(perHostPollsters())).toEqual([]);
});

test.concurrent("a new ipmi pollster before 2025.1: a group of the whole cloud, so one agent of its own on each host", async () => {
  expect(await upgraded(ipmiPollsters(), { windows: widened("DaemonSet/ceilometer-ipmi") })).toEqual([
    expect.stringMatching(/^DaemonSet upgrade-[0-9a-f]{8}$/),
  ]);
});

test.concurrent("without a coordination backend: replaced without overlap, and no group of their own", async () => {
  expect(await upgraded(uncoordinated(pollingOnly(newPollsters())))).toEqual([]);
});

test.concurrent("without a coordination backend, when a group of their own is asked for", async () => {
  const topology = uncoordinated(pollingOnly(newPollsters())).wish(({ components }) =>
    Object.assign(components.polling ?? {}, { isolatedGroup: { when: "Always", prefix: "fresh" } }),
  );
  const groups = await upgraded(topology, { windows: widened("DaemonSet/ceilometer-compute") });
  expect(groups.toSorted()).toEqual(["DaemonSet fresh", "ReplicaSet fresh"]);
});

test.concurrent("everything but what is excluded", async () => {
  const topology = polling(central(), [{ name: "most", interval: 300, meters: ["!network.*"] }]);
  expect(await upgraded(topology, { windows: widened(CENTRAL) })).toHaveLength(1);
});

test.concurrent("several sources, each with its own interval", async () => {
  const topology = polling(central(), [
    { name: "pools", interval: 60, meters: ["volume.provider.*", "alarm.*"] },
    { name: "volumes", interval: 300, meters: ["volume.*"] },
    { name: "images", interval: 3600, meters: ["image.size"] },
  ]);
  expect(await upgraded(topology, { windows: widened(CENTRAL) })).toHaveLength(1);
});

/** Old agents poll images alone; what the target is to poll comes with the upgrade. */
const NEXT = JSON.stringify({ sources: [{ name: "next", interval: 300, meters: ["image.size", "volume.*"] }] });
const imagesAlone = (): Topology => polling(central(), [{ name: "images", interval: 300, meters: ["image.size"] }]);

test.concurrent("a new polling file in a ConfigMap", async () => {
  const topology = imagesAlone()
    .with(configMap("polling-next", { "polling.yaml": NEXT }))
    .wish(({ target }) =>
      Object.assign(target, { config: { polling: { kind: "ConfigMap", name: "polling-next", key: "polling.yaml" } } }),
    );
  expect(await upgraded(topology, { windows: widened(CENTRAL) })).toHaveLength(1);
});

test.concurrent("a new polling file in a Secret that may not change", async () => {
  const topology = imagesAlone()
    .with({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "polling-next" },
      immutable: true,
      stringData: { "polling.yaml": NEXT },
    })
    .wish(({ target }) =>
      Object.assign(target, { config: { polling: { kind: "Secret", name: "polling-next", key: "polling.yaml" } } }),
    );
  expect(await upgraded(topology, { windows: widened(CENTRAL), secrets: ["polling-next"] })).toHaveLength(1);
});

test.concurrent("all of the agents' configuration in a Secret", async () => {
  const text = JSON.stringify(central().objects).replaceAll('"configMap":{"name"', '"secret":{"secretName"');
  const parsed = z
    .array(z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) }))
    .parse(JSON.parse(text));
  const isFiles = ({ kind, metadata }: (typeof parsed)[number]) =>
    kind === "ConfigMap" && metadata.name === "ceilometer-etc";
  const base = central();
  const emptied = parsed.reduce((whole, { kind, metadata }) => whole.without(`${kind}/${metadata.name}`), base);
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "ceilometer-etc" }, stringData: filesOf(base) };
  const topology = emptied.with(...parsed.filter((object) => !isFiles(object)), secret);
  expect(await upgraded(topology, { windows: widened(CENTRAL), secrets: ["ceilometer-etc"] })).toHaveLength(1);
});

test.concurrent("StatefulSets: the group of their own is a Deployment", async () => {
  const topology = only(pollingOnly(newPollsters()), "Deployment", "ceilometer-central").stateful("ceilometer-central");
  expect(await upgraded(topology, { windows: widened("StatefulSet/ceilometer-central") })).toEqual([
    expect.stringMatching(/^ReplicaSet /),
  ]);
});

test.concurrent("a DaemonSet that starts the new agent of a host before the old one is gone", async () => {
  const topology = only(pollingOnly(perHostPollsters()), "DaemonSet", "ceilometer-compute").workload(
    "ceilometer-compute",
    ({ spec }) => {
      spec.updateStrategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    },
  );
  expect(await upgraded(topology, { windows: widened("DaemonSet/ceilometer-compute") })).toEqual([
    expect.stringMatching(/^DaemonSet /),
  ]);
});

test.concurrent("a cloud that has nothing for the new pollsters yet: accepted by name", () => {
  const topology = central()
    .workload("ceilometer-central", ({ spec }) => {
      spec.template.metadata.annotations = { "sim/finds": "image.size" };
    })
    .wish(({ components }) => {
      if (components.polling !== undefined) components.polling.verification = { podLog: {}, timeoutSeconds: 3 };
    });
  return inScene({ topology, audit: auditScope(topology, { windows: widened(CENTRAL) }) }, async (scene) => {
    await scene.apply();
    const { object, remedy } = await scene.stalled("VerificationInconclusive");
    expect(object).toMatch(/^Deployment\/ceilometer-central-new-[0-9a-f]{8}$/);
    expect(remedy).toContain("spec.acceptedRisks");
    const risk = { reason: "there are neither pools nor alarms yet", expiresAt: "2099-01-01T00:00:00Z" };
    await scene.edit({ acceptedRisks: [{ check: "VerificationInconclusive", object, ...risk }] });
    await completed(scene);
  });
});

/** The same pollsters, at another interval: what people edit most. */
const edited = (scene: Scene): Promise<string> => {
  const faster = JSON.stringify({ sources: [{ name: "all_pollsters", interval: 120, meters: ["*"] }] });
  return scene.kubectl("patch", "cm/ceilometer-etc", "--patch", JSON.stringify({ data: { "polling.yaml": faster } }));
};

test.concurrent("a polling file that is edited in place before the upgrade", () => {
  const topology = central();
  return inScene({ topology, audit: auditScope(topology, { windows: widened(CENTRAL) }) }, async (scene) => {
    await edited(scene);
    await scene.audit();
    await scene.apply();
    await completed(scene);
  });
});

test.concurrent("a polling file that is edited in place while the new pollsters are in a group of their own", async () => {
  expect(await upgraded(central(), { windows: widened(CENTRAL), disturb: edited })).toHaveLength(1);
});

test.concurrent("a polling file given by the resource that is edited in place meanwhile: a new attempt", async () => {
  const next = (interval: number) =>
    JSON.stringify({ sources: [{ name: "next", interval, meters: ["image.size", "volume.*"] }] });
  const topology = imagesAlone()
    .with(configMap("polling-next", { "polling.yaml": next(300) }))
    .wish(({ target }) =>
      Object.assign(target, { config: { polling: { kind: "ConfigMap", name: "polling-next", key: "polling.yaml" } } }),
    );
  const patch = JSON.stringify({ data: { "polling.yaml": next(120) } });
  const disturb = (scene: Scene) => scene.kubectl("patch", "cm/polling-next", "--patch", patch);
  expect(await upgraded(topology, { windows: widened(CENTRAL), restarts: 1, disturb })).toHaveLength(2);
});
