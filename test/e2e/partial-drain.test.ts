/**
 * Clause P3 across releases that name their internal queues differently, and wherever else something in them would be left unread: the
 * old agents work them off with their intake off, somebody says that they are empty, and only then the agents change (I6).
 */
import { expect, test } from "vitest";
import type { SpecInput } from "../../src/api/v1alpha1/schema.ts";
import { type Broker, startBroker } from "./broker.ts";
import { allowing, NOTIFICATION, only, treated } from "./fixtures/notification.ts";
import { auditScope, drained, drainedByGates, type Topology } from "./fixtures/topology.ts";
import { eventually } from "./resource.ts";
import { inScene, type Scene } from "./scene.ts";
import { generations, timesDown } from "./seen.ts";

const WHY = "P3: once with the intake off, once as the target";

const withDrain = (topology: Topology, change: (drain: NonNullable<Wish["drain"]>) => void): Topology =>
  topology.wish(({ components }) => change(components.notification?.drain ?? {}));
type Wish = NonNullable<SpecInput["components"]["notification"]>;

/** What the broker holds is only looked at once the intake is off; it keeps the agents as they are until it is empty. */
async function untilAsked(scene: Scene, broker: Broker): Promise<void> {
  const said = async (): Promise<string> => {
    const { steps = [] } = (await scene.resource())?.status ?? {};
    return steps.find(({ name }) => name === "notification")?.message ?? "";
  };
  await eventually(async () => (await said()).includes("internal queues are being emptied"), said, 60_000);
  const running = await scene.kubectl("get", "pods", "-l", "component=notification", "-o", "jsonpath={.items[*].spec}");
  expect(running).toContain("drain.conf");
  expect(broker.asked[0]).toContain("use_regex=true");
}

test.concurrent("Pike to Queens: drained, as the broker says; collector and API retire", async () => {
  await using broker = await startBroker(17);
  const options = {
    ...allowing(treated(drainedByGates(), { memberTimeoutSeconds: 1 }), 2, WHY),
    flags: ["--providers", broker.providers],
  };
  await inScene(options, async (scene) => {
    await scene.apply();
    await untilAsked(scene, broker);
    expect(generations(scene, "notification")).toEqual([
      "pike ceilometer-pike",
      "pike ceilometer-drain+ceilometer-pike (intake off)",
    ]);
    broker.messages = 0;
    const done = await scene.succeed();
    expect(done.status.steps.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ["database", "notification", "collector", "polling", "api"].map((name) => `${name} Succeeded`),
    );
    expect(generations(scene, "notification").at(-1)).toBe(
      "queens ceilometer-eventpipeline+ceilometer-pike+ceilometer-pipeline",
    );
    expect(done.status.pipelineParity?.state).toBe("MustDrain");
    expect(broker.asked.at(-1)).toContain("metering");
    const replicas = "jsonpath={.items[*].spec.replicas}";
    expect(await scene.kubectl("get", "deploy", "-l", "component in (collector, api)", "-o", replicas)).toBe("0 0");
  });
});

test.concurrent("Pike to Queens: drained, as a person says of this very plan", () => {
  const topology = withDrain(treated(drained()), (drain) => {
    delete drain.gate;
    drain.acknowledged = "0123456789abcdef";
  });
  return inScene(allowing(topology, 2, WHY), async (scene) => {
    await scene.apply();
    const { object, remedy, resource } = await scene.stalled("DrainNotConfirmed");
    expect(object).toBe("CeilometerUpgrade/ceilometer");
    const plan = resource.status.plan?.hash ?? "";
    expect(remedy).toContain(`acknowledged: "${plan}"`);
    expect(await scene.verdict({ ended: false })).toEqual([]);
    await scene.edit({ components: { notification: { drain: { acknowledged: plan } } } });
    await scene.succeed();
    expect(timesDown(scene, "ceilometer-notification")).toBe(2);
  });
});

/** Rocky's agents, which have no collector and no API any more, to Stein, which has no internal queues. */
function rockyToStein(): Topology {
  const rocky = drained()
    .tagged("rocky")
    .without("Deployment/ceilometer-collector")
    .without("Deployment/ceilometer-api");
  return treated(
    rocky.wish((spec) => {
      spec.from = { release: "rocky" };
      spec.target = { release: "stein", image: "quay.io/example/ceilometer:stein" };
      delete spec.components.collector;
      delete spec.components.api;
    }),
  );
}

test.concurrent("Rocky to Stein: drained, then no internal queues any more", async () => {
  await using broker = await startBroker(0);
  const options = { ...allowing(rockyToStein(), 2, WHY), flags: ["--providers", broker.providers] };
  await inScene(options, async (scene) => {
    await scene.apply();
    const done = await scene.succeed();
    expect(done.status.pipelineParity?.state).toBe("MustDrain");
    expect(generations(scene, "notification")).toEqual([
      "rocky ceilometer-pike",
      "rocky ceilometer-drain+ceilometer-pike (intake off)",
      "stein ceilometer-pike",
    ]);
  });
});

test.concurrent("Full: what waits in internal queues is worked off before all agents stop", async () => {
  await using broker = await startBroker(1);
  const topology = only(treated(drained().wish((spec) => Object.assign(spec, { strategy: "Full" }))));
  const options = { topology, audit: auditScope(topology), flags: ["--providers", broker.providers] };
  await inScene(options, async (scene) => {
    await scene.apply();
    await untilAsked(scene, broker);
    broker.messages = 0;
    const done = await scene.succeed();
    expect(generations(scene, "notification")).toHaveLength(3);
    const actions = done.status.plan?.steps
      ?.filter(({ object }) => object === NOTIFICATION)
      .map(({ action }) => action);
    expect(actions).toEqual(["TakingDown", "Starting", "TakingDown", "Starting"]);
  });
});
