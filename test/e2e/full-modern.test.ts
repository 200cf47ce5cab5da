/** A Ceilometer of today, from 2025.1 to 2025.2: notification agents, and polling agents of three namespaces. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { settledState } from "./end-state.ts";
import { modern, type Topology } from "./fixtures/topology.ts";
import { conditionOf, eventually, isSo } from "./resource.ts";
import { inScene } from "./scene.ts";

const NEW = "quay.io/example/ceilometer:2025.2";
const NEXT = "quay.io/example/ceilometer:2025.2-r2";
/** Milliseconds of silence that are watched for: a minute without a write of the operator, and without a change of anything. */
const SILENCE = 60_000;

/** Old pods that take their time, so that there is a while in which the upgrade is under way. */
const leisurely = (topology: Topology): Topology =>
  topology.workload("ceilometer-notification", ({ spec }) => {
    spec.template.metadata.annotations = { ...spec.template.metadata.annotations, "sim/stop-takes": "4s" };
  });

test.concurrent("ends with every workload at the target, and says so to kubectl wait", () =>
  inScene({ topology: modern() }, async (scene) => {
    await scene.apply();
    await scene.kubectl("wait", "cmu/ceilometer", "--for=condition=Succeeded", "--timeout=90s");
    const done = await scene.succeed();
    const images = await scene.kubectl(
      "get",
      "deploy,ds",
      "-o",
      "jsonpath={.items[*].spec.template.spec.containers[*].image}",
    );
    expect(new Set(images.split(" "))).toEqual(new Set([NEW]));
    const steps = done.status.steps.map(({ name, state }) => `${name} ${state}`);
    expect(steps).toEqual(["database Succeeded", "notification Succeeded", "polling Succeeded"]);
    for (const type of ["Ready", "DatabaseUpgraded", "NotificationUpgraded", "PollingUpgraded"])
      expect(isSo(done, { type, status: "True" }), type).toBe(true);
    expect(conditionOf(done, "CollectorUpgraded")?.reason).toBe("NotApplicable");
    expect(done.status.history).toEqual([{ state: "Completed", to: "2025.2" }]);
    expect(await scene.kubectl("get", "cmu", "ceilometer", "--no-headers")).toMatch(
      /Full\s+2025\.2\s+2025\.2\s+Done\s+True/,
    );
  }));

test.concurrent("writes nothing more once it has ended", () =>
  inScene({ topology: modern() }, async (scene) => {
    await scene.apply();
    await settledState(scene);
    expect(await scene.verdict()).toEqual([]);
    const writes = scene.proxy.writes.length;
    const facts = scene.auditor.facts.length;
    const { resourceVersion } = (await scene.resource())?.metadata ?? {};
    await pause(SILENCE);
    expect(scene.proxy.writes.slice(writes)).toEqual([]);
    expect(scene.auditor.facts.slice(facts)).toEqual([]);
    expect((await scene.resource())?.metadata.resourceVersion).toBe(resourceVersion);
  }));

test.concurrent("writes nothing at all where every workload is at the target already", () =>
  inScene(
    {
      topology: modern().wish((spec) =>
        Object.assign(spec.target, { release: "2025.1", image: NEW.replace("2025.2", "2025.1") }),
      ),
    },
    async (scene) => {
      await scene.apply();
      const done = await scene.until({ type: "Succeeded", status: "True", reason: "NoChange" });
      expect(done.status.steps.map(({ state }) => state)).toEqual(["Skipped", "Skipped", "Skipped"]);
      expect(done.metadata.finalizers).toEqual([]);
      expect(scene.effects()).toEqual([]);
    },
  ));

test.concurrent("a second resource waits for the claims of the first one, then goes on", () => {
  const topology = leisurely(modern());
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await eventually(
      async () => scene.effects().length >= 7,
      () => "nothing is claimed",
      30_000,
    );
    const second = topology.wish((spec) => Object.assign(spec.target, { image: NEXT }));
    await scene.apply(second, "second");
    await scene.until({ type: "Reconciling", status: "True" }, { name: "second" });
    const waits = async (): Promise<boolean> =>
      conditionOf(await scene.resource("second"), "Ready")?.reason === "TargetClaimed";
    await eventually(waits, () => "the second one does not say TargetClaimed", 30_000);
    await scene.until({ type: "Succeeded", status: "True" }, { name: "second" });
    await scene.until({ type: "Succeeded", status: "True" });
    const images = await scene.kubectl(
      "get",
      "deploy,ds",
      "-o",
      "jsonpath={.items[*].spec.template.spec.containers[*].image}",
    );
    expect(new Set(images.split(" "))).toEqual(new Set([NEXT]));
    // To the auditor of the first upgrade the second one's image is strange; whoever takes a template there is no thief.
    const breaches = await scene.verdict();
    expect(breaches.filter(({ invariant }) => invariant !== "I10")).toEqual([]);
  });
});

test.concurrent("two resources that are created at once work one after the other, whatever order they name things in", () => {
  const topology = modern();
  const second = topology.wish((spec) => {
    Object.assign(spec.target, { image: NEXT });
    spec.components.polling?.targets.reverse();
  });
  return inScene({ topology }, async (scene) => {
    await Promise.all([scene.apply(), scene.apply(second, "second")]);
    for (const name of ["ceilometer", "second"]) {
      const { status } = await scene.until({ type: "Succeeded", status: "True" }, { name });
      expect(status.history.map(({ state }) => state)).toEqual(["Completed"]);
    }
    const images = await scene.kubectl(
      "get",
      "deploy,ds",
      "-o",
      "jsonpath={.items[*].spec.template.spec.containers[*].image}",
    );
    expect([[NEW], [NEXT]]).toContainEqual([...new Set(images.split(" "))]);
    // Were they at work at once, pods of both would be beside each other.
    expect((await scene.verdict({ ended: false })).filter(({ invariant }) => invariant !== "I10")).toEqual([]);
  });
});
