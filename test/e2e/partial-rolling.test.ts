/**
 * Partial upgrades of a Ceilometer of the years up to Pike where old and new may run side by side: everything rolls in the
 * advised order, database first, and no component has fewer agents than its own strategy allows (I5).
 */
import { expect, test } from "vitest";
import { allowing, edited, mutable, NOTIFICATION, treated, withoutPartitioning } from "./fixtures/notification.ts";
import { changedPipeline, partialClassic } from "./fixtures/topology.ts";
import { conditionOf } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";
import { firstNewPods, generations, timesDown } from "./seen.ts";

const OCATA = "quay.io/example/ceilometer:ocata";
const ADVISED = ["collector", "notification", "central", "compute", "api"];

/** Images of the workloads' agents, by component. */
async function images(scene: Scene): Promise<ReadonlyMap<string, string>> {
  const path = "{.metadata.labels.component}={.spec.template.spec.containers[0].image}";
  const text = await scene.kubectl("get", "deploy,ds,sts", "-o", `jsonpath={range .items[*]}${path} {end}`);
  const pairs = text.trim().split(" ");
  return new Map(pairs.map((pair) => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""]));
}

const mountedBy = (scene: Scene, volume: string): Promise<string> =>
  scene.kubectl(
    "get",
    "deploy",
    "ceilometer-notification",
    "-o",
    `jsonpath={.spec.template.spec.volumes[?(@.name=='${volume}')].configMap.name}`,
  );

test.concurrent("rolls in the advised order, database first; the same pipelines may run side by side", () =>
  inScene({ topology: partialClassic() }, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    const steps = ["database", "collector", "notification", "polling", "api"];
    expect(done.status.steps.map(({ name, state }) => `${name} ${state}`)).toEqual(
      steps.map((name) => `${name} Succeeded`),
    );
    expect(done.status.pipelineParity).toEqual({ state: "Same", differences: [] });
    expect(firstNewPods(scene, OCATA)).toEqual(ADVISED);
    expect(generations(scene, "notification")).toEqual(["newton ceilometer-newton", "ocata ceilometer-newton"]);
    // Only the API, of which there is never more than one version.
    expect(["collector", "notification", "central"].map((each) => timesDown(scene, `ceilometer-${each}`))).toEqual([
      0, 0, 0,
    ]);
    expect(timesDown(scene, "ceilometer-api")).toBe(1);
  }));

test.concurrent("rolls StatefulSets, too", () => {
  const topology = ["collector", "notification", "central"].reduce(
    (changed, each) => changed.stateful(`ceilometer-${each}`),
    partialClassic(),
  );
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    await scene.succeed();
    expect(firstNewPods(scene, OCATA)).toEqual(ADVISED);
  });
});

test.concurrent("upgrades some components now and the rest later, and says meanwhile what is old", () =>
  inScene(
    { topology: partialClassic().wish((spec) => Object.assign(spec, { only: ["database", "collector"] })) },
    async (scene) => {
      await scene.apply();
      const half = await scene.until({ type: "Succeeded", status: "True" });
      const agents = await images(scene);
      expect(agents.get("collector")).toBe(OCATA);
      expect(agents.get("notification")).toBe(OCATA.replace("ocata", "newton"));
      expect(half.status.history[0]).toMatchObject({ state: "Partial", to: "ocata" });
      expect(conditionOf(half, "Succeeded")).toMatchObject({ reason: "CompletedInPart" });
      expect(conditionOf(half, "NotificationUpgraded")).toMatchObject({ status: "False", reason: "LeftForLater" });
      expect(conditionOf(half, "NotificationUpgraded")?.message).toContain("runs newton");
      expect(conditionOf(half, "CollectorUpgraded")).toMatchObject({ status: "True" });
      expect(await scene.verdict()).toEqual([]);

      await scene.edit({ only: null });
      const done = await scene.succeed();
      expect(new Set((await images(scene)).values())).toEqual(new Set([OCATA]));
      expect(done.status.history.map(({ state }) => state)).toEqual(["Completed", "Partial"]);
      // What was migrated for this release and image is not migrated again.
      expect((await scene.kubectl("get", "jobs", "-o", "name")).trim().split("\n")).toHaveLength(1);
    },
  ));

test.concurrent("rolls agents that do not share their work onto another pipeline, and warns of the mix", () => {
  const topology = withoutPartitioning(changedPipeline(), "ceilometer-newton");
  return inScene({ topology: topology.wish((spec) => Object.assign(spec, { mode: "Plan" })) }, async (scene) => {
    await scene.apply();
    const planned = await scene.until({ type: "Ready", status: "False", reason: "Planned" });
    expect(planned.status.preflight.map(({ check, object }) => `${check} ${object}`)).toContain(
      `PipelinesMixed ${NOTIFICATION}`,
    );
    expect(scene.effects()).toEqual([]);
    await scene.edit({ mode: "Apply" });
    const done = await scene.succeed();
    expect(timesDown(scene, "ceilometer-notification")).toBe(0);
    // What was mixed for a while is still told at the end.
    expect(done.status.pipelineParity?.state).toBe("NotPartitioned");
    expect(done.status.pipelineParity?.differences.join()).toContain("billing_source");
  });
});

test.concurrent("takes what agents have loaded of a mutable ConfigMap for unknown: copies it, and reloads them with that", () => {
  const topology = treated(mutable(partialClassic(), "ceilometer-newton"));
  return inScene(allowing(topology, 1, "P3: nobody knows what the old agents have loaded"), async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    expect(done.status.pipelineParity?.state).toBe("Unknown");
    expect(timesDown(scene, "ceilometer-notification")).toBe(1);
    const copy = await mountedBy(scene, "ceilometer-upgrade-pipeline");
    expect(copy).toMatch(/^ceilometer-pipeline-[0-9a-f]{8}$/);
    expect(await scene.kubectl("get", "configmap", copy, "-o", "jsonpath={.immutable}")).toBe("true");
  });
});

test.concurrent("a comment and another order are no other pipeline", () => {
  const same = (text: string): string =>
    `# the same\n${text.replace("[cpu, memory.usage, image.size]", "[image.size, memory.usage, cpu]")}`;
  const whole = partialClassic();
  const given = { kind: "ConfigMap", name: "ceilometer-ocata", key: "pipeline.yaml" } as const;
  const copy = { ...whole.objects.find(({ kind }) => kind === "ConfigMap"), metadata: { name: "ceilometer-ocata" } };
  const topology = edited(whole.with(copy), "ceilometer-ocata", "pipeline.yaml", same).wish(({ target }) => {
    target.config = { pipeline: given };
  });
  return inScene({ topology }, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    expect(done.status.pipelineParity?.state).toBe("Same");
    expect(timesDown(scene, "ceilometer-notification")).toBe(0);
  });
});
