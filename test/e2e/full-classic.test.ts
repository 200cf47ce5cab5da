/** The Ceilometer of the years up to Pike, with all five components, from Newton to Ocata and from Pike to Queens. */
import { expect, test } from "vitest";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import { classic, EMPTIED, type Topology, workloadsOf } from "./fixtures/topology.ts";
import { inScene } from "./scene.ts";
import { firstNewPods } from "./seen.ts";

const REPOSITORY = "quay.io/example/ceilometer";

test.concurrent("goes through all five components in the documented order", () =>
  inScene({ topology: classic() }, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    const order = ["database", "collector", "notification", "polling", "api"];
    expect(done.status.steps.map(({ name, state }) => `${name} ${state}`)).toEqual(
      order.map((name) => `${name} Succeeded`),
    );
    expect(firstNewPods(scene, `${REPOSITORY}:ocata`)).toEqual([
      "collector",
      "notification",
      "central",
      "compute",
      "api",
    ]);
    const mounts = "jsonpath={.spec.template.spec.volumes[?(@.name=='ceilometer-upgrade-polling')].configMap.name}";
    const copy = await scene.kubectl("get", "ds", "ceilometer-compute", "-o", mounts);
    expect(copy).toMatch(/^ceilometer-polling-[0-9a-f]{8}$/);
    expect(await scene.kubectl("get", "configmap", copy, "-o", "jsonpath={.immutable}")).toBe("true");
  }));

test.concurrent("the API may go first", () => {
  const topology = classic().wish(({ components }) => Object.assign(components.api ?? {}, { position: "First" }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    expect(firstNewPods(scene, `${REPOSITORY}:ocata`)).toEqual([
      "api",
      "collector",
      "notification",
      "central",
      "compute",
    ]);
  });
});

test.concurrent("several workloads of one component go down together, and come back as many as are asked for", () => {
  const topology = classic()
    .twin("ceilometer-collector", "ceilometer-collector-2")
    .twin("ceilometer-notification", "ceilometer-notification-2")
    .twin("ceilometer-compute", "ceilometer-compute-2")
    .wish(({ components }) => Object.assign(components.collector ?? {}, { replicas: 4 }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    const replicas = "jsonpath={.items[*].spec.replicas}";
    expect(await scene.kubectl("get", "deploy", "-l", "component=collector", "-o", replicas)).toBe("4 4");
    expect(await scene.kubectl("get", "deploy", "-l", "component=notification", "-o", replicas)).toBe("2 2");
  });
});

test.concurrent("a workload with the strategy Recreate is left to its own controller", () => {
  const topology = classic()
    .workload("ceilometer-collector", ({ spec }) => Object.assign(spec, { strategy: { type: "Recreate" } }))
    .workload("ceilometer-api", ({ spec }) => Object.assign(spec, { strategy: { type: "Recreate" } }));
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    // Taken down by nobody else: claimed, changed and let go.
    const writes = scene.effects().filter(({ path }) => path.includes("/deployments/ceilometer-collector?"));
    expect(writes).toHaveLength(3);
  });
});

/** From Pike to Queens, which has neither collector nor API. */
function pikeToQueens(): Topology {
  const pike = workloadsOf(classic()).reduce(
    (topology, { metadata }) =>
      topology.workload(metadata.name, ({ spec }) => {
        for (const container of spec.template.spec.containers) container.image = `${REPOSITORY}:pike`;
      }),
    classic(),
  );
  return pike.wish((spec: SpecInput) => {
    spec.from = { release: "pike" };
    spec.target = { release: "queens", image: `${REPOSITORY}:queens` };
    Object.assign(spec.components.collector ?? {}, { retire: true });
    Object.assign(spec.components.api ?? {}, { retire: true });
    spec.acceptedRisks = [EMPTIED];
  });
}

test.concurrent("components that the target does not have retire, and are kept at zero", () =>
  inScene({ topology: pikeToQueens() }, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    const steps = done.status.steps.map(({ name, state }) => `${name} ${state}`);
    const order = ["database", "notification", "collector", "polling", "api"];
    expect(steps).toEqual(order.map((name) => `${name} Succeeded`));
    const replicas = "jsonpath={.items[*].spec.replicas}";
    expect(await scene.kubectl("get", "deploy", "-l", "component in (collector, api)", "-o", replicas)).toBe("0 0");
  }));
