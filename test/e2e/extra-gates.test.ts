/** What an upgrade waits for because its resource says so: approvals, and extra gates before and after every component. */
import { expect, test } from "vitest";
import { startBroker } from "./broker.ts";
import { lentCronJob } from "./cron-job.ts";
import { modern, type Topology } from "./fixtures/topology.ts";
import { imagesOf } from "./isolation.ts";
import { conditionOf, eventually, tell } from "./resource.ts";
import { inScene } from "./scene.ts";
import { annotate, annotationsGone, CASES, endsWell, GROUP, opened, wait } from "./verb-cases.ts";

const LONG = { timeout: 300_000 };

const componentsOf = ({ spec }: Topology): readonly string[] =>
  ["database", "collector", "notification", "polling", "api"].filter((component) => {
    if (component !== "database") return component in spec.components;
    return spec.components.database.action !== "Skip";
  });

test.concurrent.each(CASES)("every component is approved, in turn by field and by annotation: $name", LONG, (one) => {
  const parts = componentsOf(one.topology);
  const topology = one.topology.wish((spec) => Object.assign(spec, { approvals: parts.map((before) => ({ before })) }));
  return inScene({ ...opened(one), topology }, async (scene) => {
    await scene.apply();
    const approved: { readonly before: string; readonly planHash: string }[] = [];
    for (const [index, before] of parts.entries()) {
      await eventually(
        async () => {
          const resource = await scene.resource();
          const step = resource?.status.steps.find(({ name }) => name === before);
          return step?.blockedBy?.reason === "AwaitingApproval";
        },
        async () => `${before} does not wait\n${tell(await scene.resource())}`,
        120_000,
      );
      await wait(scene, "AwaitingApproval");
      const planHash = (await scene.resource())?.status.plan?.hash ?? "";
      if (index % 2 === 0) await annotate(scene, "approve", `${before}@${planHash}`);
      else {
        approved.push({ before, planHash });
        await scene.edit({ approved });
      }
    }
    await endsWell(scene);
    await annotationsGone(scene);
  });
});

const smoke = lentCronJob("smoke", { image: "registry.example/smoke:1", command: ["true"] });

test.concurrent.each(CASES)(
  "gates before and after every component; one that cannot pass is skipped: $name",
  LONG,
  (one) => {
    const parts = componentsOf(one.topology);
    const job = { kind: "CronJob", name: "smoke" } as const;
    const gates = [
      ...parts.flatMap((component) => [
        { name: `before-${component}`, before: component, job },
        { name: `after-${component}`, after: component, job },
      ]),
      { name: "blind", before: "polling", podLog: { text: "nobody ever writes this" } },
    ];
    const topology = one.topology.wish((spec) => Object.assign(spec, { gates }));
    return inScene({ ...opened(one), topology }, async (scene) => {
      await scene.cluster.api.request("POST", `/apis/batch/v1/namespaces/${scene.namespace}/cronjobs`, smoke);
      await scene.apply();
      const waits = async (): Promise<boolean> =>
        (await scene.resource())?.status.steps.some(({ blockedBy }) => blockedBy?.reason === "WaitingForGate") ===
          true && conditionOf(await scene.resource(), "Ready")?.message.includes("gate blind") === true;
      await eventually(waits, async () => `it does not wait for the gate\n${tell(await scene.resource())}`, 120_000);
      const planHash = (await scene.resource())?.status.plan?.hash ?? "";
      const skipped = [{ name: "blind", planHash, reason: "it looks for what nobody writes" }];
      await annotate(scene, "skip-gate", JSON.stringify(skipped));
      await endsWell(scene);
      const jobs = await scene.kubectl("get", "jobs", "-l", `${GROUP}/purpose=gate`, "-o", "name");
      expect(jobs.trim().split("\n")).toHaveLength(2 * parts.length);
      expect(
        await scene.kubectl("get", "cmu", "ceilometer", "-o", "jsonpath={.status.history[0].skippedGates}"),
      ).toContain("it looks for what nobody writes");
    });
  },
);

test.concurrent("gates ask a provider until it passes; after their time they are failed, and pass later all the same", async () => {
  await using broker = await startBroker(3);
  const asks = { provider: "rabbitmq", path: "/api/queues", pointer: "/items/0/messages", max: "0" };
  const topology = modern().wish((spec) =>
    Object.assign(spec, {
      gates: [
        { name: "empty", before: "notification", http: asks, timeoutSeconds: 2 },
        { name: "still-empty", after: "polling", http: asks },
      ],
    }),
  );
  await inScene({ topology, flags: ["--providers", broker.providers] }, async (scene) => {
    const before = await imagesOf(scene);
    await scene.apply();
    const { object, remedy } = await scene.stalled("GateFailed");
    expect(object).toBe("Provider/rabbitmq");
    expect(remedy).toContain("spec.skipGates");
    expect(await imagesOf(scene)).toEqual(before);
    broker.messages = 0;
    await endsWell(scene);
    expect(broker.asked.length).toBeGreaterThan(2);
  });
});
